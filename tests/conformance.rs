//! Every backend against the suite of its contract.

use rmicro_runtime::conformance;
use rmicro_runtime::seam::Seam;
use rmicro_runtime::transport::{Grpc, GrpcConfig, Memory};

#[tokio::test]
async fn the_memory_transport() {
    conformance::transport::suite(Memory::new).await;
}

#[tokio::test]
async fn the_grpc_transport() {
    let narrow = GrpcConfig::default().stream_window(65_535).connection_window(1 << 20);
    conformance::transport::suite(|| Grpc::new(Seam::default()).config(narrow.clone())).await;
}
