//! A subscriber: how often each number came is in the book at its end.

use std::fmt::Write as _;
use std::sync::{Arc, Mutex, PoisonError};

use rmicro_runtime::broker::{Message, Topic};
use rmicro_runtime::{Context, Error, Result, Service};

/// How often each number came, and how many have come.
#[derive(Default)]
struct Seen {
    times: Vec<u32>,
    numbers: usize,
}

/// Takes what comes until SIGTERM; says `all` when it has seen as many numbers as `numbers` says.
pub(super) async fn run(book: &str, numbers: &[u64], service: Service) -> Result<()> {
    let [count] = numbers[..] else {
        return Err(Error::invalid_argument("COUNT"));
    };
    let seen = Arc::new(Mutex::new(Seen::default()));
    let kept = seen.clone();
    let topic = Topic::new(super::TOPIC).queue("books").in_flight(1024);
    service.subscribe(topic, move |_: Context, message: Message| {
        let taken = take(&kept, &message, count);
        std::future::ready(taken)
    })?;
    service.run().await?;
    let seen = seen.lock().unwrap_or_else(PoisonError::into_inner);
    let mut text = String::new();
    for (number, times) in seen
        .times
        .iter()
        .enumerate()
        .filter(|(_, times)| **times > 0)
    {
        // Writing into a String cannot fail.
        let _ = writeln!(text, "{number} {times}");
    }
    std::fs::write(book, text).map_err(super::failed)
}

fn take(seen: &Mutex<Seen>, message: &Message, count: u64) -> Result<()> {
    let number = message
        .header
        .get("number")
        .and_then(|number| number.parse().ok());
    let number: usize = number.ok_or_else(|| Error::invalid_argument("no number"))?;
    let mut seen = seen.lock().unwrap_or_else(PoisonError::into_inner);
    if seen.times.len() <= number {
        seen.times.resize(number + 1, 0);
    }
    seen.times[number] += 1;
    if seen.times[number] == 1 {
        seen.numbers += 1;
        if seen.numbers as u64 == count {
            println!("all");
        }
    }
    Ok(())
}
