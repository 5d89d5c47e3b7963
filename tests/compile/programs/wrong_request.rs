//! A handler that takes the wrong message.

use pb::{GreeterHandler, Response, register_greeter_handler};
use rmicro_runtime::{Context, Result, Service};

mod pb {
    include!("pb/greet.rs");
}

struct Greeter;

impl GreeterHandler for Greeter {
    // The error is at the next line.
    async fn greet(&self, _ctx: Context, request: Response) -> Result<Response> {
        let msg = format!("Greet {}", request.msg);
        Ok(Response { msg })
    }
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<()> {
    let service = Service::new("greeter")?;
    register_greeter_handler(service.server(), Greeter)?;
    service.run().await
}
