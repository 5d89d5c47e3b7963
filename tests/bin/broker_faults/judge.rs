//! Compares the books with what the broker promises, and writes a row of the table.

use std::collections::BTreeMap;
use std::{fs, io};

/// How long after its outage a broker may still lose: until its subscribers are back, too.
const AFTER: u64 = 3_000;

/// A line of the publisher's book.
struct Published {
    begun: u64,
    ended: u64,
    ok: bool,
}

#[derive(Default)]
struct Count {
    confirmed: usize,
    twice: usize,
    lost: usize,
    /// What was lost, twice or refused without reason.
    wrong: Vec<String>,
}

/// Prints a row, and whether it is as promised: a confirmed message that did not come is lost. `outage` is its begin and its end in
/// milliseconds, or nothing.
pub(super) fn run(
    backend: &str,
    fault: &str,
    published: &str,
    received: &str,
    outage: &[u64],
) -> io::Result<()> {
    let (published, received) = (
        fs::read_to_string(published)?,
        fs::read_to_string(received)?,
    );
    let at_least_once = published.starts_with("at_least_once true");
    let sent = published_of(&published);
    let came = received_of(&received);
    let mut count = Count::default();
    for (number, message) in &sent {
        let during =
            matches!(outage, [from, to] if message.ended >= *from && message.begun <= to + AFTER);
        let times = came.get(number).copied().unwrap_or_default();
        count.add(*number, message, times, during, at_least_once);
    }
    let promise = if at_least_once {
        "at least once"
    } else {
        "at most once"
    };
    println!(
        "row {backend:<6} {fault:<26} {:>8} {:>9} {:>8} {:>5} {:>4}  {promise}",
        sent.len(),
        count.confirmed,
        came.len(),
        count.twice,
        count.lost
    );
    let name = format!("{backend}: {fault}");
    match &count.wrong[..] {
        _ if count.confirmed == 0 => println!("FAILED {name}: nothing was confirmed"),
        [] => println!("ok {name}"),
        [first, ..] => println!(
            "FAILED {name}: {} messages, the first {first}",
            count.wrong.len()
        ),
    }
    Ok(())
}

impl Count {
    fn add(
        &mut self,
        number: u64,
        message: &Published,
        times: u32,
        during: bool,
        at_least_once: bool,
    ) {
        self.confirmed += usize::from(message.ok);
        self.twice += usize::from(times > 1);
        let lost = message.ok && times == 0;
        self.lost += usize::from(lost);
        if lost && (at_least_once || !during) {
            self.wrong
                .push(format!("{number} was confirmed and is lost"));
        }
        if times > 1 && !(at_least_once && during) {
            self.wrong.push(format!("{number} came {times} times"));
        }
        if !message.ok && !during {
            self.wrong
                .push(format!("{number} was refused without an outage"));
        }
    }
}

fn published_of(book: &str) -> BTreeMap<u64, Published> {
    let lines = book.lines().skip(1).filter_map(|line| {
        let words: Vec<_> = line.split(' ').collect();
        let [number, begun, ended, ok] = words[..] else {
            return None;
        };
        let message = Published {
            begun: begun.parse().ok()?,
            ended: ended.parse().ok()?,
            ok: ok == "ok",
        };
        Some((number.parse().ok()?, message))
    });
    lines.collect()
}

fn received_of(book: &str) -> BTreeMap<u64, u32> {
    let lines = book.lines().filter_map(|line| {
        let (number, times) = line.split_once(' ')?;
        Some((number.parse().ok()?, times.parse().ok()?))
    });
    lines.collect()
}
