//! How subscriptions come and go in the registry, and what their process does meanwhile.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use async_trait::async_trait;

use super::world::{Peer, World};
use crate::broker::{Ack, Broker, Http, HttpConfig, Message, Topic};
use crate::error::{Code, Error, Result};
use crate::registry::{Memory, Registry, ServiceInfo, Watch};
use crate::seam::Seam;

#[tokio::test]
async fn nothing_listens_and_nothing_is_registered_before_something_is_subscribed() {
    let world = World::new();
    world.broker.publish("t", Message::new("x")).await.unwrap();
    assert_eq!(world.broker.address(), None);
    assert!(world.nodes().await.is_empty());
    let (_subscription, node) = world.subscribe("t").await;
    assert_eq!(world.broker.address().as_ref(), Some(&node.address));
    assert!(node.address.starts_with("127.0.0.1:"));
}

#[tokio::test]
async fn two_subscriptions_of_one_topic_are_two_nodes_at_one_address() {
    let world = World::new();
    let (_one, one) = world.subscribe("t").await;
    let (_other, other) = world.subscribe(Topic::new("t").queue("q")).await;
    assert_ne!(one.id, other.id);
    assert_eq!(one.address, other.address);
}

#[tokio::test]
async fn an_address_that_is_taken_is_told() {
    let world = World::new();
    world.broker.connect().await.unwrap();
    let taken = world.broker.address().unwrap();
    let other = world.other(HttpConfig::default().address(&taken));
    let error = other.subscribe(&"t".into()).await.unwrap_err();
    assert_eq!(error.code(), Code::AlreadyExists);
    assert!(error.message().contains(&taken), "{error:?}");
    assert!(world.nodes().await.is_empty());
}

#[tokio::test]
async fn every_address_is_announced_as_one_that_can_be_reached() {
    let world = World::with(HttpConfig::from_url("http://0.0.0.0:0").unwrap());
    let (mut subscription, node) = world.subscribe("t").await;
    assert!(node.address.starts_with("127.0.0.1:"), "{node:?}");
    let other = world.other(HttpConfig::default());
    other.publish("t", Message::new("x")).await.unwrap();
    assert!(subscription.next().await.unwrap().is_some());
}

#[tokio::test]
async fn a_subscription_that_was_dropped_is_withdrawn() {
    let world = World::new();
    let (subscription, node) = world.subscribe("t").await;
    drop(subscription);
    while !world.nodes().await.is_empty() {
        tokio::task::yield_now().await;
    }
    let mut peer = Peer::to(&node).await;
    let body = r#"{"Header":{"Micro-Topic":"t"},"Body":null}"#;
    peer.post(&node.id, body).await;
    assert_eq!(peer.answer().await.0, "HTTP/1.1 404 Not Found");
}

#[tokio::test]
async fn what_waits_without_room_is_taken_when_there_is_room() {
    let world = World::with(HttpConfig::default().backlog(1024));
    let (mut slow, _) = world.subscribe(Topic::new("t").in_flight(1)).await;
    let publisher = world.other(HttpConfig::default());
    let publish = async |text: &'static str| publisher.publish("t", Message::new(text)).await;
    publish("in the backlog").await.unwrap();
    let first = slow.next().await.unwrap().unwrap();
    publish("in the backlog, too").await.unwrap();
    let mut third = std::pin::pin!(publish("waits"));
    let early = tokio::time::timeout(Duration::from_millis(50), third.as_mut()).await;
    assert!(early.is_err(), "it was taken without room");
    first.ack().await.unwrap();
    let second = slow.next().await.unwrap().unwrap();
    third.await.unwrap();
    second.ack().await.unwrap();
    assert_eq!(slow.next().await.unwrap().unwrap().message().body, "waits");
}

#[tokio::test]
async fn a_header_takes_room_as_a_body_does() {
    let world = World::with(HttpConfig::default().backlog(8 * 1024));
    let (_slow, _) = world.subscribe(Topic::new("t")).await;
    let publisher = world.other(HttpConfig::default());
    let message = Message::new("").header("long", "x".repeat(6 * 1024));
    publisher.publish("t", message.clone()).await.unwrap();
    let second = publisher.publish("t", message);
    let early = tokio::time::timeout(Duration::from_millis(50), second).await;
    assert!(early.is_err(), "it was taken without room");
}

#[tokio::test]
async fn whoever_waits_for_room_in_a_subscription_that_ends_is_told_that_it_is_gone() {
    let world = World::with(HttpConfig::default().backlog(1024));
    let (subscription, _) = world.subscribe(Topic::new("t").ack(Ack::OnDelivery)).await;
    let publisher = world.other(HttpConfig::default());
    publisher.publish("t", Message::new("fills")).await.unwrap();
    let waiting = publisher.publish("t", Message::new("waits"));
    let ending = async {
        tokio::time::sleep(Duration::from_millis(20)).await;
        drop(subscription);
    };
    let (published, ()) = tokio::join!(waiting, ending);
    published.unwrap();
}

#[tokio::test]
async fn the_broker_may_be_used_again_after_it_was_let_go() {
    let world = World::new();
    let (mut subscription, _) = world.subscribe("t").await;
    world.broker.publish("t", Message::new("x")).await.unwrap();
    world.broker.disconnect().await.unwrap();
    assert!(world.nodes().await.is_empty());
    assert_eq!(world.broker.address(), None);
    let delivery = subscription.next().await.unwrap().unwrap();
    delivery.ack().await.unwrap();
    assert!(subscription.next().await.unwrap().is_none());

    let (mut again, _) = world.subscribe("t").await;
    world.broker.publish("t", Message::new("y")).await.unwrap();
    assert_eq!(again.next().await.unwrap().unwrap().message().body, "y");
}

/// A registry that takes its time to tell of changes, and may be away.
#[derive(Clone, Debug, Default)]
struct Slow {
    inner: Memory,
    away: Arc<AtomicBool>,
}

const PROPAGATION: Duration = Duration::from_millis(250);

impl Slow {
    fn here(&self) -> Result<()> {
        match self.away.load(Ordering::Relaxed) {
            true => Err(Error::unavailable("down")),
            false => Ok(()),
        }
    }

    fn broker(&self) -> Http {
        let registry = Arc::new(self.clone());
        Http::new(HttpConfig::default(), registry, Seam::default())
    }
}

#[async_trait]
impl Registry for Slow {
    fn name(&self) -> &'static str {
        "slow"
    }

    async fn register(&self, service: &ServiceInfo, ttl: Duration) -> Result<()> {
        self.here()?;
        self.inner.register(service, ttl).await
    }

    async fn deregister(&self, service: &ServiceInfo) -> Result<()> {
        self.here()?;
        self.inner.deregister(service).await
    }

    async fn get_service(&self, name: &str) -> Result<Vec<ServiceInfo>> {
        self.here()?;
        self.inner.get_service(name).await
    }

    async fn list_services(&self) -> Result<Vec<ServiceInfo>> {
        self.inner.list_services().await
    }

    async fn watch(&self, name: &str) -> Result<Watch> {
        self.here()?;
        self.inner.watch(name).await
    }

    fn propagation(&self) -> Duration {
        PROPAGATION
    }
}

#[tokio::test]
async fn what_comes_before_everybody_knows_of_the_end_is_taken() {
    let slow = Slow::default();
    let broker = slow.broker();
    let begun = tokio::time::Instant::now();
    let mut subscription = broker.subscribe(&"t".into()).await.unwrap();
    assert!(begun.elapsed() >= PROPAGATION);
    let late = slow.inner.get_service("micro.http.broker").await.unwrap();
    let node = late[0].nodes[0].clone();
    let mut peer = Peer::to(&node).await;
    let begun = tokio::time::Instant::now();
    let posting = async {
        // Withdrawn, and not known to this peer.
        while slow.inner.get_service("micro.http.broker").await.is_ok() {
            tokio::task::yield_now().await;
        }
        let body = r#"{"Header":{"Micro-Topic":"t"},"Body":null}"#;
        peer.post(&node.id, body).await;
        peer.answer().await.0
    };
    let (ended, status) = tokio::join!(subscription.unsubscribe(), posting);
    ended.unwrap();
    assert!(begun.elapsed() >= PROPAGATION);
    assert_eq!(status, "HTTP/1.1 200 OK");
    let delivery = subscription.next().await.unwrap().unwrap();
    delivery.ack().await.unwrap();
    assert!(subscription.next().await.unwrap().is_none());
}

#[tokio::test(start_paused = true)]
async fn a_registry_that_goes_away_empties_nothing() {
    let slow = Slow::default();
    let (here, there) = (slow.broker(), slow.broker());
    let mut subscription = here.subscribe(&"t".into()).await.unwrap();
    there.publish("t", Message::new("a")).await.unwrap();
    slow.away.store(true, Ordering::Relaxed);
    there.publish("t", Message::new("b")).await.unwrap();
    for body in ["a", "b"] {
        let delivery = subscription.next().await.unwrap().unwrap();
        assert_eq!(delivery.message().body, body);
    }
    let error = slow.broker().publish("t", Message::new("c")).await;
    let error = error.unwrap_err();
    assert_eq!(error.code(), Code::Unavailable);
    assert_eq!(error.message(), "registry slow: down");
    let error = here.subscribe(&"u".into()).await.unwrap_err();
    assert_eq!(error.message(), "registry slow did not take the node: down");
}
