//! The tables, and the part of RESULTS.md that they go to.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::process::Command;

use crate::Outcome;
use crate::backends::Backend;
use crate::cases::{Case, Stack};
use crate::load::Figures;
use crate::options::Options;

const LOCK: &str = include_str!("../../Cargo.lock");
const VERSIONS: [&str; 4] = ["hyper", "async-nats", "redis", "tokio"];
/// How much of the fair peer's rate is wanted.
const WANTED: f64 = 0.9;

/// The figures of each backend, case and stack, one a round; and the load before each round.
#[derive(Default)]
pub struct Measured {
    pub loads: Vec<f64>,
    figures: BTreeMap<(&'static str, &'static str, Stack), Vec<Figures>>,
}

impl Measured {
    pub fn add(
        &mut self,
        backend: &'static str,
        case: &'static Case,
        stack: Stack,
        figures: Figures,
    ) {
        let key = (backend, case.name, stack);
        self.figures.entry(key).or_default().push(figures);
    }

    fn of(&self, backend: &Backend, case: &Case, stack: Stack) -> &[Figures] {
        let figures = self.figures.get(&(backend.name, case.name, stack));
        figures.map_or(&[], Vec::as_slice)
    }

    /// rmicro's ratios to `stack`, each within one round, in their order.
    fn ratios(
        &self,
        backend: &Backend,
        case: &Case,
        stack: Stack,
        pick: fn(&Figures) -> f64,
    ) -> Vec<f64> {
        let ours = self.of(backend, case, Stack::Rmicro).iter();
        let pairs = ours.zip(self.of(backend, case, stack));
        sorted(pairs.map(|(own, other)| pick(own) / pick(other)))
    }
}

/// What was measured, as Markdown.
pub fn text(measured: &Measured, options: &Options) -> Outcome<String> {
    let mut text = head(measured, options);
    for backend in options.backends() {
        write!(
            text,
            "\n#### {}\n\nraw is {}.{}{}\n\n",
            backend.name,
            backend.peer,
            if backend.bound.is_some() { " " } else { "" },
            backend.bound.unwrap_or_default()
        )?;
        text += "| case | rmicro per s | raw per s | bare per s | x raw | range | x bare | at least 0.9 of raw | rmicro us | raw us | bare us | x raw | server us |\n";
        text += "| --- | ---: | ---: | ---: | ---: | ---: | ---: | --- | ---: | ---: | ---: | ---: | ---: |\n";
        for case in options.cases() {
            text += &row(measured, backend, case);
        }
    }
    Ok(text)
}

fn row(measured: &Measured, backend: &Backend, case: &Case) -> String {
    let [rate, cpu, server]: [fn(&Figures) -> f64; 3] =
        [|of| of.per_second, |of| of.cpu, |of| of.server_cpu];
    let each = |pick: fn(&Figures) -> f64, digits: usize| {
        Stack::ALL
            .map(|stack| {
                let values = sorted(measured.of(backend, case, stack).iter().map(pick));
                told(median(&values), digits)
            })
            .join(" | ")
    };
    let to_raw = measured.ratios(backend, case, Stack::Raw, rate);
    let to_bare = measured.ratios(backend, case, Stack::Bare, rate);
    let costs = measured.ratios(backend, case, Stack::Raw, cpu);
    let server = measured.of(backend, case, Stack::Rmicro).iter().map(server);
    let server = server.filter(|micros| *micros > 0.0); // Some have none.
    let columns = [
        case.name.to_owned(),
        each(rate, 0),
        told(median(&to_raw), 2),
        range(&to_raw),
        told(median(&to_bare), 2),
        verdict(backend, median(&to_raw)).to_owned(),
        each(cpu, 2),
        told(median(&costs), 2),
        told(median(&sorted(server)), 2),
    ];
    format!("| {} |\n", columns.join(" | "))
}

const ABSENT: &str = "-";

/// A figure, or a dash where nothing was measured.
fn told(figure: f64, digits: usize) -> String {
    if figure.is_nan() {
        return ABSENT.to_owned();
    }
    format!("{figure:.digits$}")
}

fn range(sorted: &[f64]) -> String {
    match sorted {
        [] => ABSENT.to_owned(),
        [least, .., most] => format!("{least:.2} to {most:.2}"),
        [only] => format!("{only:.2} to {only:.2}"),
    }
}

/// Whether it is fast enough, where this is what decides.
fn verdict(backend: &Backend, to_raw: f64) -> &'static str {
    if backend.bound.is_some() || to_raw.is_nan() {
        ABSENT
    } else if to_raw >= WANTED {
        "yes"
    } else {
        "**no**"
    }
}

fn sorted(values: impl Iterator<Item = f64>) -> Vec<f64> {
    let mut values: Vec<f64> = values.collect();
    values.sort_by(f64::total_cmp);
    values
}

fn median(sorted: &[f64]) -> f64 {
    let Some(middle) = sorted.len().checked_sub(1).map(|last| last / 2) else {
        return f64::NAN;
    };
    (sorted[middle] + sorted[sorted.len() / 2]) / 2.0
}

/// When, with what and how it was measured.
fn head(measured: &Measured, options: &Options) -> String {
    let locked = |name: &str| {
        let (_, rest) = LOCK.split_once(&format!("name = \"{name}\"\nversion = \""))?;
        Some(format!("{name} {}", rest.split('"').next()?))
    };
    let versions: Vec<String> = VERSIONS.iter().filter_map(|name| locked(name)).collect();
    let loads = sorted(measured.loads.iter().copied());
    format!(
        "{}, rmicro {}, {}; {}{}.\n\nCommand: `{}`. Rounds: {}. Load average of the machine meanwhile: {:.1} to {:.1}. \
         Processors: {}.\n",
        said("date", &["-u", "+%F %H:%M UTC"]),
        said("git", &["rev-parse", "--short", "HEAD"]),
        versions.join(", "),
        std::env::var("BENCH_SERVERS").unwrap_or_default(),
        said("rustc", &["--version"]),
        options.command,
        loads.len(),
        loads.first().unwrap_or(&f64::NAN),
        loads.last().unwrap_or(&f64::NAN),
        std::thread::available_parallelism().map_or(0, usize::from),
    )
}

/// Of how many processes want to run.
pub fn load_average() -> f64 {
    let text = std::fs::read_to_string("/proc/loadavg").unwrap_or_default();
    let first = text.split_whitespace().next();
    first.and_then(|word| word.parse().ok()).unwrap_or(f64::NAN)
}

fn said(program: &str, args: &[&str]) -> String {
    let output = Command::new(program).args(args).output();
    let text = output.map(|output| String::from_utf8_lossy(&output.stdout).trim().to_owned());
    text.unwrap_or_default()
}

/// Puts `text` in its place in the file that `BENCH_RESULTS` names.
pub fn write(text: &str) -> Outcome<()> {
    let Some(file) = std::env::var_os("BENCH_RESULTS") else {
        return Ok(());
    };
    let old = std::fs::read_to_string(&file)?;
    let (begin, end) = ("<!-- begin brokers -->\n", "<!-- end brokers -->\n");
    let (before, rest) = old
        .split_once(begin)
        .ok_or("RESULTS.md has no part brokers")?;
    let (_, after) = rest
        .split_once(end)
        .ok_or("RESULTS.md has no part brokers")?;
    std::fs::write(&file, format!("{before}{begin}{text}{end}{after}"))?;
    Ok(())
}
