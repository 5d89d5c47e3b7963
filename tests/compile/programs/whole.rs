//! Serves and calls all four kinds; the most that a mismatch could drag into errors.

use pb::{GreeterHandler, GreeterService, HelloReply, HelloRequest, register_greeter_handler};
use rmicro_runtime::{Context, Receiver, Result, Sender, Service};

mod pb {
    include!("pb/greet.v1.rs");
}

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
        replies.send(greet(&request.name)).await
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

fn hello(name: &str) -> HelloRequest {
    HelloRequest { name: name.into() }
}

async fn call(greeter: &GreeterService) -> Result<()> {
    println!("{}", greeter.hello(hello("Ada")).await?.message);
    let mut many = greeter.hello_many().await?;
    many.send(hello("Ada")).await?;
    println!("{}", many.finish().await?.message);
    let mut often = greeter.hello_often(hello("Ada")).await?;
    while let Some(reply) = often.recv().await? {
        println!("{}", reply.message);
    }
    let mut chat = greeter.chat().await?;
    chat.send(hello("Ada")).await?;
    while let Some(reply) = chat.recv().await? {
        println!("{}", reply.message);
    }
    Ok(())
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<()> {
    let service = Service::new("greeter")?;
    register_greeter_handler(service.server(), Greeter)?;
    call(&GreeterService::new("greeter", service.client())).await?;
    service.run().await
}
