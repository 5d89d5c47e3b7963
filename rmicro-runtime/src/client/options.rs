//! What holds for every call of a client.

use std::time::Duration;

/// How long things may take by default.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct ClientOptions {
    /// For connecting to a node; 5 s by default.
    pub dial_timeout: Duration,
    /// For a unary call in all, and for a stream from its first to its last message when the call sets no other: 30 s for unary
    /// calls by default. Streams have no limit by default.
    pub request_timeout: Duration,
}

impl Default for ClientOptions {
    fn default() -> Self {
        Self {
            dial_timeout: Duration::from_secs(5),
            request_timeout: Duration::from_secs(30),
        }
    }
}
