//! What a message reads the value of a field from.

use std::cell::Cell;
use std::marker::PhantomData;

use serde::Deserializer;
use serde::de::{DeserializeSeed, Error, IgnoredAny};

use super::format::Seed;
use super::list::ListSeed;
use super::map::MapSeed;
use super::nullable::nullable;
use super::{Decoding, Format, Found, Key, Map};

/// The value of one field, to be read by one call that says how the field is declared.
///
/// `null` leaves a field as it is, unless it is a value of its type.
#[derive(Debug)]
pub struct Reader<'a, D> {
    decoding: Decoding<'a>,
    is_absent: &'a Cell<bool>,
    from: D,
}

impl<'a, 'de, D: Deserializer<'de>> Reader<'a, D> {
    /// `is_absent` is set when a field that always has a value is left as it is, by a `null` or an unknown name.
    pub(super) fn new(decoding: Decoding<'a>, is_absent: &'a Cell<bool>, from: D) -> Self {
        Self {
            decoding,
            is_absent,
            from,
        }
    }

    /// A field that always has a value.
    pub fn plain<F: Format<T>, T>(self, _format: F, value: &mut T) -> Result<(), D::Error> {
        let seed = Seed {
            value,
            decoding: self.decoding,
            format: PhantomData::<F>,
        };
        let found = if F::TAKES_NULL {
            Some(seed.deserialize(self.from)?)
        } else {
            nullable(seed, self.from)?
        };
        self.is_absent.set(found != Some(Found::Value));
        Ok(())
    }

    /// A field with presence.
    pub fn optional<F: Format<T>, T: Default>(
        self,
        _format: F,
        value: &mut Option<T>,
    ) -> Result<(), D::Error> {
        let seed = PresentSeed {
            value,
            decoding: self.decoding,
            format: PhantomData::<F>,
        };
        if F::TAKES_NULL {
            seed.deserialize(self.from)
        } else {
            nullable(seed, self.from).map(Option::unwrap_or_default)
        }
    }

    /// A repeated field.
    pub fn repeated<F: Format<T>, T: Default>(
        self,
        _format: F,
        values: &mut Vec<T>,
    ) -> Result<(), D::Error> {
        let seed = ListSeed {
            values,
            decoding: self.decoding,
            format: PhantomData::<F>,
        };
        nullable(seed, self.from).map(Option::unwrap_or_default)
    }

    /// A map.
    pub fn map<F: Format<M::Value>, M: Map<Key: Key, Value: Default>>(
        self,
        _format: F,
        map: &mut M,
    ) -> Result<(), D::Error> {
        let seed = MapSeed {
            map,
            decoding: self.decoding,
            format: PhantomData::<F>,
        };
        nullable(seed, self.from).map(Option::unwrap_or_default)
    }

    /// A field of a oneof, which `variant` makes of its value.
    pub fn one<F: Format<T>, T: Default, O>(
        self,
        format: F,
        oneof: &mut Option<O>,
        variant: impl FnOnce(T) -> O,
    ) -> Result<(), D::Error> {
        let mut value = None;
        self.optional(format, &mut value)?;
        match value {
            Some(_) if oneof.is_some() => Err(D::Error::custom(
                "another field of the same oneof is there, too",
            )),
            Some(value) => {
                *oneof = Some(variant(value));
                Ok(())
            }
            None => Ok(()),
        }
    }

    /// No field that is known.
    pub fn skip(self) -> Result<(), D::Error> {
        self.from.deserialize_ignored_any(IgnoredAny)?;
        Ok(())
    }
}

/// Reads into a place that is made for the value.
struct PresentSeed<'a, F, T> {
    value: &'a mut Option<T>,
    decoding: Decoding<'a>,
    format: PhantomData<F>,
}

impl<'de, F: Format<T>, T: Default> DeserializeSeed<'de> for PresentSeed<'_, F, T> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, from: D) -> Result<(), D::Error> {
        let value = self.value.insert(T::default());
        if F::read(value, self.decoding, from)? == Found::Unknown {
            *self.value = None;
        }
        Ok(())
    }
}
