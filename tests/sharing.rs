//! Services that have clones of one broker.

use std::time::Duration;

use rmicro_runtime::broker::{Broker, Message, Subscription, Topic};
use rmicro_runtime::{Context, Running, Service};
use tokio::sync::mpsc;

const TOPIC: &str = "sharing";
const LIMIT: Duration = Duration::from_secs(20);

/// Of two services that have clones of `broker` one stops, and then the other: each ends its own subscriptions, and neither what
/// others do with the broker.
pub async fn a_service_that_stops_ends_only_its_own(broker: impl Broker + Clone) {
    let mut beside = broker.subscribe(&Topic::new(TOPIC)).await.unwrap();
    let (first, first_runs, mut to_first) = started("first", broker.clone()).await;
    let (second, second_runs, mut to_second) = started("second", broker.clone()).await;
    publish(&first, "1").await;
    assert_eq!(next(&mut to_first).await, "1");

    first_runs.shutdown().await.unwrap();
    publish(&second, "2").await;
    publish(&first, "3").await;
    for expected in ["1", "2", "3"] {
        assert_eq!(next(&mut to_second).await, expected);
    }
    assert!(to_first.try_recv().is_err(), "its subscription has ended");

    second_runs.shutdown().await.unwrap();
    broker.publish(TOPIC, Message::new("4")).await.unwrap();
    for expected in ["1", "2", "3", "4"] {
        assert_eq!(delivered(&mut beside).await, expected);
    }
    assert!(to_second.try_recv().is_err(), "its subscription has ended");
}

/// A service that runs, and the bodies of what comes to it.
async fn started(
    name: &str,
    broker: impl Broker,
) -> (Service, Running, mpsc::UnboundedReceiver<String>) {
    let builder = Service::builder(name)
        .registry("memory")
        .transport("memory");
    let service = builder.broker(broker).build().unwrap();
    let (sender, bodies) = mpsc::unbounded_channel();
    let handler = move |_: Context, message: Message| {
        // The test may have read enough.
        let _ = sender.send(text(&message));
        std::future::ready(Ok(()))
    };
    service.subscribe(TOPIC, handler).unwrap();
    let running = service.start().await.unwrap();
    (service, running, bodies)
}

async fn publish(service: &Service, body: &'static str) {
    let published = service.publish(TOPIC, &Message::new(body)).await;
    published.unwrap();
}

async fn next(bodies: &mut mpsc::UnboundedReceiver<String>) -> String {
    let next = tokio::time::timeout(LIMIT, bodies.recv()).await;
    next.expect("a message comes")
        .expect("the handler is there")
}

async fn delivered(subscription: &mut Subscription) -> String {
    let next = tokio::time::timeout(LIMIT, subscription.next()).await;
    let delivery = next.expect("a message comes").unwrap();
    let delivery = delivery.expect("it does not end");
    let body = text(delivery.message());
    delivery.ack().await.unwrap();
    body
}

fn text(message: &Message) -> String {
    String::from_utf8_lossy(&message.body).into_owned()
}
