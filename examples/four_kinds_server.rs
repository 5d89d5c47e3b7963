//! Serves all four kinds of calls: `cargo run --example four_kinds_server`.

use rmicro_runtime::{Context, Receiver, Result, Sender, Service};

rmicro_runtime::include_proto!("greet.v1");

struct Greeter;

impl GreeterHandler for Greeter {
    async fn hello(&self, _ctx: Context, request: HelloRequest) -> Result<HelloReply> {
        Ok(greet(&request.name))
    }

    async fn hello_many(
        &self,
        _ctx: Context,
        mut requests: Receiver<HelloRequest>,
    ) -> Result<HelloReply> {
        let mut names = Vec::new();
        while let Some(request) = requests.recv().await? {
            names.push(request.name);
        }
        Ok(greet(&names.join(" and ")))
    }

    async fn hello_often(
        &self,
        _ctx: Context,
        request: HelloRequest,
        mut replies: Sender<HelloReply>,
    ) -> Result<()> {
        for _ in 0..3 {
            replies.send(greet(&request.name)).await?;
        }
        Ok(())
    }

    async fn chat(
        &self,
        _ctx: Context,
        mut requests: Receiver<HelloRequest>,
        mut replies: Sender<HelloReply>,
    ) -> Result<()> {
        while let Some(request) = requests.recv().await? {
            replies.send(greet(&request.name)).await?;
        }
        Ok(())
    }
}

fn greet(name: &str) -> HelloReply {
    let message = format!("Hello, {name}!");
    HelloReply { message }
}

#[tokio::main]
async fn main() -> Result<()> {
    let service = Service::new("greeter")?;
    register_greeter_handler(service.server(), Greeter)?;
    service.run().await
}
