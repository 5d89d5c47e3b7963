//! Serves the seed's Greeter: `cargo run --example greeter_server`.

use rmicro_runtime::{Context, Result, Service};

rmicro_runtime::include_proto!("greet");

struct Greeter;

impl GreeterHandler for Greeter {
    async fn greet(&self, _ctx: Context, request: Request) -> Result<Response> {
        let msg = format!("Greet {}", request.name);
        Ok(Response { msg })
    }
}

#[tokio::main]
async fn main() -> Result<()> {
    let service = Service::new("greeter")?;
    register_greeter_handler(service.server(), Greeter)?;
    service.run().await
}
