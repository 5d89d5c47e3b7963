//! Generates and compiles every proto of some folders, as their users would: by protoc, and with every warning an error.
//!
//! `corpus PLUGIN KNOWN WORK NAME=FOLDER…` makes one crate of each folder; `+NAME=FOLDER` one of each three folders of a path; the
//! folder `protoc` is that of protoc itself. KNOWN lists what is known to fail, and must neither miss nor name too much. WORK
//! is for the crate, always the same one, so that its size is bounded. Prints a line for each crate and the judges' closing line.

mod bench;
mod known;
mod protos;

use std::io::{Error, Result};
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Instant;

use bench::Bench;
use known::Known;
use protos::Batch;

fn main() -> Result<ExitCode> {
    let mut args = std::env::args().skip(1);
    let mut path = || args.next().map(PathBuf::from).ok_or_else(usage);
    let (plugin, known, work) = (path()?, path()?, path()?);
    let bench = Bench::new(plugin, work)?;
    let mut known = Known::read(&known)?;
    let (mut passed, mut failed, mut listed) = (0, 0, 0);
    for folder in args {
        for batch in protos::batches(&folder)? {
            let (good, bad, excused) = judge(&bench, &batch, &mut known)?;
            (passed, failed, listed) = (passed + good, failed + bad, listed + excused);
        }
    }
    for name in known.unused() {
        println!("FAILED {name}: it is listed as failing and was not among these files");
        failed += 1;
    }
    println!("{passed} passed, {failed} failed, {listed} skipped");
    Ok(ExitCode::from(u8::from(passed == 0 || failed > 0)))
}

/// How many files of `batch` passed, how many did what was not expected of them, and how many fail as listed.
fn judge(bench: &Bench, batch: &Batch, known: &mut Known) -> Result<(usize, usize, usize)> {
    let (listed, files): (Vec<_>, Vec<_>) = batch
        .files
        .iter()
        .cloned()
        .partition(|name| known.has(name));
    let begun = Instant::now();
    let outcome = bench.try_all(batch, &files)?;
    for (name, why) in &outcome.failures {
        println!("FAILED {}: {name}: {why}", batch.name);
    }
    let (mut failed, mut excused) = (outcome.failures.len(), 0);
    for name in listed {
        let reason = known.reason(&name);
        if bench
            .try_all(batch, std::slice::from_ref(&name))?
            .failures
            .is_empty()
        {
            println!(
                "FAILED {}: {name} passes, and is listed as failing ({reason})",
                batch.name
            );
            failed += 1;
        } else {
            println!("    {name} fails as listed: {reason}");
            excused += 1;
        }
    }
    let (services, seconds) = (outcome.services, begun.elapsed().as_secs());
    let verdict = if failed == 0 { "ok" } else { "FAILED" };
    println!(
        "{verdict} {}: {} files, {services} services, {} failures, {seconds} s",
        batch.name,
        batch.files.len(),
        outcome.failures.len(),
    );
    Ok((files.len() - outcome.failures.len(), failed, excused))
}

fn usage() -> Error {
    Error::other("corpus PLUGIN KNOWN WORK [+]NAME=FOLDER…")
}
