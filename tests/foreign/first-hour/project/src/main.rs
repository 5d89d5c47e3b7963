//! Serves and calls itself with messages of protoc-gen-prost and services of protoc-gen-rmicro.

use rmicro_runtime::types::Empty;
use rmicro_runtime::{Context, Result, Service};

mod pb {
    include!("pb/greet.v1.rs");
    include!("pb/greet.v1.rmicro.rs");
}
use pb::*;

struct Greeter;

impl GreeterHandler for Greeter {
    async fn hello(&self, _ctx: Context, request: HelloRequest) -> Result<HelloReply> {
        let message = format!("Hello {}", request.name);
        Ok(HelloReply { message })
    }

    async fn nothing(&self, _ctx: Context, request: Empty) -> Result<Empty> {
        Ok(request)
    }
}

#[tokio::main]
async fn main() -> Result<()> {
    let service = Service::new("greeter")?;
    register_greeter_handler(service.server(), Greeter)?;
    let running = service.start().await?;
    let greeter = GreeterService::new("greeter", service.client());
    let request = HelloRequest { name: "John".into() };
    println!("{}", greeter.hello(request).await?.message);
    greeter.nothing(Empty {}).await?;
    running.shutdown().await
}
