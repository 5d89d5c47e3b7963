//! Consumers in processes of their own, one of which is killed, or stands still for longer than the others wait for it.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc;
use std::time::Duration;

use rmicro_runtime::broker::{Broker, Message, Redis, Topic};
use rmicro_runtime::seam::Seam;

use crate::server::Server;

const MESSAGES: usize = 4000;
const IN_FLIGHT: usize = 64;

fn topic() -> Topic {
    Topic::new("t").queue("q").in_flight(IN_FLIGHT)
}

/// The consumer, which this program is when it is told so: it says what it has handled and then acknowledges it.
#[tokio::test]
async fn consumer() {
    let Ok(url) = std::env::var("RMICRO_TEST_REDIS_CONSUMER") else {
        return;
    };
    let broker = Redis::from_url(&url, Seam::default()).unwrap();
    let mut subscription = broker.subscribe(&topic()).await.unwrap();
    println!("\nready");
    while let Some(delivery) = subscription.next().await.unwrap() {
        println!(
            "\ngot {}",
            String::from_utf8_lossy(&delivery.message().body)
        );
        delivery.ack().await.unwrap();
    }
}

/// A consumer as a process, whose lines go to `lines` with its number in front.
fn start(server: &Server, number: usize, lines: &mpsc::Sender<(usize, String)>) -> Child {
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "killed::consumer", "--nocapture"])
        .env("RMICRO_TEST_REDIS_CONSUMER", server.url("?claim_after=1s"))
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let (out, lines) = (child.stdout.take().unwrap(), lines.clone());
    std::thread::spawn(move || {
        for line in BufReader::new(out).lines().map_while(Result::ok) {
            if lines.send((number, line)).is_err() {
                return;
            }
        }
    });
    child
}

async fn publish(broker: Redis) {
    for number in 0..MESSAGES {
        let message = Message::new(number.to_string());
        broker.publish("t", message).await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_killed_consumer_loses_nothing() {
    let Some(server) = Server::start(&[]) else {
        return;
    };
    let (send, lines) = mpsc::channel();
    let mut children = [start(&server, 0, &send), start(&server, 1, &send)];
    let next = || {
        lines
            .recv_timeout(Duration::from_secs(30))
            .expect("the consumers say more")
    };
    let mut ready = 0;
    while ready < 2 {
        ready += usize::from(next().1 == "ready");
    }
    let publishing = tokio::spawn(publish(server.broker("")));
    let (mut seen, mut of_first) = (BTreeMap::<String, usize>::new(), 0);
    while seen.len() < MESSAGES {
        let (from, line) = next();
        if let Some(number) = line.strip_prefix("got ") {
            *seen.entry(number.to_owned()).or_default() += 1;
            of_first += usize::from(from == 0);
        }
        if of_first == 500 {
            of_first += 1;
            children[0].kill().unwrap();
        }
    }
    publishing.await.unwrap();
    for mut child in children {
        // The first has ended.
        drop(child.kill());
        child.wait().unwrap();
    }
    let twice: usize = seen.values().map(|times| times - 1).sum();
    println!("lost 0, twice {twice}");
    assert!(of_first > 500, "the first consumer had none");
    assert!(twice <= IN_FLIGHT, "{twice} came twice");
}

/// Sends `signal` to `child`.
fn signal(child: &Child, signal: &str) {
    let sent = Command::new("kill")
        .args([signal, &child.id().to_string()])
        .status();
    assert!(sent.unwrap().success());
}

/// How many messages are in flight.
fn pending(server: &Server) -> String {
    server.command("EVAL \"return redis.call('XPENDING', KEYS[1], 'q:q')[1]\" 1 rmicro:t")
}

/// What was handled, and by whom.
struct Book {
    lines: mpsc::Receiver<(usize, String)>,
    seen: BTreeMap<usize, usize>,
    /// How many the first consumer had.
    of_first: usize,
}

impl Book {
    /// Reads on until `count` numbers were handled, and calls `after_first` with how many the first consumer has had.
    fn until(&mut self, count: usize, mut after_first: impl FnMut(usize)) {
        while self.seen.len() < count {
            let line = self.lines.recv_timeout(Duration::from_secs(30));
            let (from, line) = line.expect("the consumers say more");
            let Some(number) = line.strip_prefix("got ") else {
                continue;
            };
            *self.seen.entry(number.parse().unwrap()).or_default() += 1;
            if from == 0 {
                self.of_first += 1;
                after_first(self.of_first);
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_frozen_consumer_loses_nothing_and_its_late_acks_do_no_harm() {
    const MORE: usize = 200;
    let Some(server) = Server::start(&[]) else {
        return;
    };
    let broker = server.broker("");
    drop(broker.subscribe(&topic()).await.unwrap());
    publish(broker.clone()).await;
    let (send, lines) = mpsc::channel();
    let mut children = [start(&server, 0, &send), start(&server, 1, &send)];
    let (seen, of_first) = (BTreeMap::new(), 0);
    let mut book = Book {
        lines,
        seen,
        of_first,
    };
    // While the first stands still the other gets everything that the first had.
    book.until(MESSAGES, |count| {
        if count == 300 {
            signal(&children[0], "-STOP");
        }
    });
    assert!(book.of_first >= 300, "the first consumer was not frozen");
    signal(&children[0], "-CONT");
    for number in MESSAGES..MESSAGES + MORE {
        let message = Message::new(number.to_string());
        broker.publish("t", message).await.unwrap();
    }
    book.until(MESSAGES + MORE, |_| {});
    while pending(&server) != ":0" {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    for child in &mut children {
        child.kill().unwrap();
        child.wait().unwrap();
    }
    let twice: usize = book.seen.values().map(|times| times - 1).sum();
    println!("lost 0, twice {twice}");
    assert!(twice <= IN_FLIGHT, "{twice} came twice");
    assert!(book.seen.range(MESSAGES..).all(|(_, times)| *times == 1));
}
