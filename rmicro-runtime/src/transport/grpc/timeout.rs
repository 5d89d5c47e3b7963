//! The text of `grpc-timeout`: at most eight digits and a unit (gRPC's `PROTOCOL-HTTP2.md`, "Timeout"); and of go-micro's `timeout`,
//! which only servers read: whoever sends that sends the other as well (go-micro `server/grpc/grpc.go`).

use std::cell::RefCell;
use std::time::Duration;

use http::HeaderValue;

use crate::error::{Error, Result};

/// Most digits that a value may have.
const DIGITS: usize = 8;
/// The first value that is too long.
const LIMIT: u64 = 100_000_000;

/// The most nanoseconds that are counted with: 64 bits are divided fast, 128 are not.
const LONGEST: u64 = 1 << 63;

/// The units and how many nanoseconds they have, finest first.
const UNITS: [(u8, u64); 6] = [
    (b'n', 1),
    (b'u', 1_000),
    (b'm', 1_000_000),
    (b'S', 1_000_000_000),
    (b'M', 60_000_000_000),
    (b'H', 3_600_000_000_000),
];

/// Writes `timeout` in the finest unit in which it fits, rounded up so that a peer never gives up before we do.
///
/// It is later by a hundredth at most, and by less than a millisecond: calls with the same timeout, which have spent some
/// microseconds on their way here, so say the same text, and HPACK sends one byte for a text that it knows. What is longer than
/// 292 years is said as that.
pub(super) fn encode(timeout: Duration) -> HeaderValue {
    let nanos = u64::try_from(timeout.as_nanos()).unwrap_or(LONGEST);
    let nanos = rounded(nanos.min(LONGEST));
    let (unit, value) = UNITS
        .into_iter()
        .map(|(unit, size)| (unit, nanos.div_ceil(size)))
        .find(|(_, value)| *value < LIMIT)
        .unwrap_or((b'H', LIMIT - 1));
    LAST.with_borrow_mut(|(last, text)| {
        if *last != (unit, value) {
            (*last, *text) = ((unit, value), write(value as u32, unit));
        }
        text.clone()
    })
}

thread_local! {
    /// What was written last, as most calls have the timeout of the call before them.
    static LAST: RefCell<((u8, u64), HeaderValue)> =
        const { RefCell::new(((b'n', 0), HeaderValue::from_static("0n"))) };
}

/// Rounds up to three digits, or to a millisecond where that is less.
fn rounded(nanos: u64) -> u64 {
    const MILLISECOND: u64 = 1_000_000;
    let digits = nanos.checked_ilog10().unwrap_or_default();
    let step = 10u64.pow(digits.saturating_sub(2)).min(MILLISECOND);
    nanos.next_multiple_of(step)
}

/// Reads what a peer wrote; anything else than one to eight digits and a unit is an error that shows it.
pub(super) fn decode(text: &HeaderValue) -> Result<Duration> {
    parse(text.as_bytes()).ok_or_else(|| {
        Error::internal(format!(
            "grpc-timeout {text:?} is not one to eight digits and one of H, M, S, m, u, n"
        ))
    })
}

/// Reads go-micro's `timeout`, decimal nanoseconds; anything else is `None`, as go-micro ignores it.
pub(super) fn decode_nanos(text: &HeaderValue) -> Option<Duration> {
    let text = text.to_str().ok()?;
    let digits = text.bytes().all(|byte| byte.is_ascii_digit());
    let nanos = text.parse().ok().filter(|_| digits)?;
    Some(Duration::from_nanos(nanos))
}

fn parse(text: &[u8]) -> Option<Duration> {
    let (unit, digits) = text.split_last()?;
    if digits.is_empty() || digits.len() > DIGITS || !digits.iter().all(u8::is_ascii_digit) {
        return None;
    }
    let value = digits
        .iter()
        .fold(0u64, |value, digit| value * 10 + u64::from(digit - b'0'));
    match unit {
        b'n' => Some(Duration::from_nanos(value)),
        b'u' => Some(Duration::from_micros(value)),
        b'm' => Some(Duration::from_millis(value)),
        b'S' => Some(Duration::from_secs(value)),
        b'M' => Some(Duration::from_secs(value * 60)),
        b'H' => Some(Duration::from_secs(value * 3600)),
        _ => None,
    }
}

/// Writes from the right into a small array: this runs for every call that has a deadline.
fn write(mut value: u32, unit: u8) -> HeaderValue {
    let mut text = [0; DIGITS + 1];
    text[DIGITS] = unit;
    let mut start = DIGITS;
    loop {
        start -= 1;
        text[start] = b'0' + (value % 10) as u8;
        value /= 10;
        if value == 0 || start == 0 {
            break;
        }
    }
    // Digits and a letter are always a header value; the fallback only keeps a panic out.
    HeaderValue::from_bytes(&text[start..]).unwrap_or(HeaderValue::from_static("0n"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_finest_unit_that_fits_is_taken_and_never_shortens() {
        for (timeout, text) in [
            (Duration::ZERO, "0n"),
            (Duration::from_nanos(999), "999n"),
            (Duration::from_nanos(1_001), "1010n"),
            (Duration::from_nanos(99_800_000), "99800000n"),
            (Duration::from_nanos(99_800_001), "99900000n"),
            (Duration::from_nanos(100_000_000), "100000u"),
            (Duration::from_nanos(100_000_001), "101000u"),
            (Duration::from_secs(1), "1000000u"),
            (Duration::from_millis(99_999_999), "99999999m"),
            (Duration::from_nanos(99_999_999_000_001), "100000S"),
            (Duration::from_secs(99_999_999), "99999999S"),
            (Duration::from_secs(100_000_000), "1666667M"),
            (Duration::from_secs(6_000_000_000), "1666667H"),
            (Duration::MAX, "2562048H"),
        ] {
            let written = encode(timeout);
            assert_eq!(written, text, "{timeout:?}");
            let read = decode(&written).unwrap();
            assert!(read >= timeout || timeout == Duration::MAX, "{timeout:?}");
        }
    }

    #[test]
    fn calls_with_one_timeout_say_one_text() {
        for timeout in [
            Duration::from_millis(50),
            Duration::from_secs(1),
            Duration::from_secs(30),
        ] {
            let on_the_way = Duration::from_micros(80);
            assert_eq!(encode(timeout - on_the_way), encode(timeout), "{timeout:?}");
        }
    }

    #[test]
    fn every_unit_is_read() {
        for (text, timeout) in [
            ("1H", Duration::from_secs(3600)),
            ("2M", Duration::from_secs(120)),
            ("3S", Duration::from_secs(3)),
            ("4m", Duration::from_millis(4)),
            ("5u", Duration::from_micros(5)),
            ("00000006n", Duration::from_nanos(6)),
        ] {
            assert_eq!(decode(&HeaderValue::from_static(text)).unwrap(), timeout);
        }
    }

    #[test]
    fn what_is_malformed_is_shown() {
        for text in ["", "S", "1", "123456789S", "-1S", "1s", "1.5S", "1 S"] {
            let error = decode(&HeaderValue::from_static(text)).unwrap_err();
            assert!(error.message().contains(&format!("{text:?}")), "{error}");
        }
    }
    #[test]
    fn go_micros_timeout_is_nanoseconds_and_anything_else_is_ignored() {
        let read = |text| decode_nanos(&HeaderValue::from_static(text));
        assert_eq!(read("30000000000"), Some(Duration::from_secs(30)));
        assert_eq!(read("0"), Some(Duration::ZERO));
        for text in ["", "+1", "-1", "1S", "1.5", "18446744073709551616"] {
            assert_eq!(read(text), None, "{text:?}");
        }
    }
}
