//! How fast the memory broker is: measures, to be run one at a time from a release build.
//!
//! `cargo test --release -p rmicro-runtime --lib broker::memory::speed -- --ignored --nocapture --test-threads 1`

use super::Memory;
use crate::broker::{Ack, Broker, Message, Topic};

const MESSAGES: usize = 10_000_000;
/// A publisher and its subscriber on one core.
const WANTED: f64 = 5e6;

/// How many messages a second of a core's time go from one publisher to one subscriber in one task each. It is the time that the
/// thread had, so that others on the machine do not count.
fn rate(topic: Topic, acks: bool) -> f64 {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .build()
        .unwrap();
    runtime.block_on(async move {
        let broker = Memory::new();
        let mut subscription = broker.subscribe(&topic).await.unwrap();
        let begun = core_time();
        let publisher = tokio::spawn(async move {
            let body = bytes::Bytes::from_static(&[7; 16]);
            for _ in 0..MESSAGES {
                broker
                    .publish("t", Message::new(body.clone()))
                    .await
                    .unwrap();
            }
        });
        for _ in 0..MESSAGES {
            let delivery = subscription.next().await.unwrap().unwrap();
            if acks {
                delivery.ack().await.unwrap();
            }
        }
        publisher.await.unwrap();
        MESSAGES as f64 / ((core_time() - begun) as f64 / 1e9)
    })
}

/// The nanoseconds that this thread has run.
fn core_time() -> u64 {
    let told = std::fs::read_to_string("/proc/thread-self/schedstat").expect("this is for Linux");
    let first = told
        .split_whitespace()
        .next()
        .expect("it has three numbers");
    first.parse().expect("it is a number")
}

fn is_fast(what: &str, topic: Topic, acks: bool) {
    let rate = (0..3)
        .map(|_| rate(topic.clone(), acks))
        .fold(0.0, f64::max);
    println!("{what}: {:.2} million messages/s on one core", rate / 1e6);
    assert!(rate >= WANTED, "{rate}");
}

#[test]
#[ignore = "a measure, for a release build"]
fn one_subscriber_that_settles() {
    is_fast("settled", Topic::new("t"), true);
}

#[test]
#[ignore = "a measure, for a release build"]
fn one_subscriber_that_does_not() {
    is_fast(
        "done on delivery",
        Topic::new("t").ack(Ack::OnDelivery),
        false,
    );
}
