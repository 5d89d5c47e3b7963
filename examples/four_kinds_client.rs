//! Makes all four kinds of calls: `cargo run --example four_kinds_client`.

use std::time::Duration;

use rmicro_runtime::{Result, Service};

rmicro_runtime::include_proto!("greet.v1");

#[tokio::main]
async fn main() -> Result<()> {
    let service = Service::new("greeter.client")?;
    let greeter = GreeterService::new("greeter", service.client());

    let reply = greeter
        .hello(hello("Ada"))
        .timeout(Duration::from_secs(5))
        .await?;
    println!("{}", reply.message);

    let mut many = greeter.hello_many().await?;
    many.send(hello("Ada")).await?;
    many.send(hello("Grace")).await?;
    println!("{}", many.finish().await?.message);

    let mut often = greeter.hello_often(hello("Ada")).await?;
    while let Some(reply) = often.recv().await? {
        println!("{}", reply.message);
    }

    let mut chat = greeter.chat().await?;
    for name in ["Ada", "Grace"] {
        chat.send(hello(name)).await?;
        if let Some(reply) = chat.recv().await? {
            println!("{}", reply.message);
        }
    }
    Ok(())
}

fn hello(name: &str) -> HelloRequest {
    HelloRequest { name: name.into() }
}
