//! The serving half: hyper's HTTP/2 under a connection task that polls new calls itself.
//!
//! Invariant: a call that does not wait makes no task, no channel and no timer.

mod accept;
mod answering;
mod apart;
mod body;
mod connection;
mod expiring;
mod inbound;
mod inbox;
mod preface;
mod request;
mod respond;
mod said;
mod service;
mod stream_set;
mod streaming;

use std::net::SocketAddr;
use std::sync::Arc;

use super::Grpc;
use crate::call::Routes;
use crate::error::{Error, Result};
use crate::seam::{Accept, Net};
use crate::transport::Listener;

/// Listens on `address` and serves what `routes` knows.
pub(super) async fn listen(
    grpc: &Grpc,
    address: &str,
    routes: Arc<dyn Routes>,
) -> Result<Box<dyn Listener>> {
    let socket = bind(&grpc.seam.net, address).await?;
    let bound = socket
        .local_addr()
        .map_err(|error| refused(address, error))?;
    Ok(Box::new(accept::serve(grpc.clone(), socket, bound, routes)))
}

/// A socket on `address`; `:port` is every address of the machine, of IPv4 alone where there is no IPv6.
async fn bind(net: &Net, address: &str) -> Result<Box<dyn Accept>> {
    let Some(port) = address.strip_prefix(':') else {
        let resolved = net
            .resolve(address)
            .await
            .map_err(|error| refused(address, error))?;
        return bind_any(net, address, &resolved).await;
    };
    let every: Vec<SocketAddr> = ["[::]", "0.0.0.0"]
        .iter()
        .filter_map(|host| format!("{host}:{port}").parse().ok())
        .collect();
    if every.is_empty() {
        let message = format!("address {address:?} is not of the form host:port or :port");
        return Err(Error::invalid_argument(message));
    }
    match net.listen(every[0]).await {
        Ok(socket) => Ok(socket),
        Err(error) if is_taken(&error) => Err(refused(address, error)),
        // There is no IPv6 on this machine, or it is turned off.
        Err(_) => bind_any(net, address, &every[1..]).await,
    }
}

async fn bind_any(net: &Net, address: &str, each: &[SocketAddr]) -> Result<Box<dyn Accept>> {
    let mut last = std::io::Error::other("it stands for no address");
    for candidate in each {
        match net.listen(*candidate).await {
            Ok(socket) => return Ok(socket),
            Err(error) => last = error,
        }
    }
    Err(refused(address, last))
}

fn is_taken(error: &std::io::Error) -> bool {
    use std::io::ErrorKind::{AddrInUse, PermissionDenied};
    matches!(error.kind(), AddrInUse | PermissionDenied)
}

fn refused(address: &str, error: std::io::Error) -> Error {
    if error.kind() == std::io::ErrorKind::AddrInUse {
        return Error::already_exists(format!("address {address} is taken")).source(error);
    }
    Error::unavailable(format!("address {address} cannot be listened on")).source(error)
}

#[cfg(test)]
mod tests;
