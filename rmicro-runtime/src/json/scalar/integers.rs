//! Integers: those of 64 bits are strings in JSON, as its readers often know no numbers but doubles.

use std::fmt;
use std::marker::PhantomData;

use serde::de::{Error, Unexpected, Visitor};
use serde::{Deserializer, Serializer};

use super::ScalarValue;
use crate::json::integer::{from_float, narrow, parse};

/// Implements [`ScalarValue`] for an integer, which is written by the given function.
macro_rules! integer {
    ($type:ident, $write:expr) => {
        impl ScalarValue for $type {
            fn is_default(&self) -> bool {
                *self == 0
            }

            fn write<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
                let write: fn(S, $type) -> Result<S::Ok, S::Error> = $write;
                write(to, *self)
            }

            fn read<'de, D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
                from.deserialize_any(IntegerVisitor::<$type>(PhantomData))
            }
        }

        impl Integer for $type {
            const RANGE: (i128, i128) = ($type::MIN as i128, $type::MAX as i128);
        }
    };
}

integer!(i32, S::serialize_i32);
integer!(u32, S::serialize_u32);
integer!(i64, |to, value| to
    .serialize_str(itoa::Buffer::new().format(value)));
integer!(u64, |to, value| to
    .serialize_str(itoa::Buffer::new().format(value)));

/// What may be read as a number or as a number in quotes.
trait Integer: TryFrom<i64> + TryFrom<u64> + TryFrom<i128> {
    /// The least and the greatest.
    const RANGE: (i128, i128);
}

struct IntegerVisitor<T>(PhantomData<T>);

impl<T: Integer> Visitor<'_> for IntegerVisitor<T> {
    type Value = T;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (least, greatest) = T::RANGE;
        write!(f, "an integer from {least} to {greatest}")
    }

    fn visit_i64<E: Error>(self, number: i64) -> Result<T, E> {
        T::try_from(number).map_err(|_| E::invalid_value(Unexpected::Signed(number), &self))
    }

    fn visit_u64<E: Error>(self, number: u64) -> Result<T, E> {
        T::try_from(number).map_err(|_| E::invalid_value(Unexpected::Unsigned(number), &self))
    }

    fn visit_f64<E: Error>(self, number: f64) -> Result<T, E> {
        let unexpected = Unexpected::Float(number);
        match from_float(number) {
            Some(whole) => narrow(whole, unexpected, &self),
            None => Err(E::invalid_value(unexpected, &self)),
        }
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<T, E> {
        parse(text).ok_or_else(|| E::invalid_value(Unexpected::Str(text), &self))
    }
}
