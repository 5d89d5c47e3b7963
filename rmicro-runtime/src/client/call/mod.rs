//! A call that has not started: options chain on it, `.await` starts it.

pub(super) mod start;

use std::fmt;
use std::future::IntoFuture;
use std::time::Duration;

use super::outgoing::Outgoing;
use crate::call::BoxFuture;
use crate::error::Result;
use crate::rpc::Reply;

/// A call that has not started.
///
/// Awaiting it starts it. A unary call gives the reply's message, or the whole [`Reply`] by [`send`](Self::send); a streaming
/// call is ready as soon as a node is chosen and the request is handed over, and never waits for the server.
///
/// ```no_run
/// # use std::time::Duration;
/// # async fn example<M: prost::Message + Default + 'static>(call: rmicro_runtime::Call<M>) -> rmicro_runtime::Result<M> {
/// call.timeout(Duration::from_secs(1)).metadata("trace", "1").await
/// # }
/// ```
#[must_use = "a call starts when it is awaited"]
pub struct Call<T> {
    outgoing: Outgoing,
    start: fn(Outgoing) -> BoxFuture<'static, Result<T>>,
}

impl<T> Call<T> {
    pub(super) fn new(
        outgoing: Outgoing,
        start: fn(Outgoing) -> BoxFuture<'static, Result<T>>,
    ) -> Self {
        Self { outgoing, start }
    }

    /// Gives the call up after `timeout`, counted from the `.await`; the server is told.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.outgoing.set_timeout(timeout);
        self
    }

    /// Makes the call in the codec called `name`, `proto` or `json`, instead of the client's own; on the wire `json` is
    /// `application/grpc+json`.
    ///
    /// A codec that is not known, and JSON for a method without, is the call's error. A request has been encoded when this is
    /// said and is encoded again: where every call is to be JSON,
    /// [`ClientOptions::codec`](crate::ClientOptions::codec) is cheaper.
    pub fn codec(mut self, name: &str) -> Self {
        self.outgoing.set_codec(name);
        self
    }

    /// Compresses what is sent, where the transport can: gRPC does with gzip, and the node must understand that.
    pub fn compress(mut self, compress: bool) -> Self {
        self.outgoing.set_compress(compress);
        self
    }

    /// Waits for a connection for `timeout`, instead of the client's own limit, before another node is asked.
    ///
    /// It is counted from when this call begins to wait, also where another call has begun to connect. An attempt that others have
    /// begun may fail earlier; one that has had the client's own limit ends no later for a call that comes then.
    pub fn dial_timeout(mut self, timeout: Duration) -> Self {
        self.outgoing.set_dial_timeout(timeout);
        self
    }

    /// Waits until there is a node that can be reached, instead of failing; the deadline is the limit, and the client's request
    /// timeout where a stream has none (gRPC's `wait-for-ready.md`).
    ///
    /// It is the registry that tells of a new node; one that could not be reached is tried again after its time. A call that was
    /// sent, and one that fails for another reason, ends as it would without this.
    pub fn wait_for_ready(mut self) -> Self {
        self.outgoing.set_patient();
        self
    }

    /// Sends `value` as the metadata `name` too; what [`Metadata::insert`](crate::Metadata::insert) refuses is the
    /// call's error.
    pub fn metadata(mut self, name: &str, value: &str) -> Self {
        self.outgoing
            .add_metadata(|metadata| metadata.append(name, value));
        self
    }

    /// Sends `bytes` as the metadata `name` too, which must end in `-bin`; what
    /// [`Metadata::insert_bin`](crate::Metadata::insert_bin) refuses is the call's error.
    pub fn metadata_bin(mut self, name: &str, bytes: impl AsRef<[u8]>) -> Self {
        self.outgoing
            .add_metadata(|metadata| metadata.append_bin(name, bytes));
        self
    }
}

impl<T: prost::Message + Default + 'static> Call<T> {
    /// Starts the call and gives the reply with its metadata and trailers.
    pub async fn send(mut self) -> Result<Reply<T>> {
        self.outgoing.ask().await
    }
}

impl<T> IntoFuture for Call<T> {
    type Output = Result<T>;
    type IntoFuture = BoxFuture<'static, Result<T>>;

    fn into_future(self) -> Self::IntoFuture {
        (self.start)(self.outgoing)
    }
}

impl<T> fmt::Debug for Call<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Call").field(&self.outgoing).finish()
    }
}
