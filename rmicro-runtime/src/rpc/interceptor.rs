//! Code around every call: for credentials, logs, measures, limits.
//!
//! Interceptors run in the order in which they were added, the first outermost: it sees the call
//! first and its outcome last. A client's run once a call, around discovery and retries; a server's
//! run inside the guard, so the call's deadline holds for them and a panic ends their call alone.

use std::fmt;
use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;

use crate::call::{BoxFuture, Endpoint, FrameStream, ServerCall};
use crate::error::Result;
use crate::metadata::Metadata;
use crate::transport::ClientCall;

/// Runs around the handlers of a server.
///
/// ```
/// use rmicro_runtime::{Error, Result, ServerCall, ServerInterceptor, ServerNext};
///
/// struct Authenticate;
///
/// #[async_trait::async_trait]
/// impl ServerInterceptor for Authenticate {
///     async fn intercept(&self, call: ServerCall, next: ServerNext<'_>) -> Result<()> {
///         if call.context().metadata().get("authorization") != Some("Bearer sesame") {
///             return Err(Error::unauthenticated("the token is missing or wrong"));
///         }
///         next.run(call).await
///     }
/// }
/// ```
#[async_trait]
pub trait ServerInterceptor: Send + Sync + 'static {
    /// Serves `call` by running `next`, or answers it alone.
    async fn intercept(&self, call: ServerCall, next: ServerNext<'_>) -> Result<()>;
}

/// What an interceptor of a server stands in front of.
#[must_use = "the call goes no further unless this runs"]
pub struct ServerNext<'a> {
    rest: &'a [Arc<dyn ServerInterceptor>],
    endpoint: &'a dyn Endpoint,
}

impl<'a> ServerNext<'a> {
    pub(crate) fn new(rest: &'a [Arc<dyn ServerInterceptor>], endpoint: &'a dyn Endpoint) -> Self {
        Self { rest, endpoint }
    }

    /// Runs the next interceptor, or the handler; the reply is in the call when it is ready.
    pub fn run(self, call: ServerCall) -> BoxFuture<'a, Result<()>> {
        match self.rest.split_first() {
            Some((first, rest)) => first.intercept(call, Self::new(rest, self.endpoint)),
            None => self.endpoint.call(call),
        }
    }
}

/// Runs around the calls of a client.
///
/// ```
/// use rmicro_runtime::transport::ClientCall;
/// use rmicro_runtime::{Answer, ClientInterceptor, ClientNext, Result};
///
/// struct SayWhoAsks;
///
/// #[async_trait::async_trait]
/// impl ClientInterceptor for SayWhoAsks {
///     async fn intercept(&self, mut call: ClientCall, next: ClientNext<'_>) -> Result<Answer> {
///         call.head.metadata.insert("from", "the example")?;
///         next.run(call).await
///     }
/// }
/// ```
#[async_trait]
pub trait ClientInterceptor: Send + Sync + 'static {
    /// Makes `call` by running `next`, or answers it alone.
    async fn intercept(&self, call: ClientCall, next: ClientNext<'_>) -> Result<Answer>;
}

/// What an interceptor of a client stands in front of.
#[must_use = "the call goes no further unless this runs"]
pub struct ClientNext<'a> {
    rest: &'a [Arc<dyn ClientInterceptor>],
    exchange: &'a dyn Exchange,
}

/// Makes a call: discovers, selects, dials, sends.
pub(crate) trait Exchange: Sync {
    fn exchange(&self, call: ClientCall) -> BoxFuture<'_, Result<Answer>>;
}

impl<'a> ClientNext<'a> {
    pub(crate) fn new(rest: &'a [Arc<dyn ClientInterceptor>], exchange: &'a dyn Exchange) -> Self {
        Self { rest, exchange }
    }

    /// Runs the next interceptor, or makes the call; it may be run once.
    pub fn run(self, call: ClientCall) -> BoxFuture<'a, Result<Answer>> {
        match self.rest.split_first() {
            Some((first, rest)) => first.intercept(call, Self::new(rest, self.exchange)),
            None => self.exchange.exchange(call),
        }
    }
}

/// What a call gives to a client.
#[expect(
    clippy::large_enum_variant,
    reason = "it is moved twice a call, and a box would be an allocation for each"
)]
#[non_exhaustive]
pub enum Answer {
    /// The whole reply of a unary call.
    One {
        /// What came in front of the message.
        metadata: Metadata,
        /// The message, encoded.
        message: Bytes,
        /// What came after the message.
        trailers: Metadata,
    },
    /// The replies of a stream as they come; a failure of the call shows there.
    Stream(Box<dyn FrameStream>),
}

impl fmt::Debug for ServerNext<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ServerNext({} more)", self.rest.len())
    }
}

impl fmt::Debug for ClientNext<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ClientNext({} more)", self.rest.len())
    }
}

impl fmt::Debug for Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::One { message, .. } => write!(f, "One({} bytes)", message.len()),
            Self::Stream(_) => f.write_str("Stream"),
        }
    }
}
