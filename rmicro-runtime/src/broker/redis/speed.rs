//! How fast the broker is beside the bare client crate, which does the same commands at the same server in turns: a measure, for a
//! release build and a server in `RMICRO_TEST_REDIS` whose data nobody needs.
//!
//! `cargo test --release -p rmicro-runtime --features redis --lib broker::redis::speed -- --ignored --nocapture`

use std::pin::Pin;
use std::task::Poll;

use redis::aio::MultiplexedConnection;

use super::*;
use crate::broker::Delivery;

const MESSAGES: usize = 200_000;
const PUBLISHERS: usize = 64;
/// How many messages are read and acknowledged at once.
const BATCH: usize = 256;
const ROUNDS: usize = 5;
const WANTED: f64 = 0.9;

/// A connection of the bare crate.
async fn bare(url: &str) -> MultiplexedConnection {
    let address = RedisConfig::from_url(url).unwrap().address;
    let socket = Seam::default().net.connect(&address).await.unwrap();
    let patient = redis::AsyncConnectionConfig::new().set_response_timeout(None);
    let who = redis::RedisConnectionInfo::default();
    let connected = MultiplexedConnection::new_with_config(&who, socket, patient).await;
    let (connection, driver) = connected.unwrap();
    tokio::spawn(driver);
    connection
}

async fn ask(connection: &mut MultiplexedConnection, words: &[&str]) -> redis::Value {
    let mut command = redis::cmd(words[0]);
    for word in &words[1..] {
        command.arg(*word);
    }
    let answer = connection.send_packed_command(&command).await;
    answer.unwrap().extract_error().unwrap()
}

/// Runs `publish` `MESSAGES` times, by so many tasks, and gives how many that is in a second.
async fn publishing<F>(publish: impl Fn() -> F + Clone + Send + 'static) -> f64
where
    F: Future<Output = ()> + Send + 'static,
{
    let begun = std::time::Instant::now();
    let tasks = (0..PUBLISHERS).map(|_| {
        let publish = publish.clone();
        tokio::spawn(async move {
            for _ in 0..MESSAGES / PUBLISHERS {
                publish().await;
            }
        })
    });
    for task in tasks.collect::<Vec<_>>() {
        task.await.unwrap();
    }
    MESSAGES as f64 / begun.elapsed().as_secs_f64()
}

async fn bare_publishes(url: &str) -> f64 {
    let connection = bare(url).await;
    publishing(move || {
        let mut connection = connection.clone();
        async move {
            ask(
                &mut connection,
                &[
                    "XADD",
                    "bare",
                    "*",
                    "header:id",
                    "7",
                    "body",
                    "0123456789abcdef",
                ],
            )
            .await;
        }
    })
    .await
}

async fn ours_publishes(broker: &Redis) -> f64 {
    let broker = broker.clone();
    publishing(move || {
        let broker = broker.clone();
        async move {
            let message = Message::new("0123456789abcdef").header("id", "7");
            broker.publish("ours", message).await.unwrap();
        }
    })
    .await
}

async fn bare_consumes(url: &str) -> f64 {
    let mut connection = bare(url).await;
    let count = BATCH.to_string();
    let read = [
        "XREADGROUP",
        "GROUP",
        "q:q",
        "me",
        "COUNT",
        &count,
        "STREAMS",
        "bare",
        ">",
    ];
    let (begun, mut seen) = (std::time::Instant::now(), 0);
    while seen < MESSAGES / PUBLISHERS * PUBLISHERS {
        let entries = reply::read(ask(&mut connection, &read).await);
        let ids: Vec<_> = entries.iter().map(|entry| entry.id.to_string()).collect();
        let ack = ["XACK", "bare", "q:q"]
            .into_iter()
            .chain(ids.iter().map(String::as_str));
        ask(&mut connection, &ack.collect::<Vec<_>>()).await;
        seen += entries
            .iter()
            .filter(|entry| entry.message.is_some())
            .count();
    }
    seen as f64 / begun.elapsed().as_secs_f64()
}

async fn ours_consumes(subscription: &mut Subscription) -> f64 {
    let (begun, mut seen) = (std::time::Instant::now(), 0);
    while seen < MESSAGES / PUBLISHERS * PUBLISHERS {
        let mut batch = vec![subscription.next().await.unwrap().unwrap()];
        while batch.len() < BATCH
            && let Poll::Ready(next) = at_hand(subscription).await
        {
            batch.push(next);
        }
        seen += batch.len();
        acknowledge(batch).await;
    }
    seen as f64 / begun.elapsed().as_secs_f64()
}

/// The next delivery, if there is one.
async fn at_hand(subscription: &mut Subscription) -> Poll<Delivery> {
    let mut next = std::pin::pin!(subscription.next());
    std::future::poll_fn(|cx| Poll::Ready(next.as_mut().poll(cx)))
        .await
        .map(|next| next.unwrap().unwrap())
}

/// Acknowledges all of them at the same time.
async fn acknowledge(batch: Vec<Delivery>) {
    let mut acks: Vec<Pin<Box<_>>> = batch
        .into_iter()
        .map(|delivery| Box::pin(delivery.ack()))
        .collect();
    std::future::poll_fn(|cx| {
        acks.retain_mut(|ack| ack.as_mut().poll(cx).is_pending());
        if acks.is_empty() {
            Poll::Ready(())
        } else {
            Poll::Pending
        }
    })
    .await;
}

fn compare(what: &str, bare: &mut [f64], ours: &mut [f64]) -> f64 {
    let middle = |rates: &mut [f64]| {
        rates.sort_by(f64::total_cmp);
        rates[rates.len() / 2]
    };
    let (bare, ours) = (middle(bare), middle(ours));
    println!(
        "{what}: {ours:.0} messages/s, the bare crate {bare:.0}, {:.2} of it",
        ours / bare
    );
    ours / bare
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "a measure, for a release build and a server"]
async fn it_keeps_up_with_the_bare_crate() {
    let Ok(url) = std::env::var("RMICRO_TEST_REDIS") else {
        return;
    };
    let mut rates = [const { Vec::new() }; 4];
    for _ in 0..ROUNDS {
        let mut connection = bare(&url).await;
        ask(&mut connection, &["FLUSHALL"]).await;
        ask(
            &mut connection,
            &["XGROUP", "CREATE", "bare", "q:q", "$", "MKSTREAM"],
        )
        .await;
        let broker = Redis::from_url(&url, Seam::default()).unwrap();
        drop(
            broker
                .subscribe(&Topic::new("ours").queue("q"))
                .await
                .unwrap(),
        );
        rates[0].push(bare_publishes(&url).await);
        rates[1].push(ours_publishes(&broker).await);
        rates[2].push(bare_consumes(&url).await);
        let topic = Topic::new("ours").queue("q").in_flight(4 * BATCH);
        let mut subscription = broker.subscribe(&topic).await.unwrap();
        rates[3].push(ours_consumes(&mut subscription).await);
        broker.disconnect().await.unwrap();
    }
    let [bare_publishes, ours_publishes, bare_consumes, ours_consumes] = &mut rates;
    let published = compare("publish", bare_publishes, ours_publishes);
    let consumed = compare("read and acknowledge", bare_consumes, ours_consumes);
    assert!(published >= WANTED && consumed >= WANTED);
}
