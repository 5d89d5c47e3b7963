//! A client at 1 kHz through the SIGTERM of one of two nodes, each a process of its own: nothing is lost.

#![cfg(unix)]

use std::process::Stdio;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use rmicro_runtime::Service;
use rmicro_tests::hello;
use rmicro_tests::pb::GreeterService;
use tokio::io::{AsyncBufReadExt, BufReader, Lines};
use tokio::process::{Child, ChildStderr, Command};
use tokio::task::JoinSet;
use tokio::time::{interval, timeout};

const ROUNDS: usize = 20;
const LIMIT: Duration = Duration::from_secs(15);

/// A node in a process of its own, killed when the test gives up.
struct Node {
    process: Child,
    log: Lines<BufReader<ChildStderr>>,
}

impl Node {
    /// Starts a node and waits until it says that it is registered.
    async fn start(registry: &str) -> Self {
        let mut process = Command::new(env!("CARGO_BIN_EXE_greeter_node"))
            .args(["--registry", registry, "--server_address", "127.0.0.1:0"])
            .stderr(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .expect("the node starts");
        let log = BufReader::new(process.stderr.take().expect("it is piped")).lines();
        let mut node = Self { process, log };
        node.says("Registering node").await;
        node
    }

    /// Waits for a line of the log with `text`.
    async fn says(&mut self, text: &str) {
        let reading = async {
            while let Some(line) = self.log.next_line().await.expect("the log is text") {
                if line.contains(text) {
                    return;
                }
            }
            panic!("the node ended without saying {text:?}");
        };
        timeout(LIMIT, reading)
            .await
            .expect("the node says it in time");
    }

    fn id(&self) -> String {
        self.process.id().expect("it runs").to_string()
    }

    /// Sends SIGTERM and waits for the clean end.
    async fn terminate(mut self) {
        let sent = Command::new("kill")
            .args(["-TERM", &self.id()])
            .status()
            .await;
        assert!(sent.expect("kill runs").success());
        self.says("Deregistering node").await;
        let ended = timeout(LIMIT, self.process.wait())
            .await
            .expect("it ends in time");
        assert!(
            ended.expect("it ends").success(),
            "the node ends with exit code 0"
        );
    }
}

/// What became of the calls.
#[derive(Default)]
struct Tally {
    sent: AtomicUsize,
    answered: AtomicUsize,
}

/// Sends a call each millisecond until `ended` is ready; every tenth takes 30 ms to answer.
async fn call_at_1_khz(
    greeter: &GreeterService,
    tally: &Arc<Tally>,
    ended: impl Future<Output = ()>,
) -> Vec<String> {
    let mut ended = std::pin::pin!(ended);
    let (mut ticks, mut calls, mut errors) = (
        interval(Duration::from_millis(1)),
        JoinSet::new(),
        Vec::new(),
    );
    loop {
        tokio::select! {
            biased;
            () = &mut ended => break,
            Some(call) = calls.join_next() => errors.extend(call.expect("no call panics")),
            _ = ticks.tick() => {
                let number = tally.sent.fetch_add(1, Ordering::SeqCst);
                let name = if number.is_multiple_of(10) { "slowly" } else { "at once" };
                let (greeter, tally) = (greeter.clone(), tally.clone());
                calls.spawn(async move {
                    match greeter.hello(hello(name)).await {
                        Ok(_) => drop(tally.answered.fetch_add(1, Ordering::SeqCst)),
                        Err(error) => return Some(format!("{error:?}")),
                    }
                    None
                });
            }
        }
    }
    errors.extend(calls.join_all().await.into_iter().flatten());
    errors
}

/// Waits until calls are answered by the node with this id.
async fn answers(greeter: &GreeterService, id: &str) {
    let asking = async {
        while greeter
            .hello(hello("at once"))
            .await
            .expect("a node is there")
            .message
            != id
        {}
    };
    timeout(LIMIT, asking)
        .await
        .expect("the new node gets calls");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_call_is_lost_when_one_of_two_nodes_is_terminated() {
    let registry = format!("mdns://shutdown-{}?interface=lo", std::process::id());
    let stays = Node::start(&registry).await;
    let service = Service::builder("caller")
        .registry(registry.as_str())
        .selector("round_robin");
    let service = service.build().expect("the settings are good");
    let greeter = GreeterService::new("greeter", service.client());
    let tally = Arc::new(Tally::default());
    for round in 0..ROUNDS {
        let leaves = Node::start(&registry).await;
        answers(&greeter, &leaves.id()).await;
        let going = async {
            tokio::time::sleep(Duration::from_millis(100)).await;
            leaves.terminate().await;
            tokio::time::sleep(Duration::from_millis(100)).await;
        };
        let errors = call_at_1_khz(&greeter, &tally, going).await;
        assert!(
            errors.is_empty(),
            "round {round}: {} lost, first: {}",
            errors.len(),
            errors[0]
        );
    }
    let sent = tally.sent.load(Ordering::SeqCst);
    let answered = tally.answered.load(Ordering::SeqCst);
    println!(
        "{ROUNDS} shutdowns: {sent} sent, {answered} answered, {} lost",
        sent - answered
    );
    assert_eq!(sent, answered);
    assert!(sent > ROUNDS * 300, "only {sent} calls were sent");
    stays.terminate().await;
}
