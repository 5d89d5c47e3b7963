//! How calls travel between two addresses.
//!
//! Invariant: a transport knows frames and metadata, never a message type or a handler; it finds what it serves in
//! [`Routes`] and hands what arrives to the waist.

#[cfg(feature = "grpc")]
mod grpc;
mod memory;

use std::any::Any;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;

use crate::call::{CallHead, FrameStream, Kind, Routes, SendBuffer};
use crate::error::{Error, Result};

#[cfg(all(fuzzing, feature = "grpc"))]
#[doc(hidden)]
pub use grpc::fuzzed;
#[cfg(feature = "grpc")]
pub use grpc::{Compression, Grpc, GrpcConfig};
pub use memory::Memory;

/// Carries calls from connections to listeners.
#[async_trait]
pub trait Transport: fmt::Debug + Send + Sync + 'static {
    /// The name in log lines and in a node's metadata, for example `grpc`.
    fn name(&self) -> &'static str;

    /// Listens on `address`, which is `host:port` or `:port`, and serves what `routes` knows.
    ///
    /// Calls are served as soon as this returns. An address that is taken or cannot be listened on is an error that names it.
    async fn listen(&self, address: &str, routes: Arc<dyn Routes>) -> Result<Box<dyn Listener>>;

    /// Connects to the node at `address`; whoever cannot be reached is
    /// [`Code::Unavailable`](crate::Code::Unavailable), marked as unprocessed.
    async fn dial(&self, address: &str) -> Result<Arc<dyn Connection>>;
}

/// The serving end of a transport; dropping it cuts every connection.
#[async_trait]
pub trait Listener: fmt::Debug + Send + Sync + 'static {
    /// The address that is listened on, with its real port.
    fn address(&self) -> &str;

    /// Stops accepting, tells every peer to go elsewhere and waits until no call is left, for `limit` at most; what is left then
    /// is cut, and how many connections that were is returned.
    async fn drain(&self, limit: Duration) -> usize;
}

/// The calling end of a transport, shared by every call to one node.
#[async_trait]
pub trait Connection: fmt::Debug + Send + Sync + 'static {
    /// Starts a call and returns at once; what comes back arrives in the [`FrameStream`].
    fn start(&self, call: ClientCall) -> std::result::Result<Box<dyn FrameStream>, Refused>;

    /// Waits in turn until there is room for a call after [`start`](Self::start) said [`Refused::Busy`]; cancel safe.
    ///
    /// The [`Turn`] keeps the room for the call that is given it.
    async fn ready(&self) -> Result<Turn>;

    /// Whether a call may be started; once `false`, it stays so.
    fn is_open(&self) -> bool;
}

/// A call that goes out.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct ClientCall {
    /// Who is asked for what.
    pub head: CallHead,
    /// The kind of the call.
    pub kind: Kind,
    /// What is sent.
    pub body: Body,
    /// Whether what is sent is to be compressed, where the transport can.
    pub compress: bool,
    /// What it has from [`Connection::ready`], if it had to wait.
    pub turn: Option<Turn>,
}

/// The turn of a call that waited for [`Connection::ready`]; dropping it lets the next one in.
#[derive(Clone)]
pub struct Turn(Arc<Mutex<Option<Box<dyn Any + Send>>>>);

impl Turn {
    /// The turn that keeps `place`, whatever that is for the transport.
    pub fn new(place: impl Any + Send) -> Self {
        Self(Arc::new(Mutex::new(Some(Box::new(place)))))
    }

    /// The place that is kept, if it is a `T`; it is given once.
    pub fn take<T: Any>(&self) -> Option<T> {
        let mut place = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let taken = place.take()?.downcast();
        taken.ok().map(|place| *place)
    }
}

impl fmt::Debug for Turn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Turn")
    }
}

impl ClientCall {
    /// A call with its parts, sent as it is.
    pub fn new(head: CallHead, kind: Kind, body: Body) -> Self {
        Self {
            head,
            kind,
            body,
            compress: false,
            turn: None,
        }
    }
}

/// What a client sends.
#[derive(Clone, Debug)]
pub enum Body {
    /// A run of one frame, and the end of the client's side.
    One(Bytes),
    /// Whatever is put into the buffer until it is ended.
    Stream(SendBuffer),
}

/// Why a call was not started; nothing of it was sent.
#[derive(Debug)]
#[non_exhaustive]
pub enum Refused {
    /// The peer takes no more calls at a time: wait for [`Connection::ready`].
    Busy(Box<ClientCall>),
    /// The connection takes no more calls ever; the error is marked as unprocessed.
    Closed(Error, Box<ClientCall>),
}
