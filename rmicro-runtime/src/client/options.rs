//! What holds for every call of a client.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use crate::rpc::ClientInterceptor;

/// How long things may take, and what runs around every call.
#[derive(Clone)]
#[non_exhaustive]
pub struct ClientOptions {
    /// For connecting to a node; 5 s by default.
    pub dial_timeout: Duration,
    /// For a unary call in all, and for a stream from its first to its last message when the call sets no other: 30 s for unary
    /// calls by default. Streams have no limit by default.
    pub request_timeout: Duration,
    /// What runs around every call, the first outermost.
    pub interceptors: Vec<Arc<dyn ClientInterceptor>>,
}

impl Default for ClientOptions {
    fn default() -> Self {
        Self {
            dial_timeout: Duration::from_secs(5),
            request_timeout: Duration::from_secs(30),
            interceptors: Vec::new(),
        }
    }
}

impl fmt::Debug for ClientOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ClientOptions")
            .field("dial_timeout", &self.dial_timeout)
            .field("request_timeout", &self.request_timeout)
            .field("interceptors", &self.interceptors.len())
            .finish()
    }
}
