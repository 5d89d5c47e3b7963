//! Services that publish to each other by the default broker, which nobody has to start.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use rmicro_runtime::broker::{Http, HttpConfig, Message, Topic};
use rmicro_runtime::registry::{self, Registry};
use rmicro_runtime::seam::Seam;
use rmicro_runtime::{Context, Result, Running, Service, ServiceBuilder};
use rmicro_tests::sharing::a_service_that_stops_ends_only_its_own;
use tokio::sync::mpsc;

/// A service on loopback whose peers share `registry`.
fn builder(name: &str, registry: &registry::Memory) -> ServiceBuilder {
    Service::builder(name)
        .registry(registry.clone())
        .address("127.0.0.1:0")
}

/// A service that hands on what comes to `topic`.
async fn subscriber(
    builder: ServiceBuilder,
    topic: Topic,
) -> (Running, mpsc::UnboundedReceiver<Message>) {
    let service = builder.build().unwrap();
    let (sender, messages) = mpsc::unbounded_channel();
    let handler = move |_: Context, message: Message| {
        let sent = sender.send(message).is_ok();
        async move {
            assert!(sent, "the test listens");
            Ok(())
        }
    };
    service.subscribe(topic, handler).unwrap();
    (service.start().await.unwrap(), messages)
}

/// The subscriptions in `registry`, as nodes.
async fn subscriptions(registry: &registry::Memory) -> Vec<registry::Node> {
    let versions = registry.get_service("micro.http.broker").await;
    let versions = versions.unwrap_or_default();
    versions
        .into_iter()
        .flat_map(|version| version.nodes)
        .collect()
}

#[tokio::test]
async fn two_services_publish_and_subscribe_without_being_told_how() {
    let registry = registry::Memory::new();
    let (running, mut messages) = subscriber(builder("sub", &registry), "t".into()).await;
    let publisher = builder("pub", &registry).build().unwrap();
    let message = Message::new("hi").header("id", "7");
    publisher.publish("t", &message).await.unwrap();
    let got = messages.recv().await.unwrap();
    assert_eq!((&*got.body, got.header.get("id")), (&b"hi"[..], Some("7")));
    assert_eq!(got.header.get("Micro-Topic"), Some("t"));
    let node = &registry.get_service("sub").await.unwrap()[0].nodes[0];
    assert_eq!(node.metadata["broker"], "http");
    running.shutdown().await.unwrap();
    assert!(subscriptions(&registry).await.is_empty());
    publisher.publish("t", &message).await.unwrap();
}

#[tokio::test]
async fn a_service_that_only_publishes_listens_nowhere_and_says_nothing() {
    let registry = registry::Memory::new();
    let service = builder("pub", &registry).build().unwrap();
    service.publish("t", &Message::new("x")).await.unwrap();
    assert_eq!(service.broker().address(), None);
    assert!(subscriptions(&registry).await.is_empty());
}

#[tokio::test]
async fn the_flags_of_go_micro_say_where_messages_arrive() {
    let registry = registry::Memory::new();
    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = free.local_addr().unwrap().to_string();
    drop(free);
    let flags = ["--broker", "http", "--broker_address", &address];
    let service = builder("sub", &registry).init_from(flags, [("", ""); 0]);
    let service = service.unwrap();
    let handler = |_: Context, _: Message| std::future::ready(Ok(()));
    service.subscribe("t", handler).unwrap();
    let running = service.start().await.unwrap();
    assert_eq!(subscriptions(&registry).await[0].address, address);
    running.shutdown().await.unwrap();
}

#[tokio::test]
async fn messages_arrive_where_the_service_is_called() {
    let registry = registry::Memory::new();
    let everywhere = builder("sub", &registry).address("127.0.0.2:0");
    let (running, _messages) = subscriber(everywhere, "t".into()).await;
    let address = &subscriptions(&registry).await[0].address;
    assert!(address.starts_with("127.0.0.2:"), "{address}");
    running.shutdown().await.unwrap();
}

#[tokio::test]
async fn where_an_announced_address_is_not_this_machines_messages_arrive_on_loopback() {
    let registry = registry::Memory::new();
    let elsewhere = builder("sub", &registry).advertise("192.0.2.1:80");
    let (running, mut messages) = subscriber(elsewhere, "t".into()).await;
    let address = &subscriptions(&registry).await[0].address;
    assert!(address.starts_with("127.0.0.1:"), "{address}");
    let publisher = builder("pub", &registry).build().unwrap();
    publisher.publish("t", &Message::new("x")).await.unwrap();
    assert!(messages.recv().await.is_some());
    running.shutdown().await.unwrap();
}

/// How often each event was handled.
type Counts = Arc<Mutex<BTreeMap<String, usize>>>;

/// A service of the queue `q` that counts what comes.
async fn counting(registry: &registry::Memory, counts: &Counts) -> Running {
    let service = builder("sub", registry).build().unwrap();
    let counts = counts.clone();
    let handler = move |_: Context, message: Message| {
        let counts = counts.clone();
        async move {
            tokio::time::sleep(Duration::from_millis(1)).await;
            let id = message.header.get("id").unwrap_or_default().to_owned();
            *counts.lock().unwrap().entry(id).or_default() += 1;
            Ok(())
        }
    };
    let topic = Topic::new("t").queue("q").concurrency(4);
    service.subscribe(topic, handler).unwrap();
    service.start().await.unwrap()
}

/// While one of two services that share a queue ends and comes back, each event is handled once.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_service_that_leaves_a_queue_and_comes_back_loses_and_doubles_nothing() {
    const EVENTS: usize = 600;
    let registry = registry::Memory::new();
    let counts = Counts::default();
    let start = async || counting(&registry, &counts).await;
    let (stays, leaves) = (start().await, start().await);
    let publisher = builder("pub", &registry).build().unwrap();
    let publishing = async {
        for id in 0..EVENTS {
            let message = Message::new("x").header("id", id.to_string());
            publisher.publish("t", &message).await?;
            tokio::task::yield_now().await;
        }
        Ok(()) as Result<()>
    };
    let leaving = async {
        tokio::time::sleep(Duration::from_millis(50)).await;
        leaves.shutdown().await.unwrap();
        start().await
    };
    let (published, back) = tokio::join!(publishing, leaving);
    published.unwrap();
    back.shutdown().await.unwrap();
    stays.shutdown().await.unwrap();
    let counts = counts.lock().unwrap();
    assert_eq!(counts.len(), EVENTS);
    assert!(counts.values().all(|count| *count == 1));
}

#[tokio::test]
async fn a_service_that_stops_leaves_a_broker_to_those_who_share_it() {
    let registry = Arc::new(registry::Memory::new());
    let broker = Http::new(HttpConfig::default(), registry, Seam::default());
    a_service_that_stops_ends_only_its_own(broker).await;
}
