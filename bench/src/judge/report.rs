//! RESULTS.md: a part for each kind of measurement, which is replaced when that is made again. All else stays as it was written.

use std::path::Path;
use std::process::Command;

use crate::Outcome;
use crate::options::Options;

const LOCK: &str = include_str!("../../Cargo.lock");
const VERSIONS: [&str; 6] = ["tonic", "prost", "hyper", "h2", "tokio", "bytes"];

/// When, where, with what and how it was measured.
pub fn head(options: &Options, loads: &[f64]) -> Outcome<String> {
    let versions: Vec<String> = VERSIONS
        .iter()
        .filter_map(|name| Some(format!("{name} {}", locked(name)?)))
        .collect();
    let mut text = format!(
        "{}, rmicro {}, {}; {}.\n\n",
        said("date", &["-u", "+%F %H:%M UTC"]),
        said("git", &["rev-parse", "--short", "HEAD"]),
        versions.join(", "),
        said("rustc", &["--version"]),
    );
    text += &format!("Command: `{}`. ", options.command);
    if let (Some(least), Some(most)) = (least(loads), most(loads)) {
        text += &format!(
            "Rounds: {}. Load average of the machine meanwhile, of which the two spinners are 2: {least:.1} to {most:.1}. \
             Processors: {}.",
            options.rounds,
            std::thread::available_parallelism()?
        );
    }
    text.push('\n');
    Ok(text)
}

fn least(values: &[f64]) -> Option<f64> {
    values.iter().copied().min_by(f64::total_cmp)
}

fn most(values: &[f64]) -> Option<f64> {
    values.iter().copied().max_by(f64::total_cmp)
}

fn locked(name: &str) -> Option<&'static str> {
    let (_, rest) = LOCK.split_once(&format!("name = \"{name}\"\nversion = \""))?;
    rest.split('"').next()
}

fn said(program: &str, args: &[&str]) -> String {
    let output = Command::new(program).args(args).output();
    let text = output.map(|output| String::from_utf8_lossy(&output.stdout).trim().to_owned());
    text.unwrap_or_default()
}

/// Puts `text` in place of the part `section` of the file.
pub fn write(file: &Path, section: &str, text: &str) -> Outcome<()> {
    let (begin, end) = (
        format!("<!-- begin {section} -->\n"),
        format!("<!-- end {section} -->\n"),
    );
    let old = std::fs::read_to_string(file)?;
    let missing = || format!("{} has no part {section}", file.display());
    let (before, rest) = old.split_once(&begin).ok_or_else(missing)?;
    let (_, after) = rest.split_once(&end).ok_or_else(missing)?;
    std::fs::write(file, format!("{before}{begin}{text}{end}{after}"))?;
    Ok(())
}
