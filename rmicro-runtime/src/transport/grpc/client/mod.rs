//! The calling half.

use std::sync::Arc;

use super::Grpc;
use crate::error::{Error, Result};
use crate::transport::Connection;

/// Connects to the node at `address`.
pub(super) async fn dial(_grpc: &Grpc, _address: &str) -> Result<Arc<dyn Connection>> {
    Err(Error::unimplemented("the gRPC client is being written"))
}
