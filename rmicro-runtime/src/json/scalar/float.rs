//! Floating point: numbers, and the three strings `"NaN"`, `"Infinity"` and `"-Infinity"`.

use std::fmt;
use std::marker::PhantomData;

use serde::de::{Error, Unexpected, Visitor};
use serde::{Deserializer, Serializer};

use super::ScalarValue;

/// Implements [`ScalarValue`] for a float with so many bits of mantissa.
macro_rules! float {
    ($type:ident, $bits:literal, $write:ident) => {
        impl ScalarValue for $type {
            /// Zero with a minus is no default.
            fn is_default(&self) -> bool {
                self.to_bits() == 0
            }

            /// Whole numbers are written without `.0`, as nearly all implementations do.
            fn write<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
                const EXACT: $type = (1_u64 << $bits) as $type;
                let is_negative_zero = *self == 0.0 && self.is_sign_negative();
                if self.abs() < EXACT && self.trunc() == *self && !is_negative_zero {
                    return to.serialize_i64(*self as i64);
                }
                match special(f64::from(*self)) {
                    Some(name) => to.serialize_str(name),
                    None => to.$write(*self),
                }
            }

            fn read<'de, D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
                from.deserialize_any(FloatVisitor::<$type>(PhantomData))
            }
        }

        impl Float for $type {
            const IS_DOUBLE: bool = size_of::<$type>() == 8;

            fn cast(number: f64) -> Self {
                number as $type
            }
        }
    };
}

float!(f32, 24, serialize_f32);
float!(f64, 53, serialize_f64);

/// A float that is read from a number or from a number in quotes.
trait Float: Copy + Into<f64> + std::str::FromStr {
    /// Whether this is `f64`.
    const IS_DOUBLE: bool;

    /// The nearest value; an infinite one is out of range.
    fn cast(number: f64) -> Self;
}

/// The name of what JSON has no number for.
fn special(number: f64) -> Option<&'static str> {
    if number.is_nan() {
        Some("NaN")
    } else if number.is_infinite() {
        Some(if number > 0.0 {
            "Infinity"
        } else {
            "-Infinity"
        })
    } else {
        None
    }
}

struct FloatVisitor<T>(PhantomData<T>);

impl<T: Float> FloatVisitor<T> {
    fn finite<E: Error>(self, number: T, unexpected: Unexpected<'_>) -> Result<T, E> {
        if number.into().is_finite() {
            Ok(number)
        } else {
            Err(E::invalid_value(unexpected, &self))
        }
    }
}

impl<T: Float> Visitor<'_> for FloatVisitor<T> {
    type Value = T;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = if T::IS_DOUBLE { "double" } else { "float" };
        write!(
            f,
            "a number in the range of a {name}, or \"NaN\", \"Infinity\" or \"-Infinity\""
        )
    }

    fn visit_f64<E: Error>(self, number: f64) -> Result<T, E> {
        self.finite(T::cast(number), Unexpected::Float(number))
    }

    fn visit_f32<E: Error>(self, number: f32) -> Result<T, E> {
        self.visit_f64(number.into())
    }

    fn visit_i64<E: Error>(self, number: i64) -> Result<T, E> {
        Ok(T::cast(number as f64))
    }

    fn visit_u64<E: Error>(self, number: u64) -> Result<T, E> {
        Ok(T::cast(number as f64))
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<T, E> {
        let unexpected = Unexpected::Str(text);
        match text {
            "NaN" => Ok(T::cast(f64::NAN)),
            "Infinity" => Ok(T::cast(f64::INFINITY)),
            "-Infinity" => Ok(T::cast(f64::NEG_INFINITY)),
            _ if !is_number(text) => Err(E::invalid_value(unexpected, &self)),
            _ => match text.parse() {
                Ok(number) => self.finite(number, unexpected),
                Err(_) => Err(E::invalid_value(unexpected, &self)),
            },
        }
    }
}

/// Whether `text` is a number by JSON's grammar, which is narrower than Rust's.
fn is_number(text: &str) -> bool {
    let text = text.strip_prefix('-').unwrap_or(text);
    let (mantissa, exponent) = match text.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => {
            let digits = exponent.strip_prefix(['+', '-']).unwrap_or(exponent);
            (mantissa, digits)
        }
        None => (text, "0"),
    };
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, "0"));
    let is_digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let has_leading_zero = whole.len() > 1 && whole.starts_with('0');
    is_digits(whole) && is_digits(fraction) && is_digits(exponent) && !has_leading_zero
}
