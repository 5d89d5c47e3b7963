//! The command line.

use crate::Outcome;
use crate::backends::{BACKENDS, Backend};
use crate::cases::{CASES, Case, Stack};

const ROUNDS: usize = 9;

/// What is to be measured.
#[derive(Debug)]
pub struct Options {
    pub rounds: usize,
    backends: Vec<String>,
    cases: Vec<String>,
    stacks: Vec<String>,
    /// The command as it was given.
    pub command: String,
}

impl Options {
    /// Reads `words`; a name that stands for nothing is an error that says which there are.
    pub fn parse(words: &[String]) -> Outcome<Self> {
        let mut options = Self {
            rounds: ROUNDS,
            backends: Vec::new(),
            cases: Vec::new(),
            stacks: Vec::new(),
            command: said(words),
        };
        let mut words = words.iter();
        while let Some(word) = words.next() {
            let mut value = || words.next().ok_or_else(|| format!("{word} needs a value"));
            match word.as_str() {
                "--rounds" => options.rounds = value()?.parse()?,
                "--backend" => {
                    let known = BACKENDS.iter().map(|backend| backend.name);
                    options.backends.push(one_of(known, word, value()?)?);
                }
                "--case" => {
                    let known = CASES.iter().map(|case| case.name);
                    options.cases.push(one_of(known, word, value()?)?);
                }
                "--stack" => {
                    let known = Stack::ALL.iter().map(|stack| stack.name());
                    options.stacks.push(one_of(known, word, value()?)?);
                }
                _ => return Err(format!("unknown {word:?}; {USAGE}").into()),
            }
        }
        Ok(options)
    }

    /// Whether everything is measured, so that it may be written down.
    pub fn is_whole(&self) -> bool {
        self.backends.is_empty() && self.cases.is_empty() && self.stacks.is_empty()
    }

    pub fn backends(&self) -> impl Iterator<Item = &'static Backend> {
        BACKENDS
            .iter()
            .filter(|backend| is_wanted(&self.backends, backend.name))
    }

    pub fn cases(&self) -> impl Iterator<Item = &'static Case> {
        CASES
            .iter()
            .filter(|case| is_wanted(&self.cases, case.name))
    }

    /// The stacks of a round, each time in another order.
    pub fn stacks(&self, round: usize) -> impl Iterator<Item = Stack> {
        let mut stacks = Stack::ALL;
        stacks.rotate_left(round % Stack::ALL.len());
        let wanted = |stack: &Stack| is_wanted(&self.stacks, stack.name());
        stacks.into_iter().filter(wanted)
    }
}

fn is_wanted(chosen: &[String], name: &str) -> bool {
    chosen.is_empty() || chosen.iter().any(|one| one == name)
}

fn one_of(known: impl Iterator<Item = &'static str>, word: &str, value: &str) -> Outcome<String> {
    let known: Vec<&str> = known.collect();
    if known.contains(&value) {
        return Ok(value.to_owned());
    }
    Err(format!("{word} {value:?} is none of {known:?}").into())
}

/// The command as a shell takes it.
fn said(words: &[String]) -> String {
    let quoted = words.iter().map(|word| match word.contains(' ') {
        true => format!(" '{word}'"),
        false => format!(" {word}"),
    });
    format!("bench/run --brokers{}", quoted.collect::<String>())
}

const USAGE: &str = "bench/run --brokers [--rounds N] [--backend NAME]... [--case NAME]... [--stack NAME]...; with --backend, \
    --case or --stack nothing is written to RESULTS.md";
