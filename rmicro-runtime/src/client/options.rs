//! What holds for every call of a client.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use crate::rpc::{ClientInterceptor, Codecs};

/// How long things may take, and what runs around every call.
#[derive(Clone)]
#[non_exhaustive]
pub struct ClientOptions {
    /// For connecting to a node, when the call sets no other; 5 s by default. An address that has not answered by then is left alone
    /// for a while, even if some call still waits for it.
    pub dial_timeout: Duration,
    /// How many connections there are to a node, which its calls use in turn; 1 by default, and 0 counts as 1.
    ///
    /// One connection is one task, so that more of them use more cores; one carries as many calls at a time as the node allows.
    pub connections: usize,
    /// For a unary call in all, and for a stream until a node is found that takes it, when the call sets no other; 30 s by default.
    /// A stream that has begun has no limit of its own; one that was refused has what is left of this for the search for another node.
    pub request_timeout: Duration,
    /// The name of the codec that calls are in when they choose no other: `proto` by default, or `json`, which is
    /// `application/grpc+json` on the wire. One that is not known is every call's error.
    pub codec: String,
    /// The codecs that can be chosen.
    pub codecs: Codecs,
    /// What runs around every call, the first outermost.
    pub interceptors: Vec<Arc<dyn ClientInterceptor>>,
}

impl Default for ClientOptions {
    fn default() -> Self {
        Self {
            dial_timeout: Duration::from_secs(5),
            connections: 1,
            request_timeout: Duration::from_secs(30),
            codec: "proto".into(),
            codecs: Codecs::default(),
            interceptors: Vec::new(),
        }
    }
}

impl fmt::Debug for ClientOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ClientOptions")
            .field("dial_timeout", &self.dial_timeout)
            .field("connections", &self.connections)
            .field("request_timeout", &self.request_timeout)
            .field("codec", &self.codec)
            .field("codecs", &self.codecs)
            .field("interceptors", &self.interceptors.len())
            .finish()
    }
}
