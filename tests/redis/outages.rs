//! What is lost, and what comes twice, when the server or its connections end.

use std::collections::BTreeMap;
use std::time::Duration;

use rmicro_runtime::broker::{Broker, Message, Redis, Subscription, Topic};

use crate::faults::{is_quiet, next};
use crate::server::Server;

/// Every write is on the disk before it is confirmed.
const DURABLE: [&str; 4] = ["--appendonly", "yes", "--appendfsync", "always"];

/// Publishes the numbers below `count`, each until it is confirmed; gives how many had to be published again.
fn publish(broker: Redis, topic: &'static str, count: usize) -> tokio::task::JoinHandle<()> {
    tokio::spawn(async move {
        for number in 0..count {
            let publishing = broker.publish(topic, Message::new(number.to_string()));
            let published = tokio::time::timeout(Duration::from_secs(20), publishing).await;
            published
                .expect("it is confirmed in time")
                .expect("it can be published");
        }
    })
}

/// How often each number came, until all below `count` have.
async fn all(subscription: &mut Subscription, count: usize) -> BTreeMap<usize, usize> {
    let mut seen = BTreeMap::new();
    while seen.len() < count {
        let (body, _) = next(subscription).await;
        *seen.entry(body.parse().expect("a number")).or_default() += 1;
    }
    seen
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_is_killed_loses_nothing_that_it_confirmed() {
    let Some(mut server) = Server::start(&DURABLE) else {
        return;
    };
    let broker = server.broker("?claim_after=500ms");
    let mut queued = broker.subscribe(&Topic::new("t").queue("q")).await.unwrap();
    let mut plain = broker.subscribe(&Topic::new("t")).await.unwrap();
    let publishing = publish(broker.clone(), "t", 3000);
    for _ in 0..3 {
        tokio::time::sleep(Duration::from_millis(150)).await;
        server.kill();
        tokio::time::sleep(Duration::from_millis(100)).await;
        server.restart();
    }
    let (queued, plain) = tokio::join!(all(&mut queued, 3000), all(&mut plain, 3000));
    publishing.await.unwrap();
    println!("twice: {} and {}", twice(&queued), twice(&plain));
}

fn twice(seen: &BTreeMap<usize, usize>) -> usize {
    seen.values().map(|times| times - 1).sum()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn connections_that_are_cut_lose_nothing() {
    let Some(server) = Server::start(&[]) else {
        return;
    };
    let broker = server.broker("?claim_after=500ms");
    let mut queued = broker.subscribe(&Topic::new("t").queue("q")).await.unwrap();
    let mut plain = broker.subscribe(&Topic::new("t")).await.unwrap();
    let publishing = publish(broker.clone(), "t", 3000);
    let cutting = async {
        for _ in 0..20 {
            tokio::time::sleep(Duration::from_millis(30)).await;
            server.command("CLIENT KILL TYPE normal SKIPME yes");
        }
    };
    let (queued, plain, ()) = tokio::join!(all(&mut queued, 3000), all(&mut plain, 3000), cutting);
    publishing.await.unwrap();
    println!("twice: {} and {}", twice(&queued), twice(&plain));
}

#[tokio::test]
async fn a_server_that_forgets_everything_is_used_on() {
    let Some(server) = Server::start(&[]) else {
        return;
    };
    let broker = server.broker("");
    let mut queued = broker.subscribe(&Topic::new("t").queue("q")).await.unwrap();
    let mut plain = broker.subscribe(&Topic::new("t")).await.unwrap();
    broker.publish("t", Message::new("before")).await.unwrap();
    assert_eq!(next(&mut queued).await.0, "before");
    assert_eq!(next(&mut plain).await.0, "before");
    server.command("FLUSHALL");
    broker.publish("t", Message::new("after")).await.unwrap();
    assert_eq!(next(&mut queued).await.0, "after");
    assert_eq!(next(&mut plain).await.0, "after");
    assert!(is_quiet(&mut queued, Duration::from_millis(200)).await);
}

/// Empties the stream `t` and adds a message with the id of the last one: what a millisecond may bring.
const ANEW: &str = "EVAL \"local told, id = redis.call('XINFO', 'STREAM', KEYS[1]) \
    for at = 1, #told, 2 do if told[at] == 'last-generated-id' then id = told[at + 1] end end \
    redis.call('DEL', KEYS[1]) return redis.call('XADD', KEYS[1], id, 'body', 'after')\" 1 rmicro:t";

#[tokio::test]
async fn a_stream_that_begins_anew_within_a_millisecond_is_read_from_its_beginning() {
    let Some(server) = Server::start(&[]) else {
        return;
    };
    let broker = server.broker("");
    let mut queued = broker.subscribe(&Topic::new("t").queue("q")).await.unwrap();
    let mut plain = broker.subscribe(&Topic::new("t")).await.unwrap();
    broker.publish("t", Message::new("before")).await.unwrap();
    assert_eq!(next(&mut queued).await.0, "before");
    assert_eq!(next(&mut plain).await.0, "before");
    let answer = server.command(ANEW);
    assert!(answer.starts_with('$'), "{answer}");
    assert_eq!(next(&mut queued).await.0, "after");
    assert_eq!(next(&mut plain).await.0, "after");
}

#[tokio::test]
async fn a_publisher_waits_for_a_server_that_is_away() {
    let Some(mut server) = Server::start(&DURABLE) else {
        return;
    };
    let broker = server.broker("");
    let mut plain = broker.subscribe(&"t".into()).await.unwrap();
    server.kill();
    assert!(broker.connect().await.is_err() || broker.connect().await.is_err());
    let publishing = publish(broker, "t", 1);
    tokio::time::sleep(Duration::from_millis(300)).await;
    assert!(!publishing.is_finished());
    server.restart();
    publishing.await.unwrap();
    assert_eq!(next(&mut plain).await.0, "0");
}
