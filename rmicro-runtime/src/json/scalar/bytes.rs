//! Bytes, which are strings in base64.

use std::fmt;

use bytes::Bytes;
use serde::de::{Error, Unexpected, Visitor};
use serde::{Deserializer, Serializer};

use super::ScalarValue;
use crate::json::base64::{self, Base64};

impl ScalarValue for Vec<u8> {
    fn is_default(&self) -> bool {
        self.is_empty()
    }

    fn write<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.collect_str(&Base64(self))
    }

    fn read<'de, D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        from.deserialize_str(BytesVisitor)
    }
}

impl ScalarValue for Bytes {
    fn is_default(&self) -> bool {
        self.is_empty()
    }

    fn write<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.collect_str(&Base64(self))
    }

    fn read<'de, D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        from.deserialize_str(BytesVisitor).map(Self::from)
    }
}

struct BytesVisitor;

impl Visitor<'_> for BytesVisitor {
    type Value = Vec<u8>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("bytes in base64")
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Vec<u8>, E> {
        base64::decode(text.as_bytes())
            .ok_or_else(|| E::invalid_value(Unexpected::Str(text), &self))
    }
}
