//! What the targets in `fuzz/` may call: the parsers of what peers send and users write.
//!
//! Compiled with `--cfg fuzzing` alone, and promised to nobody.

#[cfg(feature = "http")]
pub use crate::broker::fuzzed as http_broker;
#[cfg(any(feature = "http", feature = "nats"))]
pub use crate::json::fuzzed as envelope;
#[cfg(feature = "mdns")]
pub use crate::registry::fuzzed as mdns;
pub use crate::server::fuzzed as router;
pub use crate::service::fuzzed as duration;
#[cfg(feature = "grpc")]
pub use crate::transport::fuzzed as grpc;
