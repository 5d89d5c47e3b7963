//! `Duration`: seconds as a string with an `s`, up to about 10,000 years either way.

use serde::{Deserializer, Serializer};

use super::{Duration, fraction, nanos, read_text, write_text};
use crate::json::{Decoding, Encoding, JsonMessage};

const MOST: i64 = 315_576_000_000;

impl JsonMessage for Duration {
    const NAME: &'static str = "google.protobuf.Duration";
    const IS_SPECIAL: bool = true;

    fn write_json<S: Serializer>(&self, _: Encoding<'_>, to: S) -> Result<S::Ok, S::Error> {
        write_text(text(*self), to)
    }

    fn read_json<'de, D: Deserializer<'de>>(
        &mut self,
        _: Decoding<'_>,
        from: D,
    ) -> Result<(), D::Error> {
        const EXPECTED: &str = "a duration of at most 315576000000 seconds, as in \"1.5s\"";
        *self = read_text(parse, EXPECTED, from)?;
        Ok(())
    }
}

fn text(duration: Duration) -> Result<String, String> {
    let Duration { seconds, nanos } = duration;
    let is_mixed = (seconds > 0 && nanos < 0) || (seconds < 0 && nanos > 0);
    let is_long = seconds.unsigned_abs() > MOST.unsigned_abs();
    if is_mixed || is_long || nanos.unsigned_abs() >= 1_000_000_000 {
        return Err(format!(
            "a Duration of {seconds} s and {nanos} ns is out of range, or of two signs"
        ));
    }
    let minus = if seconds < 0 || nanos < 0 { "-" } else { "" };
    let (seconds, fraction) = (seconds.unsigned_abs(), fraction(nanos.unsigned_abs()));
    Ok(format!("{minus}{seconds}{fraction}s"))
}

fn parse(text: &str) -> Option<Duration> {
    let number = text.strip_suffix('s')?;
    let (minus, number) = match number.strip_prefix('-') {
        Some(number) => (-1, number),
        None => (1, number),
    };
    let (whole, nanos) = match number.split_once('.') {
        Some((whole, digits)) => (whole, nanos(digits)?),
        None => (number, 0),
    };
    let is_digits = !whole.is_empty() && whole.bytes().all(|byte| byte.is_ascii_digit());
    let seconds: i64 = is_digits.then(|| whole.parse().ok())??;
    (seconds <= MOST).then_some(Duration {
        seconds: i64::from(minus) * seconds,
        nanos: minus * nanos,
    })
}
