//! A handler without its method.

use pb::{GreeterHandler, register_greeter_handler};
use rmicro_runtime::{Result, Service};

mod pb {
    include!("pb/greet.rs");
}

struct Greeter;

// The error is at the next line.
impl GreeterHandler for Greeter {}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<()> {
    let service = Service::new("greeter")?;
    register_greeter_handler(service.server(), Greeter)?;
    service.run().await
}
