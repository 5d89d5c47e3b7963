//! The calling half, on the `h2` crate.
//!
//! Invariant: a connection has one task and a call has none. A caller hands its request to h2 in its own task; the connection's
//! task moves bytes, and takes its turn late, so that what many callers hand over leaves in one write.

mod connection;
mod dirty;
mod exchange;
mod keep_alive;
mod outgoing;
mod places;
mod task;
#[cfg(test)]
mod tests;

use std::future::poll_fn;
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::task::Poll;

use bytes::Bytes;
use h2::client::{Builder, SendRequest};
use http::uri::Authority;

use self::connection::Link;
use self::dirty::DirtyList;
use self::keep_alive::{Heard, KeepAlive, Listening};
use self::places::Places;
use self::task::Driver;
use super::limit::kept_by_h2;
use super::{Grpc, GrpcConfig};
use crate::error::{Error, Result};
use crate::seam::Socket;
use crate::transport::Connection;

type H2Connection = h2::client::Connection<Box<dyn Socket>, Bytes>;

/// Connects to the node at `address` and waits for the first word of its HTTP/2; a peer that stays silent keeps it waiting, so
/// the caller limits the time.
pub(super) async fn dial(grpc: &Grpc, address: &str) -> Result<Arc<dyn Connection>> {
    let authority = Authority::try_from(address).map_err(|error| {
        Error::invalid_argument(format!("{address:?} is not host:port")).source(error)
    })?;
    let socket = grpc.seam.net.connect(address).await.map_err(|error| {
        Error::unavailable(format!("{address} cannot be reached"))
            .source(error)
            .unprocessed()
    })?;
    let heard = Heard::new(grpc.seam.clock.now());
    let (requests, mut connection) = handshake(listening(grpc, socket, &heard), &grpc.config)
        .await
        .map_err(|error| no_http2(address, error))?;
    let keep_alive = keep_alive(grpc, &mut connection, heard);
    let places = Arc::new(Places::new(grpc.config.max_concurrent_streams));
    let dirty = Arc::new(DirtyList::default());
    let link = Arc::new(Link {
        probe: Mutex::new(requests.clone()),
        requests,
        authority,
        address: address.to_owned(),
        places: Arc::clone(&places),
        dirty: Arc::clone(&dirty),
        clock: grpc.seam.clock,
        config: grpc.config.clone(),
    });
    link.refresh();
    let driver = Driver::new(connection, Arc::downgrade(&link), places, dirty, keep_alive);
    tokio::spawn(driver.run());
    Ok(link)
}

/// The socket itself, unless somebody wants to know when its peer was heard.
fn listening(grpc: &Grpc, socket: Box<dyn Socket>, heard: &Heard) -> Box<dyn Socket> {
    match grpc.config.keep_alive_interval {
        Some(_) => Box::new(Listening::new(socket, heard.clone(), grpc.seam.clock)),
        None => socket,
    }
}

fn keep_alive(grpc: &Grpc, connection: &mut H2Connection, heard: Heard) -> Option<KeepAlive> {
    let (interval, clock) = (grpc.config.keep_alive_interval?, grpc.seam.clock);
    let (pings, timeout) = (connection.ping_pong()?, grpc.config.keep_alive_timeout);
    Some(KeepAlive::new(pings, heard, clock, interval, timeout))
}

/// What h2 says about concurrent streams before the peer's SETTINGS are there.
const UNTOLD: usize = usize::MAX - 1;

/// Sends the preface and waits for the peer's SETTINGS, which tell how many calls it takes at a time.
async fn handshake(
    socket: Box<dyn Socket>,
    config: &GrpcConfig,
) -> std::result::Result<(SendRequest<Bytes>, H2Connection), h2::Error> {
    let (requests, mut connection) = builder(config).handshake(socket).await?;
    poll_fn(|cx| {
        let ended = Pin::new(&mut connection).poll(cx);
        if requests.current_max_send_streams() != UNTOLD {
            return Poll::Ready(Ok(()));
        }
        // A connection that ends without an error ended all the same.
        ended.map(|ended| ended.and(Err(h2::Reason::NO_ERROR.into())))
    })
    .await?;
    Ok((requests, connection))
}

fn builder(config: &GrpcConfig) -> Builder {
    let mut builder = Builder::new();
    builder
        .enable_push(false)
        .initial_window_size(config.stream_window)
        .initial_connection_window_size(config.connection_window.max(SMALLEST_WINDOW))
        .max_header_list_size(kept_by_h2(config.max_header_list_size, KEPT_TIMES))
        .initial_max_send_streams(UNTOLD)
        // A server that batches small replies would otherwise be taken for an attacker.
        .data_frame_budget(DATA_FRAME_BUDGET)
        // Giving up calls is no error of the peer: no number of them ends the connection.
        .max_local_error_reset_streams(None)
        .max_concurrent_reset_streams(REMEMBERED_RESETS);
    builder
}

/// The window of a connection at its beginning (RFC 9113, section 6.9.2); it cannot be made smaller.
const SMALLEST_WINDOW: u32 = 65_535;
/// How many times the limit a list of headers may be and still end its own call alone, with its length.
const KEPT_TIMES: u32 = 16;
/// How much the unread small DATA frames of one connection may cost, in h2's count.
const DATA_FRAME_BUDGET: usize = 64 << 20;
/// How many calls that were given up are remembered for a second, in which their late frames are no surprise.
const REMEMBERED_RESETS: usize = 1024;

fn no_http2(address: &str, error: h2::Error) -> Error {
    let text = if error.is_io() || error.reason() == Some(h2::Reason::NO_ERROR) {
        format!("{address} closed the connection before it spoke HTTP/2, which gRPC needs")
    } else {
        format!("{address} does not speak HTTP/2, which gRPC needs")
    };
    Error::unavailable(text).source(error).unprocessed()
}
