//! What every file keeps to: the seam, `biased`, the budget, a head.

use std::ops::Range;

use crate::house::{File, House, Violation};
use crate::scan::Name;

/// How many lines a file may have without its tests.
pub(crate) const BUDGET: usize = 300;
/// How many lines of code a function may have; it is clippy's limit, and counted as clippy counts.
pub(crate) const FUNCTION: usize = 40;
/// How the sentence in a file's head begins that excuses more.
pub(crate) const EXCUSE: &str = "Over budget:";

/// How a file begins that a generator has written, and that nobody has to keep small.
pub(crate) const GENERATED: &str = "// @generated";

/// Checks every file that people write.
pub(crate) fn check(house: &House) -> Vec<Violation> {
    let written = |file: &&File| !file.text.starts_with(GENERATED);
    let files = house.files.iter().filter(written);
    files
        .flat_map(|file| {
            let mut found = head(file);
            if !file.scan.all_tests {
                found.extend(budget(file));
                found.extend(functions(file));
                found.extend(selects(file));
                found.extend(seam(file));
            }
            found
        })
        .collect()
}

fn head(file: &File) -> Vec<Violation> {
    let rule = "a file begins with `//!`: one sentence of purpose, then the invariant";
    let missing = !file.text.starts_with("//!");
    missing
        .then(|| Violation::new(file, 1, rule))
        .into_iter()
        .collect()
}

fn budget(file: &File) -> Option<Violation> {
    let lines = budgeted_lines(file);
    let over = lines > BUDGET && !is_excused(&file.text);
    let rule = format!(
        "{lines} lines without tests, {BUDGET} are allowed: split it, or say why in its head after `{EXCUSE}`"
    );
    over.then(|| Violation::new(file, 1, rule))
}

fn functions(file: &File) -> impl Iterator<Item = Violation> {
    let lines: Vec<&str> = file.text.lines().map(str::trim).collect();
    let code = move |body: &Range<usize>| {
        let body = lines.iter().skip(body.start - 1).take(body.len());
        body.filter(|line| !line.is_empty() && !line.starts_with("//"))
            .count()
    };
    file.scan.bodies.iter().filter_map(move |body| {
        let count = code(body);
        let rule = format!("a function of {count} lines of code, {FUNCTION} are allowed: split it");
        (count > FUNCTION).then(|| Violation::new(file, body.start - 1, rule))
    })
}

fn selects(file: &File) -> impl Iterator<Item = Violation> {
    let rule = "a `select!` begins with `biased;`, so that a run can be repeated";
    file.scan
        .unbiased
        .iter()
        .map(move |line| Violation::new(file, *line, rule))
}

/// The seam alone may name clocks, sockets and chance.
fn seam(file: &File) -> impl Iterator<Item = Violation> {
    let outside = file.module.first().is_none_or(|area| area != "seam");
    let names = file.scan.names.iter().filter(move |_| outside);
    names.filter_map(|name| {
        let what = of_the_seam(name)?;
        let rule = format!("only the seam names `{what}`: use crate::seam::{{Clock, Net, Chance}}");
        Some(Violation::new(file, name.line, rule))
    })
}

/// What in `name` belongs to the seam alone.
fn of_the_seam(name: &Name) -> Option<String> {
    const TIMES: [&str; 2] = ["Instant", "SystemTime"];
    const SOCKETS: [&str; 5] = [
        "TcpListener",
        "TcpSocket",
        "TcpStream",
        "UdpSocket",
        "UnixStream",
    ];
    let parts: Vec<&str> = name.parts.iter().map(String::as_str).collect();
    let told = || Some(parts.join("::"));
    match parts.as_slice() {
        ["tokio", "time" | "net" | "*", ..] | ["fastrand" | "rand" | "getrandom", _, ..] => told(),
        _ => {
            let word = parts
                .iter()
                .find(|part| TIMES.contains(part) || SOCKETS.contains(part));
            word.and_then(|_| told())
        }
    }
}

/// The lines of `file` without those for tests alone.
fn budgeted_lines(file: &File) -> usize {
    let tests: usize = file.scan.tests.iter().map(ExactSizeIterator::len).sum();
    file.text.lines().count() - tests
}

fn is_excused(text: &str) -> bool {
    let head = text.lines().take_while(|line| line.starts_with("//!"));
    let mut sentences = head.flat_map(|line| line.trim_start_matches("//!").split(". "));
    sentences.any(|sentence| sentence.trim_start().starts_with(EXCUSE))
}
