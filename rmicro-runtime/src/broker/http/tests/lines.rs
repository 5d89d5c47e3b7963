//! What becomes of connections between two messages, and of publications whose publisher does something else.

use std::time::Duration;

use super::world::{Foreign, World, answer, read};
use crate::broker::{Broker, HttpConfig, Message};

/// The version of a node without a queue.
const ALL: &str = "ff.http.broadcast";

#[tokio::test]
async fn a_connection_that_its_subscriber_has_closed_is_not_kept() {
    let (world, go) = (World::new(), Foreign::new().await);
    world.register(ALL, "t-1", &go.address).await;
    let answering = async {
        let mut stream = go.accept().await;
        read(&mut stream).await;
        answer(&mut stream, "200 OK", "").await;
        stream
    };
    let (published, stream) = tokio::join!(world.broker.publish("t", Message::new("x")), answering);
    published.unwrap();
    let shared = &world.broker.0;
    assert!(
        shared.pool.prune(shared.seam.clock.now()),
        "it is kept while it is open"
    );
    drop(stream);
    let pruned = async {
        while shared.pool.prune(shared.seam.clock.now()) {
            tokio::task::yield_now().await;
        }
    };
    let limit = Duration::from_secs(5);
    tokio::time::timeout(limit, pruned)
        .await
        .expect("it was let go");
}

#[tokio::test]
async fn a_publication_to_one_goes_on_when_its_publisher_stops_waiting_and_is_waited_for_at_the_end()
 {
    let (world, go) = (World::new(), Foreign::new().await);
    world.register(ALL, "t-1", &go.address).await;
    let publishing = world.broker.publish("t", Message::new("x"));
    let given_up = tokio::time::timeout(Duration::from_millis(50), publishing).await;
    assert!(given_up.is_err(), "it has not answered");
    let mut stream = go.accept().await;
    read(&mut stream).await;
    let (broker, early) = (world.broker.clone(), Duration::from_millis(50));
    let mut ending = tokio::spawn(async move { broker.disconnect().await });
    assert!(tokio::time::timeout(early, &mut ending).await.is_err());
    answer(&mut stream, "200 OK", "").await;
    ending.await.unwrap().unwrap();
}

#[tokio::test]
async fn a_publication_that_nobody_asks_after_does_not_hold_up_the_end_for_ever() {
    let config = HttpConfig::default().delivery_timeout(Duration::from_millis(100));
    let (world, go) = (World::with(config), Foreign::new().await);
    world.register(ALL, "t-1", &go.address).await;
    let mut publishing = world.broker.publish("t", Message::new("x"));
    let begun = tokio::time::timeout(Duration::from_millis(20), &mut publishing).await;
    assert!(begun.is_err(), "it has not answered");
    world.broker.disconnect().await.unwrap();
    assert!(publishing.await.is_err());
}

#[tokio::test]
async fn what_waited_in_vain_for_a_connection_is_told_as_unsent() {
    let config = HttpConfig::default()
        .max_connections_out(1)
        .delivery_timeout(Duration::from_millis(100));
    let (world, go) = (World::with(config), Foreign::new().await);
    world.register(ALL, "t-1", &go.address).await;
    let mut held = world.broker.publish("t", Message::new("x"));
    let begun = tokio::time::timeout(Duration::from_millis(20), &mut held).await;
    assert!(begun.is_err(), "it has not answered");
    let error = world.broker.publish("t", Message::new("y")).await;
    let told = error.unwrap_err().to_string();
    assert!(
        told.contains("no connection to it was free within 100ms"),
        "{told}"
    );
    assert!(!told.contains("may have the message"), "{told}");
}
