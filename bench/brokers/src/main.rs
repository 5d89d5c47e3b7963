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
mod ours;
mod report;

use std::process::ExitCode;

use backends::{BACKENDS, Backend};
use cases::{CASES, Stack};
use report::Measured;

type Failure = Box<dyn std::error::Error + Send + Sync>;
type Outcome<T> = Result<T, Failure>;

const ROUNDS: usize = 9;

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
    let (rounds, chosen) = parse(words)?;
    let is_whole = chosen.is_empty();
    let is_chosen = |backend: &&Backend| is_whole || chosen.iter().any(|name| name == backend.name);
    let backends: Vec<&Backend> = BACKENDS.iter().filter(is_chosen).collect();
    let mut measured = Measured::default();
    for round in 1..=rounds {
        let load = report::load_average();
        eprintln!("round {round} of {rounds}, load {load:.2}");
        measured.loads.push(load);
        for backend in &backends {
            for case in &CASES {
                for stack in turn(round) {
                    let figures = runtime()?.block_on((backend.measure)(stack, case))?;
                    measured.add(backend.name, case, stack, figures);
                }
            }
        }
    }
    let text = report::text(&measured, &backends, words)?;
    println!("{text}");
    if is_whole {
        report::write(&text)?;
    }
    Ok(())
}

/// How many rounds, and which backends; none stands for all.
fn parse(words: &[String]) -> Outcome<(usize, Vec<String>)> {
    let (mut rounds, mut backends) = (ROUNDS, Vec::new());
    let mut words = words.iter();
    while let Some(word) = words.next() {
        let mut value = || words.next().ok_or_else(|| format!("{word} needs a value"));
        match word.as_str() {
            "--rounds" => rounds = value()?.parse()?,
            "--backend" => backends.push(value()?.clone()),
            _ => return Err(format!("unknown {word:?}; {USAGE}").into()),
        }
    }
    Ok((rounds, backends))
}

const USAGE: &str = "bench/run --brokers [--rounds N] [--backend NAME]...; with --backend nothing is written to RESULTS.md";

/// The stacks of a round, each time in another order.
fn turn(round: usize) -> [Stack; 3] {
    let mut stacks = Stack::ALL;
    stacks.rotate_left(round % Stack::ALL.len());
    stacks
}

/// What a user of tokio gets by default; a new one for each measurement, so that nothing of the one before runs on.
fn runtime() -> std::io::Result<tokio::runtime::Runtime> {
    tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
}
