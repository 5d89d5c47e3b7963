//! `Timestamp`: a string as RFC 3339 has it, in UTC, from year 1 to 9999.

use serde::{Deserializer, Serializer};

use super::{Timestamp, civil, fraction, nanos, read_text, write_text};
use crate::json::{Decoding, Encoding, JsonMessage};

const DAY: i64 = 86_400;
/// 0001-01-01T00:00:00Z and 9999-12-31T23:59:59Z.
const RANGE: std::ops::RangeInclusive<i64> = -62_135_596_800..=253_402_300_799;

impl JsonMessage for Timestamp {
    const NAME: &'static str = "google.protobuf.Timestamp";
    const IS_SPECIAL: bool = true;

    fn write_json<S: Serializer>(&self, _: Encoding<'_>, to: S) -> Result<S::Ok, S::Error> {
        write_text(text(*self), to)
    }

    fn read_json<'de, D: Deserializer<'de>>(
        &mut self,
        _: Decoding<'_>,
        from: D,
    ) -> Result<(), D::Error> {
        const EXPECTED: &str =
            "a point in time from year 1 to 9999, as in \"2006-01-02T15:04:05.999Z\"";
        *self = read_text(parse, EXPECTED, from)?;
        Ok(())
    }
}

fn text(timestamp: Timestamp) -> Result<String, String> {
    let Timestamp { seconds, nanos } = timestamp;
    let nanos = u32::try_from(nanos)
        .ok()
        .filter(|nanos| *nanos < 1_000_000_000);
    let (Some(nanos), true) = (nanos, RANGE.contains(&seconds)) else {
        return Err(format!(
            "a Timestamp of {seconds} s and {} ns is out of range, which is year 1 to 9999",
            timestamp.nanos
        ));
    };
    let (year, month, day) = civil::date(seconds.div_euclid(DAY));
    let second = seconds.rem_euclid(DAY);
    let (hour, minute, second) = (second / 3_600, second / 60 % 60, second % 60);
    let fraction = fraction(nanos);
    Ok(format!(
        "{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}{fraction}Z"
    ))
}

fn parse(text: &str) -> Option<Timestamp> {
    let (head, tail) = text.split_at_checked(19)?;
    let (nanos, zone) = match tail.strip_prefix('.') {
        None => (0, tail),
        Some(rest) => {
            let end = rest.find(|char: char| !char.is_ascii_digit())?;
            (nanos(&rest[..end])?, &rest[end..])
        }
    };
    let seconds = local(head)? - offset(zone)?;
    let timestamp = Timestamp { seconds, nanos };
    RANGE.contains(&seconds).then_some(timestamp)
}

/// The seconds from 1970 to `2006-01-02T15:04:05`, if that is in UTC.
fn local(text: &str) -> Option<i64> {
    let separators = [(4, b'-'), (7, b'-'), (10, b'T'), (13, b':'), (16, b':')];
    let bytes = text.as_bytes();
    if !separators
        .iter()
        .all(|&(place, byte)| bytes.get(place) == Some(&byte))
    {
        return None;
    }
    let at = |from: usize, to: usize| digits(text.get(from..to)?);
    let days = civil::days(at(0, 4)?, at(5, 7)?, at(8, 10)?)?;
    let (hour, minute, second) = (at(11, 13)?, at(14, 16)?, at(17, 19)?);
    let is_time = hour <= 23 && minute <= 59 && second <= 59;
    is_time.then_some(days * DAY + hour * 3_600 + minute * 60 + second)
}

/// The seconds by which a zone is before UTC: of `Z`, or of `+hh:mm`.
fn offset(zone: &str) -> Option<i64> {
    if zone == "Z" {
        return Some(0);
    }
    let [sign @ (b'+' | b'-'), _, _, b':', _, _] = zone.as_bytes() else {
        return None;
    };
    let (hours, minutes) = (digits(zone.get(1..3)?)?, digits(zone.get(4..6)?)?);
    if hours > 23 || minutes > 59 {
        return None;
    }
    let seconds = hours * 3_600 + minutes * 60;
    Some(if *sign == b'-' { -seconds } else { seconds })
}

fn digits(text: &str) -> Option<i64> {
    let is_digits = text.bytes().all(|byte| byte.is_ascii_digit());
    is_digits.then(|| text.parse().ok())?
}
