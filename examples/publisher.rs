//! Publishes to the seed's two topics once a second: `cargo run --example publisher`. `--broker URL` says by which broker, and
//! `PUBLISHER_PAUSE_MS` another pause.

use std::time::Duration;

use rmicro_runtime::broker::Message;
use rmicro_runtime::{Publisher, Result, Service};

#[tokio::main]
async fn main() -> Result<()> {
    let service = Service::new("hellopublisher")?;
    for topic in ["topic1", "topic2"] {
        tokio::spawn(publish(service.publisher().clone(), topic));
    }
    service.run().await
}

async fn publish(publisher: Publisher, topic: &str) {
    for number in 0.. {
        let message = Message::new(format!("Messaging you all day on {topic}"));
        let message = message.header("id", format!("{topic}-{number}"));
        match publisher.publish(topic, &message).await {
            Ok(()) => println!("Broker Publish topic:{topic} msg: {message:?}"),
            Err(error) => println!("Broker Publish error: {error:?}, msg: {message:?}"),
        }
        tokio::time::sleep(pause()).await;
    }
}

fn pause() -> Duration {
    let said = std::env::var("PUBLISHER_PAUSE_MS").ok();
    let said = said.and_then(|said| said.parse().ok());
    Duration::from_millis(said.unwrap_or(1000))
}
