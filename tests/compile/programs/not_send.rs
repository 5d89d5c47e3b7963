//! A handler that holds an `Rc` over an await.

use std::rc::Rc;

use pb::{GreeterHandler, Request, Response, register_greeter_handler};
use rmicro_runtime::{Context, Result, Service};

mod pb {
    include!("pb/greet.rs");
}

struct Greeter;

impl GreeterHandler for Greeter {
    // The error is at the next line.
    async fn greet(&self, _ctx: Context, request: Request) -> Result<Response> {
        let name = Rc::new(request.name);
        tokio::task::yield_now().await;
        let msg = format!("Greet {name}");
        Ok(Response { msg })
    }
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<()> {
    let service = Service::new("greeter")?;
    register_greeter_handler(service.server(), Greeter)?;
    service.run().await
}
