//! Has clients and servers of each stack measured in turns, and writes down what came out; `bench/run` starts it.
//!
//! Within a round every stack does each case once, one after the other, so that what the machine does meanwhile hits all of them;
//! ratios are taken within a round, and their median is what counts.

mod callgrind;
mod cases;
mod options;
mod process;
mod report;
mod rounds;
mod targets;

use std::process::ExitCode;

use options::Options;

type Failure = Box<dyn std::error::Error>;
type Outcome<T> = Result<T, Failure>;

fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("judge: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run() -> Outcome<()> {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let options = Options::parse(&words)?;
    let (section, text) = if options.callgrind {
        ("instructions", callgrind::table(&options)?)
    } else {
        ("rounds", rounds::tables(&options)?)
    };
    println!("{text}");
    if options.is_whole() {
        report::write(&options.results, section, &text)?;
    }
    Ok(())
}
