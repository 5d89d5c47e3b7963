//! Maps, which are objects.

use std::collections::{BTreeMap, HashMap, btree_map, hash_map};
use std::fmt;
use std::hash::{BuildHasher, Hash};
use std::marker::PhantomData;

use serde::de::{DeserializeSeed, Error, MapAccess, Visitor};
use serde::ser::SerializeMap;
use serde::{Deserializer, Serialize, Serializer};

use super::format::{Part, Seed};
use super::key::{Name, NameSeed};
use super::{Decoding, Encoding, Format, Found, Key};

/// What a map field may be in Rust.
pub trait Map {
    /// What stands before the colon.
    type Key;
    /// What stands behind it.
    type Value;

    /// Whether nothing is in it.
    fn is_empty(&self) -> bool;

    /// Calls `each` for every entry, in the order of the keys, until one fails.
    fn try_each<E>(
        &self,
        each: impl FnMut(&Self::Key, &Self::Value) -> Result<(), E>,
    ) -> Result<(), E>;

    /// Puts an entry in; when one of this key is there, it stays, and the result is that of `twice`.
    fn put<E>(
        &mut self,
        key: Self::Key,
        value: Self::Value,
        twice: impl FnOnce(&Self::Key) -> E,
    ) -> Result<(), E>;
}

impl<K: Ord, V> Map for BTreeMap<K, V> {
    type Key = K;
    type Value = V;

    fn is_empty(&self) -> bool {
        self.is_empty()
    }

    fn try_each<E>(&self, mut each: impl FnMut(&K, &V) -> Result<(), E>) -> Result<(), E> {
        self.iter().try_for_each(|(key, value)| each(key, value))
    }

    fn put<E>(&mut self, key: K, value: V, twice: impl FnOnce(&K) -> E) -> Result<(), E> {
        match self.entry(key) {
            btree_map::Entry::Occupied(entry) => Err(twice(entry.key())),
            btree_map::Entry::Vacant(entry) => {
                entry.insert(value);
                Ok(())
            }
        }
    }
}

impl<K: Ord + Hash, V, H: BuildHasher> Map for HashMap<K, V, H> {
    type Key = K;
    type Value = V;

    fn is_empty(&self) -> bool {
        self.is_empty()
    }

    fn try_each<E>(&self, mut each: impl FnMut(&K, &V) -> Result<(), E>) -> Result<(), E> {
        let mut entries: Vec<_> = self.iter().collect();
        entries.sort_unstable_by_key(|(key, _)| *key);
        entries
            .into_iter()
            .try_for_each(|(key, value)| each(key, value))
    }

    fn put<E>(&mut self, key: K, value: V, twice: impl FnOnce(&K) -> E) -> Result<(), E> {
        match self.entry(key) {
            hash_map::Entry::Occupied(entry) => Err(twice(entry.key())),
            hash_map::Entry::Vacant(entry) => {
                entry.insert(value);
                Ok(())
            }
        }
    }
}

/// Writes `map` as an object; for types that are maps themselves.
pub fn write_map<F: Format<M::Value>, M: Map<Key: Key>, S: Serializer>(
    _format: F,
    map: &M,
    encoding: Encoding<'_>,
    to: S,
) -> Result<S::Ok, S::Error> {
    let format = PhantomData::<F>;
    let entries = Entries {
        map,
        encoding,
        format,
    };
    entries.serialize(to)
}

/// Reads an object into `map`; for types that are maps themselves.
pub fn read_map<'de, F, M, D>(
    _format: F,
    map: &mut M,
    decoding: Decoding<'_>,
    from: D,
) -> Result<(), D::Error>
where
    F: Format<M::Value>,
    M: Map<Key: Key, Value: Default>,
    D: Deserializer<'de>,
{
    let format = PhantomData::<F>;
    let seed = MapSeed {
        map,
        decoding,
        format,
    };
    seed.deserialize(from)
}

/// A map to be written.
pub(super) struct Entries<'a, F, M> {
    pub(super) map: &'a M,
    pub(super) encoding: Encoding<'a>,
    pub(super) format: PhantomData<F>,
}

impl<F: Format<M::Value>, M: Map<Key: Key>> Serialize for Entries<'_, F, M> {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let mut map = to.serialize_map(None)?;
        self.map.try_each(|key, value| {
            let part = Part {
                value,
                encoding: self.encoding,
                format: self.format,
            };
            let result = map.serialize_entry(&Name(key), &part);
            result.inspect_err(|_| key.with_text(|text| self.encoding.trail.element(text)))
        })?;
        map.end()
    }
}

/// A place for a map to be read.
pub(super) struct MapSeed<'a, F, M> {
    pub(super) map: &'a mut M,
    pub(super) decoding: Decoding<'a>,
    pub(super) format: PhantomData<F>,
}

impl<'de, F, M> DeserializeSeed<'de> for MapSeed<'_, F, M>
where
    F: Format<M::Value>,
    M: Map<Key: Key, Value: Default>,
{
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, from: D) -> Result<(), D::Error> {
        from.deserialize_map(self)
    }
}

impl<'de, F, M> Visitor<'de> for MapSeed<'_, F, M>
where
    F: Format<M::Value>,
    M: Map<Key: Key, Value: Default>,
{
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object whose names are the keys of a map")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<(), A::Error> {
        while let Some(key) = entries.next_key_seed(NameSeed::<M::Key>::new())? {
            let mut value = M::Value::default();
            let seed = Seed {
                value: &mut value,
                decoding: self.decoding,
                format: self.format,
            };
            let at = |key: &M::Key| key.with_text(|text| self.decoding.trail.element(text));
            let found = entries.next_value_seed(seed);
            if found.inspect_err(|_| at(&key))? == Found::Value {
                self.map.put(key, value, |key| {
                    at(key);
                    A::Error::custom("the key is there twice")
                })?;
            }
        }
        Ok(())
    }
}
