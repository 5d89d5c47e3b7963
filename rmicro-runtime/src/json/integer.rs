//! Whole numbers, however they are written: `7`, `7.0`, `7e0`, and in quotes.
//!
//! Invariant: no number from outside makes more work than its text is long, whatever its exponent.

use serde::de::{Error, Expected, Unexpected};

/// No integer of protobuf has more digits.
const MOST_DIGITS: usize = 20;

/// `whole` as a `T`, if it is in its range.
pub(super) fn narrow<T: TryFrom<i128>, E: Error>(
    whole: i128,
    unexpected: Unexpected<'_>,
    expected: &dyn Expected,
) -> Result<T, E> {
    T::try_from(whole).map_err(|_| E::invalid_value(unexpected, expected))
}

/// The whole number that `number` is; `None` when it is a fraction, or too large for any integer of protobuf.
///
/// The least `i64` is too large as well, as a float that is the same may come of a number below it.
pub(super) fn from_float(number: f64) -> Option<i128> {
    let (least, greatest) = (-(2_f64.powi(63)), 2_f64.powi(64));
    let is_inside = least < number && number < greatest;
    (number.trunc() == number && is_inside).then_some(number as i128)
}

/// The `T` that `text` is by JSON's grammar of numbers; `None` when it is none, or out of range.
pub(super) fn parse<T: TryFrom<i64> + TryFrom<i128>>(text: &str) -> Option<T> {
    match from_digits(text) {
        Some(number) => T::try_from(number).ok(),
        None => T::try_from(from_text(text)?).ok(),
    }
}

/// The whole number that `text` is by JSON's grammar of numbers; `None` when it is none, or too large.
fn from_text(text: &str) -> Option<i128> {
    let (minus, magnitude) = match text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text),
    };
    let magnitude = exact(magnitude)?;
    Some(if minus { -magnitude } else { magnitude })
}

/// What nearly all numbers are: at most 18 digits, with or without a minus; `None` for any other text.
fn from_digits(text: &str) -> Option<i64> {
    let (minus, digits) = match text.as_bytes() {
        [b'-', rest @ ..] => (true, rest),
        digits => (false, digits),
    };
    if digits.len() > 18 || matches!(digits, [] | [b'0', _, ..]) {
        return None;
    }
    let mut number = 0;
    for &byte in digits {
        let digit = byte.wrapping_sub(b'0');
        if digit > 9 {
            return None;
        }
        number = number * 10 + i64::from(digit);
    }
    Some(if minus { -number } else { number })
}

/// Digits with a fraction, an exponent, or many of them.
fn exact(magnitude: &str) -> Option<i128> {
    let (mantissa, exponent) = match magnitude.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, self::exponent(exponent)?),
        None => (magnitude, 0),
    };
    let (whole, fraction) = match mantissa.split_once('.') {
        Some((_, "")) => return None,
        Some(parts) => parts,
        None => (mantissa, ""),
    };
    let starts_with_zero = whole.len() > 1 && whole.starts_with('0');
    if whole.is_empty() || starts_with_zero || !is_digits(whole) || !is_digits(fraction) {
        return None;
    }
    let digits = format!("{whole}{fraction}");
    let significant = digits.trim_end_matches('0');
    let zeros = i64::try_from(digits.len() - significant.len()).ok()?;
    let significant = significant.trim_start_matches('0');
    if significant.is_empty() {
        return Some(0);
    }
    let scale = exponent + zeros - i64::try_from(fraction.len()).ok()?;
    let scale = usize::try_from(scale).ok()?;
    if scale > MOST_DIGITS || significant.len() + scale > MOST_DIGITS {
        return None;
    }
    let number: i128 = significant.parse().ok()?;
    Some(number * 10_i128.pow(scale as u32))
}

/// The exponent; one that no number here can have counts as a very large one.
fn exponent(text: &str) -> Option<i64> {
    let (minus, digits) = match text.strip_prefix(['+', '-']) {
        Some(digits) => (text.starts_with('-'), digits),
        None => (false, text),
    };
    if digits.is_empty() || !is_digits(digits) {
        return None;
    }
    let exponent = digits.parse::<u32>().map_or(i64::from(u32::MAX), i64::from);
    Some(if minus { -exponent } else { exponent })
}

fn is_digits(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whole_numbers_are_exact() {
        for (text, number) in [
            ("0", 0),
            ("-0", 0),
            ("7", 7),
            ("-7", -7),
            ("1e5", 100_000),
            ("1.0", 1),
            ("1.50e1", 15),
            ("10e-1", 1),
            ("0e999999999999", 0),
            ("0.000", 0),
            ("9223372036854775807", i64::MAX.into()),
            ("-9223372036854775808.0", i64::MIN.into()),
            ("18446744073709551615", u64::MAX.into()),
            ("1844674407370955161.5E+1", u64::MAX.into()),
            ("99999999999999999999", 99_999_999_999_999_999_999),
        ] {
            assert_eq!(from_text(text), Some(number), "{text}");
            let short = from_digits(text).map(i128::from);
            assert!(short.is_none() || short == Some(number), "{text}");
        }
        assert_eq!(
            from_digits("-999999999999999999"),
            Some(-999_999_999_999_999_999)
        );
    }

    #[test]
    fn what_json_would_not_take_is_no_number() {
        for text in [
            "",
            "-",
            "+1",
            " 1",
            "1 ",
            "01",
            "-01",
            "00",
            "1.",
            ".5",
            "1.5",
            "1e",
            "1e+",
            "1e1.0",
            "1e-1",
            "0x1",
            "١",
            "1e999999999999",
            "1e-99999999999",
            "1_000",
            "--1",
            "NaN",
            "100000000000000000000",
            "1e20e1",
            "12abc",
        ] {
            assert_eq!(from_text(text), None, "{text}");
            assert_eq!(from_digits(text), None, "{text}");
        }
    }

    #[test]
    fn a_float_is_whole_or_none() {
        assert_eq!(from_float(-3.0), Some(-3));
        assert_eq!(from_float(-0.0), Some(0));
        for number in [
            0.5,
            f64::NAN,
            f64::INFINITY,
            1e300,
            18_446_744_073_709_551_616.0,
        ] {
            assert_eq!(from_float(number), None, "{number}");
        }
    }
}
