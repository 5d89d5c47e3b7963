//! What a message writes its fields to.

use std::marker::PhantomData;

use serde::Serializer;
use serde::ser::{Serialize, SerializeMap};

use super::format::Part;
use super::list::List;
use super::map::Entries;
use super::{Encoding, Fields, Format, Key, Map};

/// Takes the fields of one message, each by one call that says how it is declared.
///
/// Fields are told by their place in [`JsonMessage::FIELDS`](super::JsonMessage::FIELDS); a place that is not there panics.
#[expect(
    missing_debug_implementations,
    reason = "a serializer need not be `Debug`"
)]
pub struct Writer<'a, S: Serializer> {
    fields: Fields,
    encoding: Encoding<'a>,
    map: S::SerializeMap,
}

impl<'a, S: Serializer> Writer<'a, S> {
    pub(super) fn new(fields: Fields, encoding: Encoding<'a>, map: S::SerializeMap) -> Self {
        Self {
            fields,
            encoding,
            map,
        }
    }

    pub(super) fn into_map(self) -> S::SerializeMap {
        self.map
    }

    /// A field without presence: written when it is not the default.
    pub fn plain<F: Format<T>, T>(
        &mut self,
        field: usize,
        format: F,
        value: &T,
    ) -> Result<(), S::Error> {
        if F::is_default(value) && !self.encoding.options.zeros {
            return Ok(());
        }
        self.always(field, format, value)
    }

    /// A field that is there whatever its value, as those that are required, and the one of a oneof that is set.
    pub fn always<F: Format<T>, T>(
        &mut self,
        field: usize,
        _format: F,
        value: &T,
    ) -> Result<(), S::Error> {
        let part = Part {
            value,
            encoding: self.encoding,
            format: PhantomData::<F>,
        };
        self.entry(field, &part)
    }

    /// A field with presence: written when it is there.
    pub fn optional<F: Format<T>, T>(
        &mut self,
        field: usize,
        format: F,
        value: &Option<T>,
    ) -> Result<(), S::Error> {
        match value {
            Some(value) => self.always(field, format, value),
            None => Ok(()),
        }
    }

    /// A repeated field.
    pub fn repeated<F: Format<T>, T>(
        &mut self,
        field: usize,
        _format: F,
        values: &[T],
    ) -> Result<(), S::Error> {
        if values.is_empty() && !self.encoding.options.zeros {
            return Ok(());
        }
        let list = List {
            values,
            encoding: self.encoding,
            format: PhantomData::<F>,
        };
        self.entry(field, &list)
    }

    /// A map, in the order of its keys.
    pub fn map<F: Format<M::Value>, M: Map<Key: Key>>(
        &mut self,
        field: usize,
        _format: F,
        map: &M,
    ) -> Result<(), S::Error> {
        if map.is_empty() && !self.encoding.options.zeros {
            return Ok(());
        }
        let entries = Entries {
            map,
            encoding: self.encoding,
            format: PhantomData::<F>,
        };
        self.entry(field, &entries)
    }

    fn entry(&mut self, field: usize, value: &impl Serialize) -> Result<(), S::Error> {
        let (json, proto) = self.fields[field];
        let name = if self.encoding.options.proto_names {
            proto
        } else {
            json
        };
        let result = self.map.serialize_entry(name, value);
        result.inspect_err(|_| self.encoding.trail.field(name))
    }
}
