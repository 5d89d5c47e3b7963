//! Serves, so that the client half is never used.

#![forbid(unsafe_code)]
#![deny(warnings, missing_docs, unreachable_pub, clippy::all)]

use pb::{GreeterHandler, Request, Response, register_greeter_handler};
use rmicro_runtime::{Context, Result, Service};

mod pb {
    include!("pb/greet.rs");
}

struct Greeter;

impl GreeterHandler for Greeter {
    async fn greet(&self, _ctx: Context, request: Request) -> Result<Response> {
        let msg = format!("Greet {}", request.name);
        Ok(Response { msg })
    }
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<()> {
    let service = Service::new("greeter")?;
    register_greeter_handler(service.server(), Greeter)?;
    service.run().await
}
