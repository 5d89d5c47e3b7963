//! `Struct`, `Value`, `ListValue` and `NullValue`: JSON as it is.

use std::fmt;

use serde::de::{Error, MapAccess, SeqAccess, Visitor};
use serde::{Deserializer, Serializer, de, ser};

use super::{Kind, ListValue, NullValue, Struct, Value};
use crate::json::{Decoding, Encoding, EnumNames, JsonEnum, JsonMessage, Message, Scalar};
use crate::json::{Format, read_list, read_map, write_list, write_map};

impl JsonEnum for NullValue {
    const NAME: &'static str = "google.protobuf.NullValue";
    const NAMES: EnumNames = &[("NULL_VALUE", 0)];
    const IS_NULL: bool = true;
}

impl JsonMessage for Struct {
    const NAME: &'static str = "google.protobuf.Struct";
    const IS_SPECIAL: bool = true;

    fn write_json<S: Serializer>(&self, encoding: Encoding<'_>, to: S) -> Result<S::Ok, S::Error> {
        write_map(Message, &self.fields, encoding, to)
    }

    fn read_json<'de, D: Deserializer<'de>>(
        &mut self,
        decoding: Decoding<'_>,
        from: D,
    ) -> Result<(), D::Error> {
        read_map(Message, &mut self.fields, decoding, from)
    }
}

impl JsonMessage for ListValue {
    const NAME: &'static str = "google.protobuf.ListValue";
    const IS_SPECIAL: bool = true;

    fn write_json<S: Serializer>(&self, encoding: Encoding<'_>, to: S) -> Result<S::Ok, S::Error> {
        write_list(Message, &self.values, encoding, to)
    }

    fn read_json<'de, D: Deserializer<'de>>(
        &mut self,
        decoding: Decoding<'_>,
        from: D,
    ) -> Result<(), D::Error> {
        read_list(Message, &mut self.values, decoding, from)
    }
}

impl JsonMessage for Value {
    const NAME: &'static str = "google.protobuf.Value";
    const TAKES_NULL: bool = true;
    const IS_SPECIAL: bool = true;

    /// A value of no kind is `null`, as nothing else would be JSON.
    fn write_json<S: Serializer>(&self, encoding: Encoding<'_>, to: S) -> Result<S::Ok, S::Error> {
        match &self.kind {
            None | Some(Kind::NullValue(_)) => to.serialize_unit(),
            Some(Kind::NumberValue(number)) if number.is_finite() => {
                Scalar::write(number, encoding, to)
            }
            Some(Kind::NumberValue(number)) => Err(ser::Error::custom(format_args!(
                "a Value of {number} has no JSON, which has no such number"
            ))),
            Some(Kind::StringValue(text)) => to.serialize_str(text),
            Some(Kind::BoolValue(value)) => to.serialize_bool(*value),
            Some(Kind::StructValue(value)) => value.write_json(encoding, to),
            Some(Kind::ListValue(value)) => value.write_json(encoding, to),
        }
    }

    fn read_json<'de, D: Deserializer<'de>>(
        &mut self,
        decoding: Decoding<'_>,
        from: D,
    ) -> Result<(), D::Error> {
        self.kind = Some(from.deserialize_any(KindVisitor(decoding))?);
        Ok(())
    }
}

struct KindVisitor<'a>(Decoding<'a>);

impl<'de> Visitor<'de> for KindVisitor<'_> {
    type Value = Kind;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("any value")
    }

    fn visit_unit<E: Error>(self) -> Result<Kind, E> {
        Ok(Kind::NullValue(NullValue::NullValue.into()))
    }

    fn visit_none<E: Error>(self) -> Result<Kind, E> {
        self.visit_unit()
    }

    fn visit_bool<E: Error>(self, value: bool) -> Result<Kind, E> {
        Ok(Kind::BoolValue(value))
    }

    fn visit_i64<E: Error>(self, number: i64) -> Result<Kind, E> {
        Ok(Kind::NumberValue(number as f64))
    }

    fn visit_u64<E: Error>(self, number: u64) -> Result<Kind, E> {
        Ok(Kind::NumberValue(number as f64))
    }

    fn visit_f64<E: Error>(self, number: f64) -> Result<Kind, E> {
        Ok(Kind::NumberValue(number))
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Kind, E> {
        Ok(Kind::StringValue(text.to_owned()))
    }

    fn visit_string<E: Error>(self, text: String) -> Result<Kind, E> {
        Ok(Kind::StringValue(text))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, list: A) -> Result<Kind, A::Error> {
        let mut value = ListValue::default();
        value.read_json(self.0, de::value::SeqAccessDeserializer::new(list))?;
        Ok(Kind::ListValue(value))
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Kind, A::Error> {
        let mut value = Struct::default();
        value.read_json(self.0, de::value::MapAccessDeserializer::new(map))?;
        Ok(Kind::StructValue(value))
    }
}
