//! Subscribes to the seed's two topics: `cargo run --example subscriber`. Each subscriber gets all of topic1; those that run share
//! topic2. `--broker URL` says by which broker.

use rmicro_runtime::{Context, Result, Service, broker};

async fn on_message(_ctx: Context, message: broker::Message) -> Result<()> {
    println!("[sub] receive message: {message:?}");
    Ok(())
}

#[tokio::main]
async fn main() -> Result<()> {
    let service = Service::new("hellosubscriber")?;
    service.subscribe("topic1", on_message)?;
    service.subscribe(broker::Topic::new("topic2").queue("topic2"), on_message)?;
    service.run().await
}
