//! A handler that answers with the wrong message.

use pb::{GreeterHandler, Request, register_greeter_handler};
use rmicro_runtime::{Context, Result, Service};

mod pb {
    include!("pb/greet.rs");
}

struct Greeter;

impl GreeterHandler for Greeter {
    // The error is at the next line.
    async fn greet(&self, _ctx: Context, request: Request) -> Result<Request> {
        let name = format!("Greet {}", request.name);
        Ok(Request { name })
    }
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<()> {
    let service = Service::new("greeter")?;
    register_greeter_handler(service.server(), Greeter)?;
    service.run().await
}
