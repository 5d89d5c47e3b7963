//! User instructions per request, which no other process on the machine can change.
//!
//! One end runs under callgrind, the other as it is. Two runs of different length are subtracted, so that the start does not count.

use std::fmt::Write as _;
use std::path::Path;
use std::time::Duration;

use crate::Outcome;
use crate::cases::{CASES, Case};
use crate::options::Options;
use crate::process::{Server, counted_client};
use crate::report;

const FEW: usize = 4_000;
const MANY: usize = 20_000;
/// What one request on the server may take.
const MOST: f64 = 38_000.0;
/// How long valgrind may take to end.
const ENDING: Duration = Duration::from_secs(60);

#[derive(Clone, Copy, PartialEq, Eq)]
enum End {
    Server,
    Client,
}

/// Counts, and tells it as Markdown. The profiles stay beside the programs, as `callgrind.STACK.END`.
pub fn table(options: &Options) -> Outcome<String> {
    let case = CASES
        .iter()
        .find(|case| case.name == "hello c=64 x 4")
        .ok_or("no such case")?;
    let mut text = report::head(options, &[])?;
    text += "\nUser instructions per request, hello, c=64 on 4 connections.\n\n";
    text += "| stack | server | x | client | x |\n| --- | ---: | ---: | ---: | ---: |\n";
    let mut first = None;
    for stack in options
        .stacks(case)
        .into_iter()
        .filter(|stack| ["tonic", "rmicro"].contains(stack))
    {
        let server = per_request(options, stack, case, End::Server)?;
        let client = per_request(options, stack, case, End::Client)?;
        let (tonic_server, tonic_client) = *first.get_or_insert((server, client));
        writeln!(
            text,
            "| {stack} | {server:.0} | {:.2} | {client:.0} | {:.2} |",
            server / tonic_server,
            client / tonic_client
        )?;
        if stack == "rmicro" {
            let verdict = if server <= MOST { "met" } else { "**not met**" };
            write!(
                text,
                "\nTarget for the server: at most {MOST:.0}, {verdict}.\n"
            )?;
        }
    }
    Ok(text)
}

fn per_request(options: &Options, stack: &str, case: &Case, end: End) -> Outcome<f64> {
    let few = instructions(options, stack, case, end, FEW)?;
    let many = instructions(options, stack, case, end, MANY)?;
    Ok((many - few) / (MANY - FEW) as f64)
}

fn instructions(
    options: &Options,
    stack: &str,
    case: &Case,
    end: End,
    requests: usize,
) -> Outcome<f64> {
    let name = if end == End::Server {
        "server"
    } else {
        "client"
    };
    let file = options
        .peer
        .with_file_name(format!("callgrind.{stack}.{name}"));
    // The file of an earlier run would be taken for this one's.
    let _ = std::fs::remove_file(&file);
    let tool = [
        "valgrind",
        "--tool=callgrind",
        &format!("--callgrind-out-file={}", file.display()),
    ]
    .map(String::from);
    let (server_tool, client_tool) = match end {
        End::Server => (&tool[..], &[][..]),
        End::Client => (&[][..], &tool[..]),
    };
    let server = Server::start(options, stack, server_tool)?;
    counted_client(options, stack, case, &server, client_tool, requests)?;
    server.stop(ENDING)?;
    total(&file)
}

/// The sum that callgrind writes at the end of its file.
fn total(file: &Path) -> Outcome<f64> {
    let text = std::fs::read_to_string(file)?;
    let line = text
        .lines()
        .rev()
        .find_map(|line| line.strip_prefix("totals: "));
    Ok(line.ok_or("callgrind wrote no total")?.trim().parse()?)
}
