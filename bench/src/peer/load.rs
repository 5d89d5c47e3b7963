//! The closed loop: so many slots, each with one call at a time.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, AtomicUsize, Ordering::Relaxed};
use std::time::{Duration, Instant};

use crate::histogram::Histogram;
use crate::settings::Settings;
use crate::{Outcome, cpu};

const WARM_UP: Duration = Duration::from_millis(200);
const MEASURE: Duration = Duration::from_millis(800);
/// A call that takes longer than this is not waited for.
const PATIENCE: Duration = Duration::from_secs(120);

/// Makes one call after another.
pub trait Slot: Send + 'static {
    /// Makes the next call, and says how many messages came back.
    fn turn(&mut self) -> impl Future<Output = Outcome<u64>> + Send;
}

/// What a client has measured.
#[derive(Debug)]
pub struct Measured {
    messages: u64,
    took: Duration,
    latencies: Histogram,
    client: Duration,
    server: Duration,
    client_memory: u64,
    server_memory: u64,
}

impl Measured {
    /// What `meter` shows now; what was counted meanwhile is still to be said.
    pub fn read(meter: &Meter) -> Self {
        let (took, client, server) = meter.read();
        Self {
            messages: 0,
            took,
            latencies: Histogram::default(),
            client,
            server,
            client_memory: cpu::peak_memory(std::process::id()),
            server_memory: cpu::peak_memory(meter.server_pid),
        }
    }

    /// The same with what was counted while it was measured.
    pub fn with(self, messages: u64, latencies: Histogram) -> Self {
        Self {
            messages,
            latencies,
            ..self
        }
    }
}

impl fmt::Display for Measured {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "messages={} seconds={:.6} p50_ns={} p99_ns={} client_ns={} server_ns={} client_kib={} server_kib={}",
            self.messages,
            self.took.as_secs_f64(),
            self.latencies.quantile(0.5),
            self.latencies.quantile(0.99),
            self.client.as_nanos(),
            self.server.as_nanos(),
            self.client_memory,
            self.server_memory
        )
    }
}

/// Time and processor time since it was made.
#[derive(Debug)]
pub struct Meter {
    server_pid: u32,
    begun: Instant,
    client: Duration,
    server: Duration,
}

impl Meter {
    pub fn start(server_pid: u32) -> Self {
        Self {
            server_pid,
            begun: Instant::now(),
            client: cpu::time(std::process::id()),
            server: cpu::time(server_pid),
        }
    }

    fn read(&self) -> (Duration, Duration, Duration) {
        (
            self.begun.elapsed(),
            cpu::time(std::process::id()).saturating_sub(self.client),
            cpu::time(self.server_pid).saturating_sub(self.server),
        )
    }
}

/// Runs every slot in a task of its own, by the clock or for a number of calls.
pub async fn drive<S: Slot>(slots: Vec<S>, settings: &Settings) -> Outcome<Measured> {
    let control = Arc::new(Control::new(settings.requests));
    let tasks: Vec<_> = slots
        .into_iter()
        .map(|slot| tokio::spawn(run(slot, control.clone())))
        .collect();
    let mut meter = Meter::start(settings.server_pid);
    let mut measured = None;
    if settings.requests.is_none() {
        tokio::time::sleep(WARM_UP).await;
        meter = Meter::start(settings.server_pid);
        control.phase.store(MEASURING, Relaxed);
        tokio::time::sleep(MEASURE).await;
        control.phase.store(OVER, Relaxed);
        measured = Some(Measured::read(&meter));
    }
    let (mut messages, mut latencies) = (0, Histogram::default());
    for task in tasks {
        let tally = tokio::time::timeout(PATIENCE, task).await???;
        messages += tally.messages;
        latencies.merge(&tally.latencies);
    }
    let measured = measured.unwrap_or_else(|| Measured::read(&meter));
    Ok(measured.with(messages, latencies))
}

const WARMING: u8 = 0;
const MEASURING: u8 = 1;
const OVER: u8 = 2;

struct Control {
    phase: AtomicU8,
    /// Calls that may still be begun, where they are counted.
    left: Option<AtomicUsize>,
}

impl Control {
    fn new(requests: Option<usize>) -> Self {
        let phase = if requests.is_some() {
            MEASURING
        } else {
            WARMING
        };
        Self {
            phase: AtomicU8::new(phase),
            left: requests.map(AtomicUsize::new),
        }
    }

    fn goes_on(&self) -> bool {
        let take = |left: &AtomicUsize| {
            left.fetch_update(Relaxed, Relaxed, |left| left.checked_sub(1))
                .is_ok()
        };
        self.left.as_ref().is_none_or(take) && self.phase.load(Relaxed) != OVER
    }
}

#[derive(Default)]
struct Tally {
    messages: u64,
    latencies: Histogram,
}

async fn run<S: Slot>(mut slot: S, control: Arc<Control>) -> Outcome<Tally> {
    let mut tally = Tally::default();
    while control.goes_on() {
        let begun = Instant::now();
        let messages = slot.turn().await?;
        if control.phase.load(Relaxed) == MEASURING {
            tally.messages += messages;
            tally.latencies.record(begun.elapsed());
        }
    }
    Ok(tally)
}
