//! The keys of maps, which are always strings in JSON.

use std::fmt;
use std::marker::PhantomData;

use serde::de::{DeserializeSeed, Error, Unexpected, Visitor};
use serde::{Deserializer, Serialize, Serializer};

/// A type that a key of a map may have.
pub trait Key: Sized {
    /// What a key has to be, for whoever wrote another.
    const EXPECTED: &'static str;

    /// Gives the text of the key to `then`.
    fn with_text<R>(&self, then: impl FnOnce(&str) -> R) -> R;

    /// The key that `text` is.
    fn from_text(text: &str) -> Option<Self>;
}

impl Key for String {
    const EXPECTED: &'static str = "a string as a key";

    fn with_text<R>(&self, then: impl FnOnce(&str) -> R) -> R {
        then(self)
    }

    fn from_text(text: &str) -> Option<Self> {
        Some(text.to_owned())
    }
}

impl Key for bool {
    const EXPECTED: &'static str = "\"true\" or \"false\" as a key";

    fn with_text<R>(&self, then: impl FnOnce(&str) -> R) -> R {
        then(if *self { "true" } else { "false" })
    }

    fn from_text(text: &str) -> Option<Self> {
        match text {
            "true" => Some(true),
            "false" => Some(false),
            _ => None,
        }
    }
}

/// Implements [`Key`] for integers.
macro_rules! integers {
    ($($type:ident $expected:literal)*) => {
        $(
            impl Key for $type {
                const EXPECTED: &'static str = $expected;

                fn with_text<R>(&self, then: impl FnOnce(&str) -> R) -> R {
                    then(itoa::Buffer::new().format(*self))
                }

                fn from_text(text: &str) -> Option<Self> {
                    super::integer::parse(text)
                }
            }
        )*
    };
}

integers! {
    i32 "an integer of 32 bits as a key"
    i64 "an integer of 64 bits as a key"
    u32 "an unsigned integer of 32 bits as a key"
    u64 "an unsigned integer of 64 bits as a key"
}

/// A key to be written.
pub(super) struct Name<'a, K>(pub(super) &'a K);

impl<K: Key> Serialize for Name<'_, K> {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        self.0.with_text(|text| to.serialize_str(text))
    }
}

/// Reads a key.
pub(super) struct NameSeed<K>(PhantomData<K>);

impl<K> NameSeed<K> {
    pub(super) fn new() -> Self {
        Self(PhantomData)
    }
}

impl<'de, K: Key> DeserializeSeed<'de> for NameSeed<K> {
    type Value = K;

    fn deserialize<D: Deserializer<'de>>(self, from: D) -> Result<K, D::Error> {
        from.deserialize_str(self)
    }
}

impl<K: Key> Visitor<'_> for NameSeed<K> {
    type Value = K;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(K::EXPECTED)
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<K, E> {
        K::from_text(text).ok_or_else(|| E::invalid_value(Unexpected::Str(text), &self))
    }
}
