//! Durations as Go writes them (`time.ParseDuration`), since that is what go-micro's flags take.

use std::time::Duration;

/// Units from the shortest to the longest, in nanoseconds; both spellings of micro are Go's.
const UNITS: [(&str, u128); 8] = [
    ("ns", 1),
    ("us", 1_000),
    ("\u{b5}s", 1_000),
    ("\u{3bc}s", 1_000),
    ("ms", 1_000_000),
    ("s", 1_000_000_000),
    ("m", 60_000_000_000),
    ("h", 3_600_000_000_000),
];

/// The duration that `text` tells, for example `1m30s`, `1.5h` or `500ms`; `None` when it tells
/// none.
///
/// A bare number other than `0`, a negative duration, and one of more than 2^63 nanoseconds, which
/// Go cannot hold, are none.
pub(super) fn parse(text: &str) -> Option<Duration> {
    let mut rest = text.strip_prefix('+').unwrap_or(text);
    if rest == "0" {
        return Some(Duration::ZERO);
    }
    if rest.is_empty() {
        return None;
    }
    let mut nanos = 0_u128;
    while !rest.is_empty() {
        let (part, after) = first_part(rest)?;
        nanos = nanos.checked_add(part)?;
        rest = after;
    }
    let nanos = i64::try_from(nanos).ok()?;
    Some(Duration::from_nanos(nanos.unsigned_abs()))
}

/// The nanoseconds of the number and unit that `text` begins with, and what follows them.
fn first_part(text: &str) -> Option<(u128, &str)> {
    let (whole, rest) = digits(text);
    let (fraction, rest) = rest.strip_prefix('.').map_or(("", rest), digits);
    if whole.is_empty() && fraction.is_empty() {
        return None;
    }
    let end = rest.find(|c: char| c == '.' || c.is_ascii_digit());
    let (unit, rest) = rest.split_at(end.unwrap_or(rest.len()));
    let (_, scale) = UNITS.iter().find(|(name, _)| *name == unit)?;
    let whole = if whole.is_empty() {
        0
    } else {
        whole.parse().ok()?
    };
    let nanos = scale
        .checked_mul(whole)?
        .checked_add(share(fraction, *scale))?;
    Some((nanos, rest))
}

/// `scale` times `0.fraction`, cut to whole nanoseconds.
fn share(fraction: &str, scale: u128) -> u128 {
    let mut left = scale;
    let mut sum = 0;
    for digit in fraction.bytes() {
        sum += left * u128::from(digit - b'0') / 10;
        left /= 10;
    }
    sum
}

fn digits(text: &str) -> (&str, &str) {
    let end = text.find(|c: char| !c.is_ascii_digit());
    text.split_at(end.unwrap_or(text.len()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_go_reads_is_read() {
        let cases = [
            ("0", 0),
            ("5s", 5_000_000_000),
            ("1m30s", 90_000_000_000),
            ("500ms", 500_000_000),
            ("1.5h", 5_400_000_000_000),
            (".5s", 500_000_000),
            ("5.s", 5_000_000_000),
            ("+1us", 1_000),
            ("1\u{b5}s2\u{3bc}s", 3_000),
            ("1h15m30.918273645s", 4_530_918_273_645),
            ("0.3333333333333333333h", 1_200_000_000_000 - 1),
        ];
        for (text, nanos) in cases {
            let parsed = parse(text).map(|duration| duration.as_nanos());
            assert!(
                parsed.is_some_and(|parsed| parsed.abs_diff(nanos) <= 1),
                "{text}: {parsed:?}"
            );
        }
    }

    #[test]
    fn what_go_refuses_is_refused() {
        for text in [
            "",
            "5",
            "s",
            ".s",
            "-5s",
            "5 s",
            "5d",
            "1m30",
            "+",
            "9999999999999h",
            // As nanoseconds just below and just above 2^128.
            "340282366920938463463374607431768211.4us",
            "340282366920938463463374607431768211.9us",
            "1s.",
        ] {
            assert_eq!(parse(text), None, "{text}");
        }
    }
}
