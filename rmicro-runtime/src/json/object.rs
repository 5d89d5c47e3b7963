//! A message as an object, field by field.

use std::cell::Cell;
use std::fmt;

use serde::de::{DeserializeSeed, Error, IgnoredAny, MapAccess, Visitor};
use serde::ser::SerializeMap;
use serde::{Deserializer, Serializer};

use super::lookup::{FieldSeed, Seen};
use super::{Decoding, Encoding, JsonMessage, Reader, Writer};

pub(super) fn write<M: JsonMessage, S: Serializer>(
    message: &M,
    encoding: Encoding<'_>,
    to: S,
) -> Result<S::Ok, S::Error> {
    let mut out = Writer::<S>::new(M::FIELDS, encoding, to.serialize_map(None)?);
    message.write(&mut out)?;
    out.into_map().end()
}

pub(super) fn read<'de, M: JsonMessage, D: Deserializer<'de>>(
    message: &mut M,
    decoding: Decoding<'_>,
    from: D,
) -> Result<(), D::Error> {
    from.deserialize_map(ObjectVisitor { message, decoding })
}

struct ObjectVisitor<'a, M> {
    message: &'a mut M,
    decoding: Decoding<'a>,
}

impl<'de, M: JsonMessage> Visitor<'de> for ObjectVisitor<'_, M> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "an object with the fields of {}", M::NAME)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        let mut seen = Seen::default();
        let mut next = 0;
        loop {
            let key = FieldSeed {
                message: M::NAME,
                fields: M::FIELDS,
                next,
                decoding: self.decoding,
            };
            match map.next_key_seed(key)? {
                None => break,
                Some(None) => {
                    map.next_value::<IgnoredAny>()?;
                }
                Some(Some(field)) => {
                    if !seen.insert(field) {
                        return Err(self.told(field, A::Error::custom("the field is there twice")));
                    }
                    let is_absent = Cell::new(false);
                    let value = ValueSeed {
                        message: &mut *self.message,
                        field,
                        is_absent: &is_absent,
                        decoding: self.decoding,
                    };
                    let result = map.next_value_seed(value);
                    result.map_err(|error| self.told(field, error))?;
                    if is_absent.get() && M::REQUIRED.contains(&field) {
                        return Err(self.required(field));
                    }
                    next = field + 1;
                }
            }
        }
        for &field in M::REQUIRED {
            if seen.insert(field) {
                return Err(self.required(field));
            }
        }
        Ok(())
    }
}

impl<M: JsonMessage> ObjectVisitor<'_, M> {
    fn required<E: Error>(&self, field: usize) -> E {
        self.told(field, E::custom("the field is required"))
    }

    /// `error` as it is, with its field in the trail.
    fn told<E>(&self, field: usize, error: E) -> E {
        if let Some((name, _)) = M::FIELDS.get(field) {
            self.decoding.trail.field(name);
        }
        error
    }
}

struct ValueSeed<'a, M> {
    message: &'a mut M,
    field: usize,
    is_absent: &'a Cell<bool>,
    decoding: Decoding<'a>,
}

impl<'de, M: JsonMessage> DeserializeSeed<'de> for ValueSeed<'_, M> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, from: D) -> Result<(), D::Error> {
        let reader = Reader::new(self.decoding, self.is_absent, from);
        self.message.read(self.field, reader)
    }
}
