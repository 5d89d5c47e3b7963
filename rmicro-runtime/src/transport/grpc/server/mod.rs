//! The serving half.

use std::sync::Arc;

use super::Grpc;
use crate::call::Routes;
use crate::error::{Error, Result};
use crate::transport::Listener;

/// Listens on `address` and serves what `routes` knows.
pub(super) async fn listen(
    _grpc: &Grpc,
    _address: &str,
    _routes: Arc<dyn Routes>,
) -> Result<Box<dyn Listener>> {
    Err(Error::unimplemented("the gRPC server is being written"))
}
