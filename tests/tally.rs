//! What a load came to, and what it cost: for the load tests and their processes.

use std::fmt;
use std::sync::Arc;
use std::time::{Duration, Instant};

use rmicro_runtime::registry::{Cached, Memory, Node, Registry, ServiceInfo};
use rmicro_runtime::seam::Seam;
use rmicro_runtime::selector::RoundRobin;
use rmicro_runtime::transport::Grpc;
use rmicro_runtime::{Client, ClientOptions};

use crate::pb::GreeterService;

/// A stub that calls the node at `address`.
pub async fn greeter_at(address: &str, options: ClientOptions) -> GreeterService {
    let (seam, registry) = (Seam::default(), Memory::new());
    let service = ServiceInfo::new("greeter", "latest").node(Node::new("node", address));
    let ttl = Duration::from_secs(3600);
    registry
        .register(&service, ttl)
        .await
        .expect("memory registers");
    let cached = Arc::new(Cached::new(Arc::new(registry), seam.clone()));
    let selector = Arc::new(RoundRobin::new(&seam.chance));
    let transport = Arc::new(Grpc::new(seam.clone()));
    GreeterService::new(
        "greeter",
        &Client::new(seam, cached, selector, transport, options),
    )
}

/// What came of a load, as `name=number` and so on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tally(Vec<(String, usize)>);

impl Tally {
    /// How much was sent and answered since `begun`.
    pub fn new(sent: usize, answered: usize, begun: Instant) -> Self {
        Self(Vec::new())
            .and("sent", sent)
            .and("answered", answered)
            .and("lost", sent.saturating_sub(answered))
            .and("ms", begun.elapsed().as_millis() as usize)
    }

    /// Adds a number.
    #[must_use]
    pub fn and(mut self, name: &str, number: usize) -> Self {
        self.0.push((name.to_owned(), number));
        self
    }

    /// Reads what a process has printed.
    pub fn parse(line: &str) -> Option<Self> {
        let pairs = line.split_whitespace().map(|pair| {
            let (name, number) = pair.split_once('=')?;
            Some((name.to_owned(), number.parse().ok()?))
        });
        pairs.collect::<Option<_>>().map(Self)
    }

    /// The number called `name`.
    pub fn get(&self, name: &str) -> usize {
        let found = self.0.iter().find(|(known, _)| known == name);
        found.unwrap_or_else(|| panic!("no {name} in {self}")).1
    }
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let pairs = self
            .0
            .iter()
            .map(|(name, number)| format!("{name}={number}"));
        f.write_str(&pairs.collect::<Vec<_>>().join(" "))
    }
}

/// The resident memory of this process, in bytes.
pub fn memory_now() -> usize {
    memory_of("self", "VmRSS:")
}

/// The most that it ever was.
pub fn memory_peak() -> usize {
    memory_of("self", "VmHWM:")
}

/// A line of `/proc/PROCESS/status` that is in kB, in bytes.
pub fn memory_of(process: &str, name: &str) -> usize {
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).expect("it is there");
    let line = status.lines().find_map(|line| line.strip_prefix(name));
    let kilobytes = line.and_then(|line| line.trim().trim_end_matches(" kB").parse::<usize>().ok());
    kilobytes.expect("the line is there") * 1024
}

/// How many sockets this process has open.
pub fn sockets() -> usize {
    let open = std::fs::read_dir("/proc/self/fd").expect("it is there");
    let targets = open.filter_map(|entry| std::fs::read_link(entry.ok()?.path()).ok());
    targets
        .filter(|target| target.to_string_lossy().starts_with("socket:"))
        .count()
}

/// The time below which `percent` of `times` lie.
pub fn percentile(mut times: Vec<Duration>, percent: usize) -> Duration {
    times.sort_unstable();
    times[(times.len() * percent / 100).min(times.len() - 1)]
}
