//! JSON that is kept until its type is known: what is in an `Any`.
//!
//! No other value passes through here. Invariant: it nests at most [`MOST_BRACKETS`] deep, so that no recursion over it is
//! unbounded.

mod de;
mod failure;
mod ser;

use std::fmt;

use serde::de::{DeserializeSeed, Error, MapAccess, SeqAccess, Visitor};
use serde::ser::SerializeMap;
use serde::{Deserializer, Serialize, Serializer};

use super::MAX_DEPTH;

pub(super) use failure::Failure;
pub(super) use ser::ContentSerializer;

/// A message nests as two brackets when it is in a list.
const MOST_BRACKETS: u16 = 2 * MAX_DEPTH as u16;

/// A value of JSON, with its numbers as they came.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Content {
    Null,
    Bool(bool),
    I64(i64),
    U64(u64),
    F32(f32),
    F64(f64),
    Text(String),
    List(Vec<Self>),
    /// Entries in their order; a name may be there twice, which is for the reader of the type to refuse.
    Map(Vec<(String, Self)>),
}

impl Serialize for Content {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Null => to.serialize_unit(),
            Self::Bool(value) => to.serialize_bool(*value),
            Self::I64(number) => to.serialize_i64(*number),
            Self::U64(number) => to.serialize_u64(*number),
            Self::F32(number) => to.serialize_f32(*number),
            Self::F64(number) => to.serialize_f64(*number),
            Self::Text(text) => to.serialize_str(text),
            Self::List(values) => to.collect_seq(values),
            Self::Map(entries) => {
                let mut map = to.serialize_map(Some(entries.len()))?;
                for (name, value) in entries {
                    map.serialize_entry(name, value)?;
                }
                map.end()
            }
        }
    }
}

/// Reads any value that is inside of so many brackets.
pub(super) struct ContentSeed(pub(super) u16);

impl ContentSeed {
    fn deeper<E: Error>(self) -> Result<u16, E> {
        if self.0 == MOST_BRACKETS {
            return Err(E::custom(format_args!(
                "an Any nests more than {MOST_BRACKETS} brackets deep"
            )));
        }
        Ok(self.0 + 1)
    }
}

impl<'de> DeserializeSeed<'de> for ContentSeed {
    type Value = Content;

    fn deserialize<D: Deserializer<'de>>(self, from: D) -> Result<Content, D::Error> {
        from.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for ContentSeed {
    type Value = Content;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value of JSON")
    }

    fn visit_unit<E: Error>(self) -> Result<Content, E> {
        Ok(Content::Null)
    }

    fn visit_none<E: Error>(self) -> Result<Content, E> {
        Ok(Content::Null)
    }

    fn visit_bool<E: Error>(self, value: bool) -> Result<Content, E> {
        Ok(Content::Bool(value))
    }

    fn visit_i64<E: Error>(self, number: i64) -> Result<Content, E> {
        Ok(Content::I64(number))
    }

    fn visit_u64<E: Error>(self, number: u64) -> Result<Content, E> {
        Ok(Content::U64(number))
    }

    fn visit_f64<E: Error>(self, number: f64) -> Result<Content, E> {
        Ok(Content::F64(number))
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Content, E> {
        Ok(Content::Text(text.to_owned()))
    }

    fn visit_string<E: Error>(self, text: String) -> Result<Content, E> {
        Ok(Content::Text(text))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Content, A::Error> {
        let depth = self.deeper()?;
        let mut values = Vec::new();
        while let Some(value) = list.next_element_seed(Self(depth))? {
            values.push(value);
        }
        Ok(Content::List(values))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Content, A::Error> {
        let depth = self.deeper()?;
        let mut entries = Vec::new();
        while let Some(name) = map.next_key()? {
            entries.push((name, map.next_value_seed(Self(depth))?));
        }
        Ok(Content::Map(entries))
    }
}
