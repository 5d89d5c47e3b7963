//! A publisher: numbered messages, each in the book with when it began, when it ended and how.

use std::fmt::Write as _;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use rmicro_runtime::broker::Message;
use rmicro_runtime::{Error, Publisher, Result, Service};
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep_until};

/// How long one message may take: longer than any outage.
const LIMIT: Duration = Duration::from_secs(20);

/// What all workers share.
struct Work {
    publisher: Publisher,
    next: AtomicU64,
    count: u64,
    body: Vec<u8>,
    /// When each message may leave, where there is a rate.
    begun: Instant,
    rate: u64,
}

/// Publishes as `numbers` say: how many, of which size, how many at a time, and how many a second, 0 for as many as it can.
pub(super) async fn run(book: &str, numbers: &[u64], service: Service) -> Result<()> {
    let [count, size, concurrency, rate] = numbers[..] else {
        return Err(Error::invalid_argument("COUNT SIZE CONCURRENCY RATE"));
    };
    let can = service.broker().capabilities();
    let work = Arc::new(Work {
        publisher: service.publisher().clone(),
        next: AtomicU64::new(0),
        count,
        body: vec![b'x'; size as usize],
        begun: Instant::now(),
        rate,
    });
    let mut workers = JoinSet::new();
    for _ in 0..concurrency {
        workers.spawn(work.clone().work());
    }
    let mut text = format!("at_least_once {}\n", can.at_least_once);
    for part in workers.join_all().await {
        text.push_str(&part);
    }
    let took = work.begun.elapsed();
    service.broker().disconnect().await?;
    println!("published in {:.1} s", took.as_secs_f32());
    std::fs::write(book, text).map_err(super::failed)
}

impl Work {
    /// Publishes what is next until there is nothing; gives its part of the book.
    async fn work(self: Arc<Self>) -> String {
        let mut part = String::new();
        loop {
            let number = self.next.fetch_add(1, Ordering::Relaxed);
            if number >= self.count {
                return part;
            }
            if let Some(nanoseconds) = (number * 1_000_000_000).checked_div(self.rate) {
                sleep_until(self.begun + Duration::from_nanos(nanoseconds)).await;
            }
            let message = Message::new(self.body.clone()).header("number", number.to_string());
            let begun = super::now();
            let published = self
                .publisher
                .publish(super::TOPIC, &message)
                .timeout(LIMIT)
                .await;
            let ended = super::now();
            if let Err(error) = &published {
                eprintln!("{number}: {error:?}");
            }
            let ok = if published.is_ok() { "ok" } else { "failed" };
            // Writing into a String cannot fail.
            let _ = writeln!(part, "{number} {begun} {ended} {ok}");
        }
    }
}
