//! What a handler knows about the call that it serves.

use std::net::SocketAddr;
use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::Duration;

use crate::call::CallState;
use crate::error::Result;
use crate::metadata::Metadata;
use crate::seam::{Clock, Moment};

/// The call that a handler serves; a cheap clone.
#[derive(Clone, Debug)]
pub struct Context(Arc<CallState>);

impl Context {
    /// The context of the call with this state; transports and tests of handlers make it.
    pub fn new(state: Arc<CallState>) -> Self {
        Self(state)
    }

    /// What the caller sent beside its messages.
    pub fn metadata(&self) -> &Metadata {
        &self.0.head().metadata
    }

    /// When the caller stops waiting; the handler is dropped then.
    pub fn deadline(&self) -> Option<Moment> {
        self.0.head().deadline
    }

    /// How long the caller still waits; `None` when it set no deadline.
    pub fn time_left(&self) -> Option<Duration> {
        self.deadline()
            .map(|deadline| deadline.since(Clock::default().now()))
    }

    /// Where the call comes from; `None` where the transport has no addresses.
    pub fn peer(&self) -> Option<SocketAddr> {
        self.0.head().peer
    }

    /// The full proto name of the service that was called.
    pub fn service(&self) -> &str {
        &self.0.head().service
    }

    /// The name of the method that was called.
    pub fn endpoint(&self) -> &str {
        &self.0.head().endpoint
    }

    /// The topic of the event that is handled; `None` for a call.
    pub fn topic(&self) -> Option<&str> {
        self.0.head().attempt.map(|_| self.service())
    }

    /// Which attempt to handle the event this is, from 1; `None` for a call. An event that was handled before and failed comes
    /// again as the next attempt.
    pub fn attempt(&self) -> Option<u32> {
        self.0.head().attempt.map(NonZeroU32::get)
    }

    /// Keeps `value` for whoever serves the call later: an interceptor for the handler, say, who asks.
    /// The value of its type that was kept before goes.
    pub fn set<T: Clone + Send + Sync + 'static>(&self, value: T) {
        self.0.set(value);
    }

    /// The value of type `T` that was kept by [`set`](Self::set).
    pub fn get<T: Clone + Send + Sync + 'static>(&self) -> Option<T> {
        self.0.get()
    }

    /// The metadata that goes in front of the first reply.
    ///
    /// It leaves with the first reply, at the end, or, for client streams and bidi, when the handler first waits.
    pub fn reply_metadata(&self) -> ReplyMetadata<'_> {
        ReplyMetadata(&self.0)
    }

    /// The trailers that go after the last reply.
    pub fn trailers(&self) -> Trailers<'_> {
        Trailers(&self.0)
    }
}

/// The metadata in front of the first reply, to be added to.
///
/// Everything is an error once the metadata has left, and for what [`Metadata`] refuses.
#[derive(Debug)]
pub struct ReplyMetadata<'a>(&'a CallState);

impl ReplyMetadata<'_> {
    /// Sets `name` to `value` alone, as [`Metadata::insert`] does.
    pub fn insert(&self, name: &str, value: &str) -> Result<()> {
        self.0.insert_metadata(name, value)
    }

    /// Adds `value` to the values of `name`, as [`Metadata::append`] does.
    pub fn append(&self, name: &str, value: &str) -> Result<()> {
        self.0
            .change_metadata(name, |metadata| metadata.append(name, value))
    }

    /// Sets `name`, which ends in `-bin`, to `bytes` alone, as [`Metadata::insert_bin`] does.
    pub fn insert_bin(&self, name: &str, bytes: impl AsRef<[u8]>) -> Result<()> {
        self.0
            .change_metadata(name, |metadata| metadata.insert_bin(name, bytes))
    }

    /// Adds `bytes` to the values of `name`, as [`Metadata::append_bin`] does.
    pub fn append_bin(&self, name: &str, bytes: impl AsRef<[u8]>) -> Result<()> {
        self.0
            .change_metadata(name, |metadata| metadata.append_bin(name, bytes))
    }
}

/// The trailers after the last reply, to be added to.
///
/// Everything is an error once the call has ended, and for what [`Metadata`] refuses.
#[derive(Debug)]
pub struct Trailers<'a>(&'a CallState);

impl Trailers<'_> {
    /// Sets `name` to `value` alone, as [`Metadata::insert`] does.
    pub fn insert(&self, name: &str, value: &str) -> Result<()> {
        self.0.insert_trailer(name, value)
    }

    /// Adds `value` to the values of `name`, as [`Metadata::append`] does.
    pub fn append(&self, name: &str, value: &str) -> Result<()> {
        self.0
            .change_trailers(name, |trailers| trailers.append(name, value))
    }

    /// Sets `name`, which ends in `-bin`, to `bytes` alone, as [`Metadata::insert_bin`] does.
    pub fn insert_bin(&self, name: &str, bytes: impl AsRef<[u8]>) -> Result<()> {
        self.0
            .change_trailers(name, |trailers| trailers.insert_bin(name, bytes))
    }

    /// Adds `bytes` to the values of `name`, as [`Metadata::append_bin`] does.
    pub fn append_bin(&self, name: &str, bytes: impl AsRef<[u8]>) -> Result<()> {
        self.0
            .change_trailers(name, |trailers| trailers.append_bin(name, bytes))
    }
}
