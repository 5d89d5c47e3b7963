//! Which field a name is, and which have been there.

use std::fmt;

use serde::Deserializer;
use serde::de::{DeserializeSeed, Error, Visitor};

use super::{Decoding, Fields};

/// Finds the field that a key names, in either spelling; `None` for one that is unknown and ignored.
///
/// Most messages have their fields in the order of the declaration, so the search begins behind the last one that was found.
pub(super) struct FieldSeed<'a> {
    pub(super) message: &'static str,
    pub(super) fields: Fields,
    pub(super) next: usize,
    pub(super) decoding: Decoding<'a>,
}

impl<'de> DeserializeSeed<'de> for FieldSeed<'_> {
    type Value = Option<usize>;

    fn deserialize<D: Deserializer<'de>>(self, from: D) -> Result<Self::Value, D::Error> {
        from.deserialize_identifier(self)
    }
}

impl Visitor<'_> for FieldSeed<'_> {
    type Value = Option<usize>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the name of a field of {}", self.message)
    }

    fn visit_str<E: Error>(self, name: &str) -> Result<Option<usize>, E> {
        let found = find(self.fields, self.next, name);
        if found.is_none() && !self.decoding.options.ignore_unknown {
            self.decoding.trail.field(name);
            return Err(E::custom(format_args!("unknown field of {}", self.message)));
        }
        Ok(found)
    }
}

fn find(fields: Fields, next: usize, name: &str) -> Option<usize> {
    let is_it = |(json, proto): &(&str, &str)| *json == name || *proto == name;
    let (before, behind) = fields.split_at_checked(next)?;
    match behind.iter().position(is_it) {
        Some(place) => Some(next + place),
        None => before.iter().position(is_it),
    }
}

/// The fields that have been there; most messages have few, so these need no memory of their own.
#[derive(Debug, Default)]
pub(super) struct Seen {
    first: u64,
    more: Vec<u64>,
}

impl Seen {
    /// Marks `field`, and says whether that is new.
    pub(super) fn insert(&mut self, field: usize) -> bool {
        let bit = 1 << (field % 64);
        let word = match (field / 64).checked_sub(1) {
            None => &mut self.first,
            Some(place) => {
                if self.more.len() <= place {
                    self.more.resize(place + 1, 0);
                }
                &mut self.more[place]
            }
        };
        let is_new = *word & bit == 0;
        *word |= bit;
        is_new
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FIELDS: Fields = &[("a", "a"), ("bC", "b_c"), ("d", "d")];

    #[test]
    fn a_field_is_found_by_both_names_wherever_the_search_begins() {
        for next in 0..=FIELDS.len() {
            for (name, place) in [("a", 0), ("bC", 1), ("b_c", 1), ("d", 2)] {
                assert_eq!(find(FIELDS, next, name), Some(place), "{name} from {next}");
            }
            assert_eq!(find(FIELDS, next, "bc"), None);
        }
    }

    #[test]
    fn a_field_is_new_once() {
        let mut seen = Seen::default();
        for field in [0, 63, 64, 200, 127, 128] {
            assert!(seen.insert(field), "{field}");
            assert!(!seen.insert(field), "{field}");
        }
    }
}
