//! How fast the broker is beside the bare client crate, which does the same commands at the same server in turns: a measure, for a
//! release build and a server in `RMICRO_TEST_REDIS` whose data nobody needs.
//!
//! The bare side is what who knows the crate would write: the same limit of time for an answer and the same room for commands in a
//! connection, and what was read is acknowledged in the same go as more is read. Ratios are taken within a round; the processor
//! time is that of this process, so that others on the machine do not count.
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
    let patient = redis::AsyncConnectionConfig::new()
        .set_response_timeout(Some(link::PATIENCE))
        .set_pipeline_buffer_size(dial::COMMANDS);
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

/// Messages in a second, and microseconds of processor time for each.
#[derive(Clone, Copy)]
struct Figures {
    rate: f64,
    cost: f64,
}

/// A measurement that runs.
struct Begun(std::time::Instant, u64);

impl Begun {
    fn now() -> Self {
        Self(std::time::Instant::now(), core_time())
    }

    fn after(&self, messages: usize) -> Figures {
        let messages = messages as f64;
        Figures {
            rate: messages / self.0.elapsed().as_secs_f64(),
            cost: (core_time() - self.1) as f64 / 1e3 / messages,
        }
    }
}

/// The nanoseconds that the threads of this process have run.
fn core_time() -> u64 {
    let tasks = std::fs::read_dir("/proc/self/task").expect("this is for Linux");
    let told = tasks.flatten().filter_map(|task| {
        let told = std::fs::read_to_string(task.path().join("schedstat")).ok()?;
        told.split_whitespace().next()?.parse::<u64>().ok()
    });
    told.sum()
}

/// Runs `publish` `MESSAGES` times, by so many tasks.
async fn publishing<F>(publish: impl Fn() -> F + Clone + Send + 'static) -> Figures
where
    F: Future<Output = ()> + Send + 'static,
{
    let begun = Begun::now();
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
    begun.after(MESSAGES / PUBLISHERS * PUBLISHERS)
}

async fn bare_publishes(url: &str) -> Figures {
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

async fn ours_publishes(broker: &Redis) -> Figures {
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

async fn bare_consumes(url: &str) -> Figures {
    let mut connection = bare(url).await;
    let mut read = redis::cmd("XREADGROUP");
    read.arg("GROUP").arg("q:q").arg("me");
    read.arg("COUNT")
        .arg(BATCH)
        .arg("STREAMS")
        .arg("bare")
        .arg(">");
    let (begun, mut seen, mut ids) = (Begun::now(), 0, Vec::new());
    while seen < MESSAGES / PUBLISHERS * PUBLISHERS || !ids.is_empty() {
        let mut both = redis::Pipeline::new();
        if !ids.is_empty() {
            let mut ack = redis::cmd("XACK");
            ack.arg("bare").arg("q:q").arg(&ids);
            both.add_command(ack);
        }
        both.add_command(read.clone());
        let answers = connection.send_packed_commands(&both, 0, both.len()).await;
        let entries = reply::read(answers.unwrap().pop().unwrap());
        ids.clear();
        for entry in entries {
            ids.push(entry.id);
            seen += usize::from(entry.message.is_some());
        }
    }
    begun.after(seen)
}

async fn ours_consumes(subscription: &mut Subscription) -> Figures {
    let (begun, mut seen) = (Begun::now(), 0);
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
    begun.after(seen)
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

fn middle(values: impl Iterator<Item = f64>) -> f64 {
    let mut values: Vec<_> = values.collect();
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

/// The ratio of what is done in a second, in the middle of those of all rounds.
fn compare(what: &str, bare: &[Figures], ours: &[Figures]) -> f64 {
    let of = |all: &[Figures], pick: fn(&Figures) -> f64| middle(all.iter().map(pick));
    let ratio = |pick: fn(&Figures) -> f64| {
        let pairs = ours.iter().zip(bare);
        middle(pairs.map(|(ours, bare)| pick(ours) / pick(bare)))
    };
    let rate = ratio(|of| of.rate);
    println!(
        "{what}: {:.0} messages/s, the bare crate {:.0}, {rate:.2} of it; {:.2} us of processor time, {:.2}, {:.2} of it",
        of(ours, |of| of.rate),
        of(bare, |of| of.rate),
        of(ours, |of| of.cost),
        of(bare, |of| of.cost),
        ratio(|of| of.cost),
    );
    rate
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
    let [bare_publishes, ours_publishes, bare_consumes, ours_consumes] = &rates;
    let published = compare("publish", bare_publishes, ours_publishes);
    let consumed = compare("read and acknowledge", bare_consumes, ours_consumes);
    assert!(published >= WANTED && consumed >= WANTED);
}
