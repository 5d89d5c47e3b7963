//! Has each broker of rmicro and the bare client crate of its server measured in turns, and writes down what came out;
//! `bench/run --brokers` starts it, with the servers.
//!
//! Within a round every stack does each case once, one after the other, so that what the machine does meanwhile hits all of them;
//! ratios are taken within a round, and their median is what counts.

mod backends;
mod cases;
// What the memory is, only the other benches ask.
#[allow(dead_code)]
#[path = "../../src/peer/cpu.rs"]
mod cpu;
mod envelope;
mod load;
mod options;
mod ours;
mod report;

use std::process::ExitCode;

use options::Options;
use report::Measured;

type Failure = Box<dyn std::error::Error + Send + Sync>;
type Outcome<T> = Result<T, Failure>;

fn main() -> ExitCode {
    let words: Vec<String> = std::env::args().skip(1).collect();
    match run(&words) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("brokers: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run(words: &[String]) -> Outcome<()> {
    let options = Options::parse(words)?;
    let mut measured = Measured::default();
    for round in 1..=options.rounds {
        let load = report::load_average();
        eprintln!("round {round} of {}, load {load:.2}", options.rounds);
        measured.loads.push(load);
        for backend in options.backends() {
            for case in options.cases() {
                for stack in options.stacks(round) {
                    let figures = runtime()?.block_on((backend.measure)(stack, case))?;
                    measured.add(backend.name, case, stack, figures);
                }
            }
        }
    }
    let text = report::text(&measured, &options)?;
    println!("{text}");
    if options.is_whole() {
        report::write(&text)?;
    }
    Ok(())
}

/// What a user of tokio gets by default; a new one for each measurement, so that nothing of the one before runs on.
fn runtime() -> std::io::Result<tokio::runtime::Runtime> {
    tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
}
