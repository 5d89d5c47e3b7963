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

use std::sync::Arc;

use super::Grpc;
use crate::call::Routes;
use crate::error::Result;
use crate::seam::bind;
use crate::transport::Listener;

/// Listens on `address` and serves what `routes` knows.
pub(super) async fn listen(
    grpc: &Grpc,
    address: &str,
    routes: Arc<dyn Routes>,
) -> Result<Box<dyn Listener>> {
    let (socket, bound) = bind(&grpc.seam.net, address).await?;
    Ok(Box::new(accept::serve(grpc.clone(), socket, bound, routes)))
}

#[cfg(test)]
mod tests;
