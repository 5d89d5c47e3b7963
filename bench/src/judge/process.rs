//! Servers, clients and spinners as processes of their own, each on its processor; all of them end with their guard.

use std::io::{BufRead as _, BufReader, Read as _};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::time::{Duration, Instant};

use crate::Outcome;
use crate::cases::Case;
use crate::options::Options;

const SERVER_CPU: &str = "0";
const CLIENT_CPU: &str = "1";
/// A client that has not ended by then is killed.
const PATIENCE: Duration = Duration::from_secs(20);
/// How many times slower a program is under valgrind, at most.
const TIMES_SLOWER: &str = "1000";
/// How long spinners live at most, in seconds.
const SPINNING: &str = "3600";

/// A process that is killed, and waited for, when this is dropped.
#[derive(Debug)]
pub struct Guard(pub Child);

impl Drop for Guard {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

impl Guard {
    /// Waits for the end; what takes longer than `limit` is an error.
    pub fn wait(&mut self, limit: Duration) -> Outcome<()> {
        let end = Instant::now() + limit;
        loop {
            match self.0.try_wait()? {
                Some(status) if status.success() => return Ok(()),
                Some(status) => return Err(format!("a process ended with {status}").into()),
                None if Instant::now() > end => return Err("a process did not end in time".into()),
                None => std::thread::sleep(Duration::from_millis(2)),
            }
        }
    }
}

/// One process per processor that only keeps it awake: waking up a sleeping virtual processor takes up to milliseconds.
pub fn spinners(options: &Options) -> Outcome<Vec<Guard>> {
    [SERVER_CPU, CLIENT_CPU]
        .iter()
        .map(|cpu| {
            let mut command = Command::new("taskset");
            command
                .args(["-c", cpu, "chrt", "--idle", "0"])
                .arg(&options.peer);
            command.args(["spin", SPINNING]).stdin(Stdio::null());
            Ok(Guard(command.spawn()?))
        })
        .collect()
}

/// A server that listens.
#[derive(Debug)]
pub struct Server {
    pub process: Guard,
    pub address: String,
    stdin: Option<ChildStdin>,
}

impl Server {
    /// Starts the server of `stack`, under `tool` where that is not empty.
    pub fn start(options: &Options, stack: &str, tool: &[String]) -> Outcome<Self> {
        let mut command = pinned(SERVER_CPU, tool);
        command
            .args(program(options, stack)?)
            .args(["server", stack]);
        if !tool.is_empty() {
            command.arg(TIMES_SLOWER);
        }
        command.stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut process = Guard(command.spawn()?);
        let stdout = process.0.stdout.take().ok_or("no stdout")?;
        let mut line = String::new();
        BufReader::new(stdout).read_line(&mut line)?;
        let address = line
            .trim()
            .strip_prefix("listening ")
            .ok_or("the server did not start")?;
        Ok(Self {
            address: address.to_owned(),
            stdin: process.0.stdin.take(),
            process,
        })
    }

    pub fn pid(&self) -> u32 {
        self.process.0.id()
    }

    /// Has the server end by itself.
    pub fn stop(mut self, limit: Duration) -> Outcome<()> {
        drop(self.stdin.take());
        self.process.wait(limit)
    }
}

/// What a client prints.
#[derive(Clone, Copy, Debug, Default)]
pub struct Figures {
    pub per_second: f64,
    /// Microseconds of processor time for each message.
    pub server_cpu: f64,
    pub client_cpu: f64,
    pub p50: f64,
    pub p99: f64,
    pub server_mib: f64,
    pub client_mib: f64,
    /// Which part of the time the server ran.
    pub server_busy: f64,
    pub client_busy: f64,
}

/// Runs a client of `stack` against `server` for `case`.
pub fn client(options: &Options, stack: &str, case: &Case, server: &Server) -> Outcome<Figures> {
    let words = [
        format!("address={}", server.address),
        format!("server_pid={}", server.pid()),
    ];
    let mut command = pinned(CLIENT_CPU, &[]);
    command
        .args(program(options, stack)?)
        .args(["client", stack]);
    command.args(case.words()).args(words);
    let text = output(command, PATIENCE)?;
    Figures::parse(&text).map_err(|error| format!("{stack} {}: {error}: {text}", case.name).into())
}

/// Runs a client for a number of requests.
pub fn counted_client(
    options: &Options,
    stack: &str,
    case: &Case,
    server: &Server,
    tool: &[String],
    requests: usize,
) -> Outcome<()> {
    let words = [
        format!("address={}", server.address),
        format!("requests={requests}"),
    ];
    let mut command = pinned(CLIENT_CPU, tool);
    command
        .args(program(options, stack)?)
        .args(["client", stack]);
    command.args(case.words()).args(words);
    output(command, Duration::from_secs(120)).map(drop)
}

fn output(mut command: Command, limit: Duration) -> Outcome<String> {
    let mut process = Guard(
        command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()?,
    );
    process.wait(limit)?;
    let mut text = String::new();
    process
        .0
        .stdout
        .take()
        .ok_or("no stdout")?
        .read_to_string(&mut text)?;
    Ok(text)
}

/// A command on one processor.
fn pinned(cpu: &str, tool: &[String]) -> Command {
    let mut command = Command::new("taskset");
    command.args(["-c", cpu]);
    if tool.is_empty() {
        command.stderr(Stdio::inherit());
    } else {
        command.args(tool).stderr(Stdio::null());
    }
    command
}

fn program(options: &Options, stack: &str) -> Outcome<[std::path::PathBuf; 1]> {
    let path = match stack {
        "grpc-go" => options
            .go_peer
            .as_ref()
            .ok_or("grpc-go's peer is not there")?,
        _ => &options.peer,
    };
    Ok([path.clone()])
}

impl Figures {
    fn parse(text: &str) -> Outcome<Self> {
        let value = |name: &str| -> Outcome<f64> {
            let pair = text
                .split_whitespace()
                .find_map(|word| word.strip_prefix(name)?.strip_prefix('='));
            Ok(pair.ok_or_else(|| format!("no {name}"))?.parse()?)
        };
        let (messages, seconds) = (value("messages")?, value("seconds")?);
        if messages < 1.0 {
            return Err("nothing came back".into());
        }
        let (server, client) = (value("server_ns")?, value("client_ns")?);
        Ok(Self {
            per_second: messages / seconds,
            server_cpu: server / messages / 1e3,
            client_cpu: client / messages / 1e3,
            p50: value("p50_ns")? / 1e3,
            p99: value("p99_ns")? / 1e3,
            server_mib: value("server_kib")? / 1024.0,
            client_mib: value("client_kib")? / 1024.0,
            server_busy: server / seconds / 1e9,
            client_busy: client / seconds / 1e9,
        })
    }
}
