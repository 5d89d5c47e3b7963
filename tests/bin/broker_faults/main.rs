//! Publishers and subscribers that keep books while their broker is killed, cut off or frozen; `tests/foreign/broker-faults` says
//! when, and has the books compared.
//!
//! `broker_faults publish|subscribe BOOK COUNT [SIZE CONCURRENCY RATE] -- FLAGS…`, `broker_faults proxy LISTEN TARGET CUT`, and
//! `broker_faults judge BACKEND FAULT PUBLISHED RECEIVED [FROM TO]`.

mod judge;
mod proxy;
mod publish;
mod subscribe;

use std::process::ExitCode;
use std::time::{SystemTime, UNIX_EPOCH};

use rmicro_runtime::{Error, Result, Service};

/// The topic of all messages.
const TOPIC: &str = "faults";

#[tokio::main]
async fn main() -> ExitCode {
    let words: Vec<String> = std::env::args().skip(1).collect();
    match run(&words).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("broker_faults: {error:?}");
            ExitCode::FAILURE
        }
    }
}

async fn run(words: &[String]) -> Result<()> {
    let split = words.iter().position(|word| word == "--");
    let (own, flags) = words.split_at(split.unwrap_or(words.len()));
    let own: Vec<&str> = own.iter().map(String::as_str).collect();
    match own[..] {
        ["publish", book, ref numbers @ ..] => {
            publish::run(book, &read(numbers)?, service(flags)?).await
        }
        ["subscribe", book, ref numbers @ ..] => {
            subscribe::run(book, &read(numbers)?, service(flags)?).await
        }
        ["proxy", listen, target, cut] => proxy::run(listen, target, cut).await.map_err(failed),
        [
            "judge",
            backend,
            fault,
            published,
            received,
            ref outage @ ..,
        ] => {
            let outage = read(outage)?;
            judge::run(backend, fault, published, received, &outage).map_err(failed)
        }
        _ => Err(Error::invalid_argument("see the head of main.rs")),
    }
}

/// The service that `flags` say, `--` included.
fn service(flags: &[String]) -> Result<Service> {
    let flags = flags.iter().skip(1);
    Service::builder("faults").init_from(flags, std::env::vars())
}

fn read(numbers: &[&str]) -> Result<Vec<u64>> {
    let read = numbers.iter().map(|number| number.parse());
    let read: std::result::Result<_, std::num::ParseIntError> = read.collect();
    read.map_err(|error| Error::invalid_argument("a number").source(error))
}

fn failed(error: std::io::Error) -> Error {
    Error::internal("it failed").source(error)
}

/// What time it is, in milliseconds.
fn now() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    since.map_or(0, |since| since.as_millis() as u64)
}
