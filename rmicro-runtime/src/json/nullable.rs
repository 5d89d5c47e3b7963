//! `null`, which stands for what is not there.

use std::fmt;

use serde::Deserializer;
use serde::de::{DeserializeSeed, Error, Visitor};

/// Reads what `seed` reads; `None` for `null`.
pub(super) fn nullable<'de, S: DeserializeSeed<'de>, D: Deserializer<'de>>(
    seed: S,
    from: D,
) -> Result<Option<S::Value>, D::Error> {
    from.deserialize_option(Nullable(seed))
}

struct Nullable<S>(S);

impl<'de, S: DeserializeSeed<'de>> Visitor<'de> for Nullable<S> {
    type Value = Option<S::Value>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value or null")
    }

    fn visit_none<E: Error>(self) -> Result<Self::Value, E> {
        Ok(None)
    }

    fn visit_unit<E: Error>(self) -> Result<Self::Value, E> {
        Ok(None)
    }

    fn visit_some<D: Deserializer<'de>>(self, from: D) -> Result<Self::Value, D::Error> {
        self.0.deserialize(from).map(Some)
    }
}
