//! Our server for foreign clients: a Greeter that does what the name in a request asks for, as `tests/foreign/README.md` says.
//! With `REPLIES=gzip` in its environment it compresses its replies to those who accept that.

mod greeter;
mod order;

use rmicro_runtime::seam::Seam;
use rmicro_runtime::transport::{Compression, Grpc, GrpcConfig};
use rmicro_runtime::{Result, Service};
use rmicro_tests::pb::register_greeter_handler;

#[tokio::main]
async fn main() -> Result<()> {
    let mut service = Service::builder("greeter");
    if std::env::var("REPLIES").is_ok_and(|replies| replies == "gzip") {
        let config = GrpcConfig::default().compression(Compression::Gzip);
        service = service.transport(Grpc::new(Seam::default()).config(config));
    }
    let service = service.init()?;
    register_greeter_handler(service.server(), greeter::Greeter::default())?;
    service.run().await
}
