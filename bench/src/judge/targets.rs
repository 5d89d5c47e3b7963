//! What rmicro is to reach, as ratios to tonic.

use std::fmt::Write as _;

use crate::options::Options;
use crate::process::Figures;
use crate::rounds::Measured;

struct Target {
    case: &'static str,
    what: &'static str,
    pick: fn(&Figures) -> f64,
    bound: Bound,
}

#[derive(Clone, Copy)]
enum Bound {
    AtLeast(f64),
    AtMost(f64),
}

use Bound::{AtLeast, AtMost};

impl Bound {
    fn holds(self, value: f64) -> bool {
        match self {
            AtLeast(bound) => value >= bound,
            AtMost(bound) => value <= bound,
        }
    }

    fn text(self) -> String {
        match self {
            AtLeast(bound) => format!("at least {bound:.2}"),
            AtMost(bound) => format!("at most {bound:.2}"),
        }
    }
}

fn per_second(case: &'static str, least: f64) -> Target {
    Target {
        case,
        what: "per second",
        pick: |figures| figures.per_second,
        bound: AtLeast(least),
    }
}

fn server_cpu(case: &'static str, most: f64) -> Target {
    Target {
        case,
        what: "server CPU",
        pick: |figures| figures.server_cpu,
        bound: AtMost(most),
    }
}

fn client_cpu(case: &'static str, most: f64) -> Target {
    Target {
        case,
        what: "client CPU",
        pick: |figures| figures.client_cpu,
        bound: AtMost(most),
    }
}

fn targets() -> Vec<Target> {
    let mut targets = vec![Target {
        case: "hello c=1",
        what: "p50",
        pick: |figures| figures.p50,
        bound: AtMost(0.85),
    }];
    for (case, least, most) in [
        ("hello c=16", 1.25, 0.6),
        ("hello c=64 x 4", 2.5, 0.4),
        ("hello c=256 x 4", 2.5, 0.4),
    ] {
        targets.extend([
            per_second(case, least),
            server_cpu(case, most),
            client_cpu(case, most),
        ]);
    }
    let rest = [
        "hello c=1",
        "hello c=16 x 4",
        "hello c=64",
        "wide c=16",
        "wide c=16 x 4",
        "stream c=4",
        "bidi c=64",
    ];
    targets.extend(rest.map(|case| per_second(case, 0.9)));
    targets
}

/// Each target that was measured, and whether it is met.
pub fn table(measured: &Measured, options: &Options) -> String {
    let mut text = "\n| case | ratio of rmicro to tonic | target | measured | met |\n| --- | --- | ---: | ---: | --- |\n".to_owned();
    for target in targets() {
        if !options.cases().any(|case| case.name == target.case) {
            continue;
        }
        let Some(ratio) = measured.ratio("rmicro", target.case, target.pick) else {
            continue;
        };
        let met = if target.bound.holds(ratio) {
            "yes"
        } else {
            "**no**"
        };
        let (case, what, bound) = (target.case, target.what, target.bound.text());
        let _ = writeln!(text, "| {case} | {what} | {bound} | {ratio:.2} | {met} |");
    }
    text
}
