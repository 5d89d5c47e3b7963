//! How fast the wide message is written as JSON and read again, in megabytes of JSON for each second of processor time.
//!
//! Processor time and not time, since other programs run on the machine; the best and the median of the rounds are told.

use std::hint::black_box;
use std::time::Duration;

use rmicro_runtime::json::{self, DecodeOptions, EncodeOptions};

use crate::pb::Order;
use crate::{Outcome, cpu, messages};

const ROUNDS: usize = 15;
const ROUND: Duration = Duration::from_millis(200);
/// How often the work is done between two looks at the clock.
const BATCH: usize = 50;

/// Measures, and prints a line for each direction.
///
/// `serde_json::Value` is measured beside it, as what any program can have without types.
pub fn measure() -> Outcome<()> {
    let order = messages::order();
    let (writing, reading) = (EncodeOptions::default(), DecodeOptions::default());
    let json = json::to_vec(&order, &writing)?;
    let back: Order = json::from_slice(&json, &reading)?;
    if back != order {
        return Err("what was read is not what was written".into());
    }
    println!("the order is {} bytes of JSON", json.len());
    tell("encode", json.len(), || {
        black_box(json::to_vec(black_box(&order), &writing)).is_ok()
    })?;
    tell("decode", json.len(), || {
        black_box(json::from_slice::<Order>(black_box(&json), &reading)).is_ok()
    })?;
    let value: serde_json::Value = serde_json::from_slice(&json)?;
    tell("encode of a Value", json.len(), || {
        black_box(serde_json::to_vec(black_box(&value))).is_ok()
    })?;
    tell("decode of a Value", json.len(), || {
        black_box(serde_json::from_slice::<serde_json::Value>(black_box(
            &json,
        )))
        .is_ok()
    })
}

fn tell(what: &str, bytes: usize, mut work: impl FnMut() -> bool) -> Outcome<()> {
    let mut rates = Vec::new();
    for _ in 0..ROUNDS {
        let start = cpu::time(std::process::id());
        let mut times = 0;
        let spent = loop {
            for _ in 0..BATCH {
                if !work() {
                    return Err(format!("{what} failed").into());
                }
            }
            times += BATCH;
            let spent = cpu::time(std::process::id()).saturating_sub(start);
            if spent >= ROUND {
                break spent;
            }
        };
        rates.push((bytes * times) as f64 / 1e6 / spent.as_secs_f64());
    }
    rates.sort_by(f64::total_cmp);
    let (median, best) = (rates[ROUNDS / 2], rates[ROUNDS - 1]);
    println!("{what}: {median:.0} MB/s, at best {best:.0} MB/s");
    Ok(())
}
