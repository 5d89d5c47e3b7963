//! What becomes of deliveries whose handlers are slow, fail or die, and what is told of a server that will not do.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use rmicro_runtime::broker::{Broker, Message, Redis, RedisConfig, Subscription, Topic};
use rmicro_runtime::seam::Seam;
use rmicro_runtime::{Code, Error, Service};

use crate::server::Server;

/// The next body and attempt, which is acknowledged.
pub(crate) async fn next(subscription: &mut Subscription) -> (String, u32) {
    let next = tokio::time::timeout(Duration::from_secs(20), subscription.next()).await;
    let delivery = next
        .expect("a message comes")
        .expect("it is not lost")
        .expect("it does not end");
    let body = String::from_utf8_lossy(&delivery.message().body).into_owned();
    let attempt = delivery.attempt();
    delivery.ack().await.expect("it can be acknowledged");
    (body, attempt)
}

/// Whether nothing comes for `time`.
pub(crate) async fn is_quiet(subscription: &mut Subscription, time: Duration) -> bool {
    tokio::time::timeout(time, subscription.next())
        .await
        .is_err()
}

#[tokio::test]
async fn a_slow_handler_is_not_delivered_to_twice_while_it_lives() {
    let Some(server) = Server::start(&[]) else {
        return;
    };
    let topic = Topic::new("slow").queue("q");
    let (one, other) = (
        server.broker("?claim_after=400ms"),
        server.broker("?claim_after=400ms"),
    );
    let mut slow = one.subscribe(&topic).await.unwrap();
    one.publish("slow", Message::new("x")).await.unwrap();
    let delivery = slow.next().await.unwrap().unwrap();
    let mut quick = other.subscribe(&topic).await.unwrap();
    assert!(is_quiet(&mut quick, Duration::from_millis(2500)).await);
    delivery.ack().await.unwrap();
    assert!(is_quiet(&mut quick, Duration::from_millis(1500)).await);
}

#[tokio::test]
async fn what_a_dead_process_had_comes_again_and_says_so() {
    let Some(server) = Server::start(&[]) else {
        return;
    };
    let topic = Topic::new("dead").queue("q");
    let dies = server.broker("?claim_after=300ms");
    // Its runtime is the process: it ends without a word to the server.
    let process = tokio::runtime::Runtime::new().unwrap();
    let (subscribed, begins) = (topic.clone(), dies.clone());
    let held = process.spawn(async move {
        let mut subscription = begins.subscribe(&subscribed).await.unwrap();
        begins.publish("dead", Message::new("x")).await.unwrap();
        let delivery = subscription.next().await.unwrap().unwrap();
        assert_eq!(delivery.attempt(), 1);
        (subscription, delivery)
    });
    let held = held.await.unwrap();
    process.shutdown_background();
    let mut heir = server
        .broker("?claim_after=300ms")
        .subscribe(&topic)
        .await
        .unwrap();
    assert_eq!(next(&mut heir).await, ("x".to_owned(), 2));
    assert!(is_quiet(&mut heir, Duration::from_millis(1500)).await);
    drop(held);
}

#[tokio::test]
async fn attempts_are_counted_over_all_subscriptions() {
    let Some(server) = Server::start(&[]) else {
        return;
    };
    let topic = Topic::new("count").queue("q");
    let broker = server.broker("");
    drop(broker.subscribe(&topic).await.unwrap());
    broker.publish("count", Message::new("x")).await.unwrap();
    for attempt in [1, 3, 5] {
        let mut subscription = server.broker("").subscribe(&topic).await.unwrap();
        for attempt in [attempt, attempt + 1] {
            let delivery = subscription.next().await.unwrap().unwrap();
            assert_eq!(delivery.attempt(), attempt);
            delivery.requeue().await.unwrap();
        }
        // The third attempt was in the inbox and nobody had it.
        drop(subscription);
        while server
            .command("XINFO CONSUMERS rmicro:count q:q")
            .starts_with("*0")
        {}
    }
}

#[tokio::test]
async fn poison_is_rejected_after_its_attempts_and_does_not_spin() {
    let Some(server) = Server::start(&[]) else {
        return;
    };
    let service = Service::builder("poisoned")
        .registry("memory")
        .transport("memory");
    let service = service.broker(server.url("")).build().unwrap();
    let runs = Arc::new(AtomicUsize::new(0));
    let counted = runs.clone();
    let topic = Topic::new("poison")
        .queue("q")
        .attempts(3)
        .backoff(Duration::from_millis(10));
    let handler = move |_, _: Message| {
        counted.fetch_add(1, Ordering::SeqCst);
        async { Err(Error::internal("no")) }
    };
    service.subscribe(topic, handler).unwrap();
    let running = service.start().await.unwrap();
    service
        .broker()
        .publish("poison", Message::new("x"))
        .await
        .unwrap();
    while runs.load(Ordering::SeqCst) < 3 {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    tokio::time::sleep(Duration::from_millis(1500)).await;
    assert_eq!(runs.load(Ordering::SeqCst), 3);
    running.shutdown().await.unwrap();
    assert_eq!(server.command("XPENDING rmicro:poison q:q"), "*4");
    let mut next = server
        .broker("")
        .subscribe(&Topic::new("poison").queue("q"))
        .await
        .unwrap();
    assert!(is_quiet(&mut next, Duration::from_millis(1500)).await);
}

/// The errors of connecting, publishing and subscribing.
async fn errors(broker: &Redis) -> [Error; 3] {
    [
        broker.connect().await.unwrap_err(),
        broker.publish("t", Message::new("x")).await.unwrap_err(),
        broker.subscribe(&"t".into()).await.unwrap_err(),
    ]
}

#[tokio::test]
async fn a_wrong_password_is_told_at_once_and_not_shown() {
    let Some(server) = Server::start(&["--requirepass", "s3cret"]) else {
        return;
    };
    let config = |password: &str| {
        let config = RedisConfig::from_url(&server.url("")).unwrap();
        Redis::new(config.credentials("", password), Seam::default()).unwrap()
    };
    for error in errors(&config("wr0ng")).await {
        assert_eq!(error.code(), Code::Unauthenticated, "{error:?}");
        assert!(
            error.message().contains("refuses the user or the password"),
            "{error:?}"
        );
        assert!(!format!("{error:?}").contains("wr0ng"), "{error:?}");
    }
    for error in errors(&server.broker("")).await {
        assert_eq!(error.code(), Code::Unauthenticated, "{error:?}");
        assert!(error.message().contains("wants a password"), "{error:?}");
    }
    config("s3cret").connect().await.unwrap();
}

#[tokio::test]
async fn a_key_of_somebody_else_is_told() {
    let Some(server) = Server::start(&[]) else {
        return;
    };
    server.command("SET rmicro:t x");
    let broker = server.broker("");
    broker.connect().await.unwrap();
    for error in [
        broker.publish("t", Message::new("x")).await.unwrap_err(),
        broker.subscribe(&"t".into()).await.unwrap_err(),
    ] {
        assert_eq!(error.code(), Code::FailedPrecondition, "{error:?}");
        assert!(
            error.message().contains("the key \"rmicro:t\""),
            "{error:?}"
        );
    }
}

#[tokio::test]
async fn a_replica_says_that_it_is_one() {
    let Some(primary) = Server::start(&[]) else {
        return;
    };
    let (host, port) = primary.address();
    let Some(replica) = Server::start(&["--replicaof", &format!("{host} {port}")]) else {
        return;
    };
    let broker = replica.broker("");
    for error in [
        broker.publish("t", Message::new("x")).await.unwrap_err(),
        broker.subscribe(&"t".into()).await.unwrap_err(),
    ] {
        assert_eq!(error.code(), Code::FailedPrecondition, "{error:?}");
        assert!(error.message().contains("read-only replica"), "{error:?}");
    }
}
