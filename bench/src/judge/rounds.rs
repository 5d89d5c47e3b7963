//! The rounds, and the tables of what they gave.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use crate::Outcome;
use crate::cases::Case;
use crate::options::Options;
use crate::process::{self, Figures, Server};
use crate::{report, targets};

/// The figures of each stack and case, one a round.
#[derive(Debug, Default)]
pub struct Measured(BTreeMap<(&'static str, &'static str), Vec<Figures>>);

impl Measured {
    fn add(&mut self, stack: &'static str, case: &'static Case, figures: Figures) {
        self.0.entry((case.name, stack)).or_default().push(figures);
    }

    fn of(&self, stack: &'static str, case: &'static str) -> &[Figures] {
        self.0.get(&(case, stack)).map_or(&[], Vec::as_slice)
    }

    /// The median of what `pick` takes of a stack's figures.
    pub fn median(
        &self,
        stack: &'static str,
        case: &'static str,
        pick: fn(&Figures) -> f64,
    ) -> Option<f64> {
        median(self.of(stack, case).iter().map(pick))
    }

    /// The median of the ratios to tonic, each within one round.
    pub fn ratio(
        &self,
        stack: &'static str,
        case: &'static str,
        pick: fn(&Figures) -> f64,
    ) -> Option<f64> {
        let pairs = self.of(stack, case).iter().zip(self.of("tonic", case));
        median(pairs.map(|(own, tonic)| pick(own) / pick(tonic)))
    }
}

fn median(values: impl Iterator<Item = f64>) -> Option<f64> {
    let mut values: Vec<f64> = values.collect();
    values.sort_by(f64::total_cmp);
    let middle = values.len().checked_sub(1)? / 2;
    Some((values[middle] + values[values.len() / 2]) / 2.0)
}

/// Measures, and tells it as Markdown.
pub fn tables(options: &Options) -> Outcome<String> {
    let spinners = process::spinners(options)?;
    let (mut measured, mut loads) = (Measured::default(), Vec::new());
    for round in 1..=options.rounds {
        loads.push(load_average());
        eprintln!(
            "round {round} of {}, load {:.2}",
            options.rounds,
            loads[loads.len() - 1]
        );
        for case in options.cases() {
            for stack in turn(options.stacks(case), round) {
                let server = Server::start(options, stack, &[])?;
                let figures = process::client(options, stack, case, &server)?;
                measured.add(stack, case, figures);
            }
        }
    }
    drop(spinners);
    let mut text = report::head(options, &loads)?;
    text += &targets::table(&measured, options);
    for case in options.cases() {
        text += &table(&measured, case, options)?;
    }
    Ok(text)
}

/// The stacks of a round, each time in another order.
fn turn(mut stacks: Vec<&'static str>, round: usize) -> Vec<&'static str> {
    let first = round % stacks.len();
    stacks.rotate_left(first);
    stacks
}

/// Of how many processes want to run, among them the spinners.
fn load_average() -> f64 {
    let text = std::fs::read_to_string("/proc/loadavg").unwrap_or_default();
    text.split_whitespace()
        .next()
        .and_then(|word| word.parse().ok())
        .unwrap_or_default()
}

fn table(measured: &Measured, case: &'static Case, options: &Options) -> Outcome<String> {
    let mut text = format!("\n#### {}\n\n", case.name);
    text += "| stack | per s | x | server us | x | client us | x | p50 us | x | p99 us | busy | MiB | range of x |\n";
    text += "| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |\n";
    for stack in options.stacks(case) {
        let value = |pick| measured.median(stack, case.name, pick).unwrap_or(f64::NAN);
        let ratio = |pick| measured.ratio(stack, case.name, pick).unwrap_or(f64::NAN);
        let pairs = measured
            .of(stack, case.name)
            .iter()
            .zip(measured.of("tonic", case.name));
        let mut ratios: Vec<f64> = pairs
            .map(|(own, tonic)| own.per_second / tonic.per_second)
            .collect();
        ratios.sort_by(f64::total_cmp);
        write!(
            text,
            "| {stack} | {:.0} | {:.2} | {:.2} | {:.2} | {:.2} | {:.2} | {:.1} | {:.2} | {:.1} ",
            value(|f| f.per_second),
            ratio(|f| f.per_second),
            value(|f| f.server_cpu),
            ratio(|f| f.server_cpu),
            value(|f| f.client_cpu),
            ratio(|f| f.client_cpu),
            value(|f| f.p50),
            ratio(|f| f.p50),
            value(|f| f.p99),
        )?;
        writeln!(
            text,
            "| {:.2} {:.2} | {:.1} {:.1} | {:.2} to {:.2} |",
            value(|f| f.server_busy),
            value(|f| f.client_busy),
            value(|f| f.server_mib),
            value(|f| f.client_mib),
            ratios.first().unwrap_or(&f64::NAN),
            ratios.last().unwrap_or(&f64::NAN),
        )?;
    }
    Ok(text)
}
