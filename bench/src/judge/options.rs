//! The command line, and what `bench/run` tells by variables.

use std::path::PathBuf;

use crate::Outcome;
use crate::cases::{CASES, Case};

#[derive(Debug)]
pub struct Options {
    pub rounds: usize,
    pub callgrind: bool,
    cases: Vec<String>,
    stacks: Vec<String>,
    /// The command as it was given.
    pub command: String,
    pub peer: PathBuf,
    /// grpc-go's peer, where Go is there.
    pub go_peer: Option<PathBuf>,
    pub results: PathBuf,
}

const ROUNDS: usize = 15;
const SHORT_ROUNDS: usize = 7;

impl Options {
    pub fn parse(words: &[String]) -> Outcome<Self> {
        let variable = |name: &str| std::env::var_os(name).map(PathBuf::from);
        let peer = std::env::current_exe()?.with_file_name("peer");
        let mut options = Self {
            rounds: ROUNDS,
            callgrind: false,
            cases: Vec::new(),
            stacks: Vec::new(),
            command: [&["bench/run".to_owned()], words].concat().join(" "),
            peer,
            go_peer: variable("BENCH_GO_PEER").filter(|path| path.exists()),
            results: variable("BENCH_RESULTS").unwrap_or_else(|| "RESULTS.md".into()),
        };
        let mut words = words.iter();
        while let Some(word) = words.next() {
            let mut value = || words.next().ok_or_else(|| format!("{word} needs a value"));
            match word.as_str() {
                "--short" => options.rounds = SHORT_ROUNDS,
                "--callgrind" => options.callgrind = true,
                "--rounds" => options.rounds = value()?.parse()?,
                "--case" => options.cases.push(value()?.clone()),
                "--stack" => options.stacks.push(value()?.clone()),
                _ => return Err(format!("unknown {word:?}; {USAGE}").into()),
            }
        }
        Ok(options)
    }

    /// Whether everything is measured, so that it may be written down.
    pub fn is_whole(&self) -> bool {
        self.cases.is_empty() && self.stacks.is_empty()
    }

    pub fn cases(&self) -> impl Iterator<Item = &'static Case> {
        let wanted =
            |case: &&Case| self.cases.is_empty() || self.cases.iter().any(|name| name == case.name);
        CASES.iter().filter(wanted)
    }

    /// The stacks that do `case`; tonic, to which the others are compared, comes first.
    pub fn stacks(&self, case: &Case) -> Vec<&'static str> {
        let wanted = |stack: &&str| match *stack {
            "raw" if !case.raw => false,
            "grpc-go" if self.go_peer.is_none() => false,
            "tonic" => true,
            stack => self.stacks.is_empty() || self.stacks.iter().any(|name| name == stack),
        };
        ["tonic", "rmicro", "grpc-go", "raw"]
            .into_iter()
            .filter(wanted)
            .collect()
    }
}

const USAGE: &str = "bench/run [--short | --rounds N] [--callgrind] [--case NAME]... [--stack NAME]...; with --case or --stack \
    nothing is written to RESULTS.md";
