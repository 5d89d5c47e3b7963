//! Repeated fields, which are arrays.

use std::fmt;
use std::marker::PhantomData;

use serde::de::{DeserializeSeed, SeqAccess, Visitor};
use serde::ser::SerializeSeq;
use serde::{Deserializer, Serialize, Serializer};

use super::format::{Part, Seed};
use super::{Decoding, Encoding, Format, Found};

/// Writes `values` as an array; for types that are arrays themselves.
pub fn write_list<F: Format<T>, T, S: Serializer>(
    _format: F,
    values: &[T],
    encoding: Encoding<'_>,
    to: S,
) -> Result<S::Ok, S::Error> {
    let format = PhantomData::<F>;
    let list = List {
        values,
        encoding,
        format,
    };
    list.serialize(to)
}

/// Reads an array into `values`; for types that are arrays themselves.
pub fn read_list<'de, F: Format<T>, T: Default, D: Deserializer<'de>>(
    _format: F,
    values: &mut Vec<T>,
    decoding: Decoding<'_>,
    from: D,
) -> Result<(), D::Error> {
    let format = PhantomData::<F>;
    let seed = ListSeed {
        values,
        decoding,
        format,
    };
    seed.deserialize(from)
}

/// Values to be written.
pub(super) struct List<'a, F, T> {
    pub(super) values: &'a [T],
    pub(super) encoding: Encoding<'a>,
    pub(super) format: PhantomData<F>,
}

impl<F: Format<T>, T> Serialize for List<'_, F, T> {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let mut list = to.serialize_seq(Some(self.values.len()))?;
        for (place, value) in self.values.iter().enumerate() {
            let part = Part {
                value,
                encoding: self.encoding,
                format: self.format,
            };
            let result = list.serialize_element(&part);
            result.inspect_err(|_| self.encoding.trail.element(place))?;
        }
        list.end()
    }
}

/// A place for values to be read.
pub(super) struct ListSeed<'a, F, T> {
    pub(super) values: &'a mut Vec<T>,
    pub(super) decoding: Decoding<'a>,
    pub(super) format: PhantomData<F>,
}

impl<'de, F: Format<T>, T: Default> DeserializeSeed<'de> for ListSeed<'_, F, T> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, from: D) -> Result<(), D::Error> {
        from.deserialize_seq(self)
    }
}

impl<'de, F: Format<T>, T: Default> Visitor<'de> for ListSeed<'_, F, T> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an array")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<(), A::Error> {
        for place in 0_usize.. {
            let mut value = T::default();
            let seed = Seed {
                value: &mut value,
                decoding: self.decoding,
                format: self.format,
            };
            let found = list.next_element_seed(seed);
            match found.inspect_err(|_| self.decoding.trail.element(place))? {
                Some(Found::Value) => {
                    if self.values.capacity() == 0 {
                        self.values.reserve(first_room::<T>());
                    }
                    self.values.push(value);
                }
                Some(Found::Unknown) => {}
                None => break,
            }
        }
        Ok(())
    }
}

/// Room for so many values is made at first: small ones seldom come alone, and each new room is a copy of all.
const fn first_room<T>() -> usize {
    if size_of::<T>() <= 8 { 16 } else { 4 }
}
