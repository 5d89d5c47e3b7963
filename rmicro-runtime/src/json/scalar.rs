//! Scalars: numbers, booleans, text and bytes, each by its Rust type.

mod bytes;
mod float;
mod integers;

use std::fmt;

use serde::de::{Error, Visitor};
use serde::{Deserializer, Serializer};

use super::{Decoding, Encoding, Format, Found};

/// A scalar; its Rust type says which.
#[derive(Clone, Copy, Debug)]
pub struct Scalar;

/// A Rust type that holds a scalar of protobuf.
pub trait ScalarValue: Default {
    /// Whether this is zero, false or empty.
    fn is_default(&self) -> bool;

    /// Writes the scalar.
    fn write<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error>;

    /// Reads a scalar.
    fn read<'de, D: Deserializer<'de>>(from: D) -> Result<Self, D::Error>;
}

impl<T: ScalarValue> Format<T> for Scalar {
    fn is_default(value: &T) -> bool {
        value.is_default()
    }

    fn write<S: Serializer>(value: &T, _: Encoding<'_>, to: S) -> Result<S::Ok, S::Error> {
        value.write(to)
    }

    fn read<'de, D: Deserializer<'de>>(
        value: &mut T,
        _: Decoding<'_>,
        from: D,
    ) -> Result<Found, D::Error> {
        *value = T::read(from)?;
        Ok(Found::Value)
    }
}

impl ScalarValue for bool {
    fn is_default(&self) -> bool {
        !self
    }

    fn write<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_bool(*self)
    }

    fn read<'de, D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        from.deserialize_bool(BoolVisitor)
    }
}

impl ScalarValue for String {
    fn is_default(&self) -> bool {
        self.is_empty()
    }

    fn write<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_str(self)
    }

    fn read<'de, D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        from.deserialize_string(TextVisitor)
    }
}

struct BoolVisitor;

impl Visitor<'_> for BoolVisitor {
    type Value = bool;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("true or false")
    }

    fn visit_bool<E: Error>(self, value: bool) -> Result<bool, E> {
        Ok(value)
    }
}

struct TextVisitor;

impl Visitor<'_> for TextVisitor {
    type Value = String;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a string")
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<String, E> {
        Ok(text.to_owned())
    }

    fn visit_string<E: Error>(self, text: String) -> Result<String, E> {
        Ok(text)
    }
}
