//! The well-known types whose JSON is of their own form.

mod any;
mod civil;
mod duration;
mod mask;
mod timestamp;

mod dynamic;
mod wrappers;

use std::fmt;
use std::sync::LazyLock;

use serde::de::{Error, Unexpected, Visitor};
use serde::{Deserializer, Serializer, ser};

use super::{
    Any, Api, BoolValue, BytesValue, DoubleValue, Duration, Empty, Enum, EnumValue, Field,
    FieldMask, FloatValue, Int32Value, Int64Value, ListValue, Method, Mixin, NullValue,
    SourceContext, StringValue, Struct, Timestamp, Type, UInt32Value, UInt64Value, Value,
    value::Kind,
};
use crate::json::TypeRegistry;

crate::json_serde!(
    Any,
    BoolValue,
    BytesValue,
    DoubleValue,
    Duration,
    FieldMask,
    FloatValue,
    Int32Value,
    Int64Value,
    ListValue,
    StringValue,
    Struct,
    Timestamp,
    UInt32Value,
    UInt64Value,
    Value
);

/// The types that every `Any` may hold.
static WELL_KNOWN: LazyLock<TypeRegistry> = LazyLock::new(|| {
    TypeRegistry::new()
        .with::<Any>()
        .with::<Api>()
        .with::<BoolValue>()
        .with::<BytesValue>()
        .with::<DoubleValue>()
        .with::<Duration>()
        .with::<Empty>()
        .with::<Enum>()
        .with::<EnumValue>()
        .with::<Field>()
        .with::<FieldMask>()
        .with::<FloatValue>()
        .with::<Int32Value>()
        .with::<Int64Value>()
        .with::<ListValue>()
        .with::<Method>()
        .with::<Mixin>()
        .with::<super::Option>()
        .with::<SourceContext>()
        .with::<StringValue>()
        .with::<Struct>()
        .with::<Timestamp>()
        .with::<Type>()
        .with::<UInt32Value>()
        .with::<UInt64Value>()
        .with::<Value>()
});

/// Writes a message whose JSON is the string `text`, if it has one.
fn write_text<S: Serializer>(text: Result<String, String>, to: S) -> Result<S::Ok, S::Error> {
    to.serialize_str(&text.map_err(ser::Error::custom)?)
}

/// Reads a message whose JSON is a string that `parse` understands and that `expected` describes.
fn read_text<'de, T, D: Deserializer<'de>>(
    parse: fn(&str) -> Option<T>,
    expected: &'static str,
    from: D,
) -> Result<T, D::Error> {
    from.deserialize_str(TextVisitor { parse, expected })
}

struct TextVisitor<T> {
    parse: fn(&str) -> Option<T>,
    expected: &'static str,
}

impl<T> Visitor<'_> for TextVisitor<T> {
    type Value = T;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.expected)
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<T, E> {
        (self.parse)(text).ok_or_else(|| E::invalid_value(Unexpected::Str(text), &self))
    }
}

/// The fraction of a second with 0, 3, 6 or 9 digits, as few as there need be.
fn fraction(nanos: u32) -> String {
    match nanos {
        0 => String::new(),
        _ if nanos.is_multiple_of(1_000_000) => format!(".{:03}", nanos / 1_000_000),
        _ if nanos.is_multiple_of(1_000) => format!(".{:06}", nanos / 1_000),
        _ => format!(".{nanos:09}"),
    }
}

/// Nanoseconds of one to nine digits behind the dot.
fn nanos(digits: &str) -> Option<i32> {
    let is_digits = digits.bytes().all(|byte| byte.is_ascii_digit());
    if digits.is_empty() || digits.len() > 9 || !is_digits {
        return None;
    }
    format!("{digits:0<9}").parse().ok()
}

#[cfg(all(test, feature = "json"))]
mod tests;
