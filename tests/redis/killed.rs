//! Consumers in processes of their own, one of which is killed.

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
