//! The closed loop: publishers that wait for each confirmation, and a subscriber that counts.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};
use std::time::{Duration, Instant};

use crate::cases::Case;
use crate::{Outcome, cpu};

const WARM_UP: Duration = Duration::from_millis(150);
const MEASURE: Duration = Duration::from_millis(500);
/// However fast it goes, no more is published in one measurement.
const MOST: u64 = 50_000_000;
/// What takes longer has broken.
const PATIENCE: Duration = Duration::from_secs(10);

/// A way to publish and subscribe.
pub trait Way: Send + Sync + Sized + 'static {
    /// What has been subscribed to.
    type Incoming: Send;

    /// Subscribes, and waits until the server knows it.
    fn subscribe(&self) -> impl Future<Output = Outcome<Self::Incoming>> + Send;

    /// Takes the next message, and says how many bytes its body has.
    fn next(incoming: &mut Self::Incoming) -> impl Future<Output = Outcome<usize>> + Send;

    /// Publishes a message with a body of the size of the case, and waits for its confirmation.
    fn publish(&self) -> impl Future<Output = Outcome<()>> + Send;
}

/// What was measured.
#[derive(Clone, Copy, Debug)]
pub struct Figures {
    /// Messages that the subscriber got in a second.
    pub per_second: f64,
    /// Microseconds of processor time, user and system, of publishers and subscriber together for each of them.
    pub cpu: f64,
    /// The same of the server.
    pub server_cpu: f64,
}

/// Measures `way`; the server is the process `server`, 0 where there is none.
pub async fn measure<W: Way>(way: W, case: &Case, server: u32) -> Outcome<Figures> {
    let (way, over) = (Arc::new(way), Arc::new(AtomicBool::new(false)));
    let received = Arc::new(AtomicU64::new(0));
    let subscriber = tokio::spawn(count::<W>(
        way.subscribe().await?,
        received.clone(),
        case.size,
    ));
    let share = MOST / case.publishers as u64;
    let publishers: Vec<_> = (0..case.publishers)
        .map(|_| tokio::spawn(publish(way.clone(), over.clone(), share)))
        .collect();
    tokio::time::sleep(WARM_UP).await;
    let before = Reading::now(&received, server);
    tokio::time::sleep(MEASURE).await;
    let after = Reading::now(&received, server);
    over.store(true, Relaxed);
    let (mut confirmed, end) = (0, Instant::now() + PATIENCE);
    for publisher in publishers {
        confirmed += tokio::time::timeout(PATIENCE, publisher).await???;
    }
    while received.load(Relaxed) < confirmed {
        if subscriber.is_finished() || Instant::now() > end {
            let got = received.load(Relaxed);
            return Err(format!("{confirmed} messages were confirmed, {got} came").into());
        }
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    subscriber.abort();
    Ok(after.since(&before))
}

struct Reading {
    at: Instant,
    received: u64,
    own: Duration,
    server: Duration,
}

impl Reading {
    fn now(received: &AtomicU64, server: u32) -> Self {
        Self {
            at: Instant::now(),
            received: received.load(Relaxed),
            own: cpu::time(std::process::id()),
            server: cpu::time(server),
        }
    }

    fn since(&self, before: &Self) -> Figures {
        let messages = (self.received - before.received) as f64;
        let micros =
            |now: Duration, then: Duration| now.saturating_sub(then).as_secs_f64() * 1e6 / messages;
        Figures {
            per_second: messages / (self.at - before.at).as_secs_f64(),
            cpu: micros(self.own, before.own),
            server_cpu: micros(self.server, before.server),
        }
    }
}

async fn publish<W: Way>(way: Arc<W>, over: Arc<AtomicBool>, most: u64) -> Outcome<u64> {
    let mut confirmed = 0;
    while confirmed < most && !over.load(Relaxed) {
        way.publish().await?;
        confirmed += 1;
    }
    Ok(confirmed)
}

async fn count<W: Way>(
    mut incoming: W::Incoming,
    received: Arc<AtomicU64>,
    size: usize,
) -> Outcome<()> {
    loop {
        let length = W::next(&mut incoming).await?;
        if length != size {
            return Err(format!("a body of {length} bytes came instead of {size}").into());
        }
        received.fetch_add(1, Relaxed);
    }
}
