//! Servers and clients in processes of their own.

use std::process::Stdio;
use std::time::Duration;

use rmicro_tests::tally::{Tally, memory_of};
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, ChildStdout, Command};
use tokio::time::timeout;

/// A `load_node`; it ends with the test.
pub(crate) struct Node {
    process: Child,
    address: String,
}

impl Node {
    /// Starts a node that takes `streams` calls at a time on a connection, when that is said.
    pub(crate) async fn start(streams: Option<usize>) -> Self {
        let streams = streams.map(|streams| streams.to_string());
        let arguments: Vec<_> = streams.iter().map(String::as_str).collect();
        let mut process = start(env!("CARGO_BIN_EXE_load_node"), &arguments);
        let address = line(&mut process).await;
        Self { process, address }
    }

    /// Runs a `load_caller` against it.
    pub(crate) async fn load(&self, scenario: &str) -> Tally {
        self.load_beside(scenario, self).await
    }

    /// Runs a `load_caller` against it that compares it with `other`.
    pub(crate) async fn load_beside(&self, scenario: &str, other: &Self) -> Tally {
        let mut caller = start(
            env!("CARGO_BIN_EXE_load_caller"),
            &[scenario, &self.address, &other.address],
        );
        let line = line(&mut caller).await;
        Tally::parse(&line).unwrap_or_else(|| panic!("{scenario} ended with {line:?}"))
    }

    /// A line of its `/proc/PID/status`, in bytes.
    pub(crate) fn memory(&self, name: &str) -> usize {
        let id = self.process.id().expect("it runs");
        memory_of(&id.to_string(), name)
    }
}

/// Starts `program` with as many descriptors as the tests may need.
fn start(program: &str, arguments: &[&str]) -> Child {
    Command::new("sh")
        .args(["-c", "ulimit -n 4096; exec \"$0\" \"$@\"", program])
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .expect("a shell is there")
}

/// The first line that a process prints.
async fn line(process: &mut Child) -> String {
    let output: &mut ChildStdout = process.stdout.as_mut().expect("it is piped");
    let mut line = String::new();
    let reading = async { BufReader::new(output).read_line(&mut line).await };
    let limit = Duration::from_secs(120);
    timeout(limit, reading)
        .await
        .expect("it says something in time")
        .expect("it is text");
    line.trim().to_owned()
}
