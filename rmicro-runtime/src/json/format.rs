//! The forms that a value has in JSON: scalars, enums, messages.

use std::fmt;
use std::marker::PhantomData;

use serde::de::{DeserializeSeed, Error, Unexpected, Visitor};
use serde::{Deserializer, Serialize, Serializer};

use super::integer::{self, from_float};
use super::{Decoding, Encoding, JsonEnum, JsonMessage};

/// How values of type `T` are written and read; implemented by markers, which generated code names.
pub trait Format<T> {
    /// Whether `null` is a value.
    const TAKES_NULL: bool = false;

    /// Whether `value` is what a field without presence has when nobody set it.
    fn is_default(value: &T) -> bool;

    /// Writes `value`.
    fn write<S: Serializer>(value: &T, encoding: Encoding<'_>, to: S) -> Result<S::Ok, S::Error>;

    /// Reads into `value`, which is empty, and stays so when the result is [`Found::Unknown`].
    fn read<'de, D: Deserializer<'de>>(
        value: &mut T,
        decoding: Decoding<'_>,
        from: D,
    ) -> Result<Found, D::Error>;
}

/// What was read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Found {
    /// A value.
    Value,
    /// A name that the enum does not know, where such are ignored.
    Unknown,
}

/// A message, in a box or not.
#[derive(Clone, Copy, Debug)]
pub struct Message;

impl<M: JsonMessage> Format<M> for Message {
    const TAKES_NULL: bool = M::TAKES_NULL;

    /// A message that is there is no default, however empty it is.
    fn is_default(_value: &M) -> bool {
        false
    }

    fn write<S: Serializer>(value: &M, encoding: Encoding<'_>, to: S) -> Result<S::Ok, S::Error> {
        value.write_json(encoding.deeper()?, to)
    }

    fn read<'de, D: Deserializer<'de>>(
        value: &mut M,
        decoding: Decoding<'_>,
        from: D,
    ) -> Result<Found, D::Error> {
        value.read_json(decoding.deeper()?, from)?;
        Ok(Found::Value)
    }
}

/// A number of the enum `E`.
#[derive(Clone, Copy, Debug)]
pub struct Enum<E>(PhantomData<fn() -> E>);

/// The format of the enum `E`.
#[must_use]
pub const fn enumeration<E: JsonEnum>() -> Enum<E> {
    Enum(PhantomData)
}

impl<E: JsonEnum> Format<i32> for Enum<E> {
    const TAKES_NULL: bool = E::IS_NULL;

    fn is_default(value: &i32) -> bool {
        *value == 0
    }

    fn write<S: Serializer>(value: &i32, _: Encoding<'_>, to: S) -> Result<S::Ok, S::Error> {
        if E::IS_NULL {
            return to.serialize_unit();
        }
        match name::<E>(*value) {
            Some(name) => to.serialize_str(name),
            None => to.serialize_i32(*value),
        }
    }

    fn read<'de, D: Deserializer<'de>>(
        value: &mut i32,
        decoding: Decoding<'_>,
        from: D,
    ) -> Result<Found, D::Error> {
        let ignore = decoding.options.ignore_unknown;
        let visitor = EnumVisitor::<E>(ignore, PhantomData);
        let Some(number) = from.deserialize_any(visitor)? else {
            return Ok(Found::Unknown);
        };
        *value = number;
        Ok(Found::Value)
    }
}

/// The first name of `number`. Most enums count from zero, so it is first looked for at its place.
fn name<E: JsonEnum>(number: i32) -> Option<&'static str> {
    let counts = const { counts_from_zero(E::NAMES) };
    if counts {
        let place = usize::try_from(number).ok()?;
        return E::NAMES.get(place).map(|(name, _)| *name);
    }
    let found = E::NAMES.iter().find(|(_, other)| *other == number);
    found.map(|(name, _)| *name)
}

const fn counts_from_zero(names: &[(&str, i32)]) -> bool {
    let mut place = 0;
    while place < names.len() {
        if names[place].1 as usize != place {
            return false;
        }
        place += 1;
    }
    true
}

/// Reads a name or a number; `None` is an unknown name that is ignored.
struct EnumVisitor<E>(bool, PhantomData<E>);

impl<E: JsonEnum> Visitor<'_> for EnumVisitor<E> {
    type Value = Option<i32>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "a name or a number of the enum {}", E::NAME)
    }

    fn visit_str<R: Error>(self, text: &str) -> Result<Self::Value, R> {
        match E::NAMES.iter().find(|(name, _)| *name == text) {
            Some((_, number)) => Ok(Some(*number)),
            None if self.0 => Ok(None),
            None => Err(R::invalid_value(Unexpected::Str(text), &self)),
        }
    }

    fn visit_i64<R: Error>(self, number: i64) -> Result<Self::Value, R> {
        integer::narrow(number.into(), Unexpected::Signed(number), &self).map(Some)
    }

    fn visit_u64<R: Error>(self, number: u64) -> Result<Self::Value, R> {
        integer::narrow(number.into(), Unexpected::Unsigned(number), &self).map(Some)
    }

    fn visit_f64<R: Error>(self, number: f64) -> Result<Self::Value, R> {
        let unexpected = Unexpected::Float(number);
        match from_float(number) {
            Some(whole) => integer::narrow(whole, unexpected, &self).map(Some),
            None => Err(R::invalid_value(unexpected, &self)),
        }
    }

    fn visit_unit<R: Error>(self) -> Result<Self::Value, R> {
        if E::IS_NULL {
            Ok(Some(0))
        } else {
            Err(R::invalid_type(Unexpected::Unit, &self))
        }
    }

    fn visit_none<R: Error>(self) -> Result<Self::Value, R> {
        self.visit_unit()
    }
}

/// A value with its format, as serde wants what is to be written.
pub(super) struct Part<'a, F, T> {
    pub(super) value: &'a T,
    pub(super) encoding: Encoding<'a>,
    pub(super) format: PhantomData<F>,
}

impl<F: Format<T>, T> Serialize for Part<'_, F, T> {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        F::write(self.value, self.encoding, to)
    }
}

/// A place for a value with its format, as serde wants what is to be read.
pub(super) struct Seed<'a, F, T> {
    pub(super) value: &'a mut T,
    pub(super) decoding: Decoding<'a>,
    pub(super) format: PhantomData<F>,
}

impl<'de, F: Format<T>, T> DeserializeSeed<'de> for Seed<'_, F, T> {
    type Value = Found;

    fn deserialize<D: Deserializer<'de>>(self, from: D) -> Result<Found, D::Error> {
        F::read(self.value, self.decoding, from)
    }
}
