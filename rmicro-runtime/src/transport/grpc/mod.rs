//! gRPC over HTTP/2 (gRPC's `PROTOCOL-HTTP2.md`): the client on the `h2` crate, the server on hyper.
//!
//! Invariant: messages pass through as bytes; what a peer sends is bounded by [`GrpcConfig`] before it is kept.

mod client;
mod config;
mod deframe;
mod encoding;
#[cfg(fuzzing)]
pub mod fuzzed;
mod go_micro;
#[cfg(feature = "gzip")]
mod gzip;
mod head;
mod limit;
mod reset;
mod server;
mod status;
mod timeout;

use std::sync::Arc;

use async_trait::async_trait;

use super::{Connection, Listener, Transport};
use crate::call::Routes;
use crate::error::Result;
use crate::seam::Seam;

pub use config::{Compression, GrpcConfig};

/// The transport `grpc`; clones share nothing but their settings.
///
/// ```
/// use rmicro_runtime::seam::Seam;
/// use rmicro_runtime::transport::{Grpc, GrpcConfig};
///
/// let config = GrpcConfig::default().max_message_size(16 * 1024 * 1024);
/// let transport = Grpc::new(Seam::default()).config(config);
/// ```
#[derive(Clone, Debug)]
pub struct Grpc {
    seam: Seam,
    config: Arc<GrpcConfig>,
}

impl Grpc {
    /// The transport with default settings, whose sockets and timers come from `seam`.
    pub fn new(seam: Seam) -> Self {
        Self {
            seam,
            config: Arc::default(),
        }
    }

    /// Sets the limits of every later connection.
    #[must_use]
    pub fn config(mut self, config: GrpcConfig) -> Self {
        self.config = Arc::new(config);
        self
    }
}

#[async_trait]
impl Transport for Grpc {
    fn name(&self) -> &'static str {
        "grpc"
    }

    async fn listen(&self, address: &str, routes: Arc<dyn Routes>) -> Result<Box<dyn Listener>> {
        server::listen(self, address, routes).await
    }

    async fn dial(&self, address: &str) -> Result<Arc<dyn Connection>> {
        client::dial(self, address).await
    }
}
