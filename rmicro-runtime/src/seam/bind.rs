//! From an address in words to a socket that listens there.

use std::net::SocketAddr;

use super::net::{Accept, Net};
use crate::error::{Error, Result};

/// Listens on `address`, which is `host:port`, or `:port` for every address of the machine, of IPv4 alone where there is no IPv6;
/// gives the socket and where it is, with its real port.
///
/// An address that is taken is [`Code::AlreadyExists`](crate::Code::AlreadyExists).
pub(crate) async fn bind(net: &Net, address: &str) -> Result<(Box<dyn Accept>, SocketAddr)> {
    let socket = listen(net, address).await?;
    let bound = socket.local_addr();
    Ok((socket, bound.map_err(|error| refused(address, error))?))
}

async fn listen(net: &Net, address: &str) -> Result<Box<dyn Accept>> {
    let Some(port) = address.strip_prefix(':') else {
        let resolved = net
            .resolve(address)
            .await
            .map_err(|error| refused(address, error))?;
        return listen_any(net, address, &resolved).await;
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
        Err(_) => listen_any(net, address, &every[1..]).await,
    }
}

async fn listen_any(net: &Net, address: &str, each: &[SocketAddr]) -> Result<Box<dyn Accept>> {
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
