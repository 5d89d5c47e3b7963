//! Tests the seed's Greeter without a socket: `cargo test -p rmicro-examples`.

use rmicro_runtime::{Context, Result, Service, registry, transport};

rmicro_runtime::include_proto!("greet");

struct Greeter;

impl GreeterHandler for Greeter {
    async fn greet(&self, _ctx: Context, request: Request) -> Result<Response> {
        let msg = format!("Greet {}", request.name);
        Ok(Response { msg })
    }
}

#[tokio::test]
async fn it_greets() -> Result<()> {
    let service = Service::builder("greeter")
        .registry(registry::Memory::new())
        .transport(transport::Memory::new())
        .build()?;
    register_greeter_handler(service.server(), Greeter)?;
    let running = service.start().await?;
    let greeter = GreeterService::new("greeter", service.client());
    let name = "John".into();
    assert_eq!(greeter.greet(Request { name }).await?.msg, "Greet John");
    running.shutdown().await
}
