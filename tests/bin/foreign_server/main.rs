//! Our server for foreign clients: a Greeter that does what the name in a request asks for, as `tests/foreign/README.md` says.

mod greeter;
mod order;

use rmicro_runtime::{Result, Service};
use rmicro_tests::pb::register_greeter_handler;

#[tokio::main]
async fn main() -> Result<()> {
    let service = Service::new("greeter")?;
    register_greeter_handler(service.server(), greeter::Greeter::default())?;
    service.run().await
}
