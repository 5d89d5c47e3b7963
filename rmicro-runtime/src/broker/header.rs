//! The header of a message: a small ordered map of strings, shared by everybody who gets the message.
//!
//! Invariant: it is a list in which each name comes after the one before it. A message has a few names, which a list holds in one piece
//! of memory and a tree in one of half a kilobyte.

use std::fmt;
use std::sync::Arc;

/// Names and values that travel beside the body of a message; a cheap clone.
///
/// It is go-micro's `map[string]string`: a name has one value, both are any text, and names keep their case, for Go's readers look
/// for `Micro-Topic` as it is written. Reading is without regard to ASCII case. It is ordered by name.
///
/// ```
/// use rmicro_runtime::broker::Header;
///
/// let mut header = Header::new();
/// header.insert("Content-Type", "application/json");
/// assert_eq!(header.get("content-type"), Some("application/json"));
/// ```
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Header(Option<Arc<Vec<Pair>>>);

/// A name and its value.
type Pair = (String, String);

impl Header {
    /// A header without names.
    pub const fn new() -> Self {
        Self(None)
    }

    /// The value of `name`: of the name as it is written, otherwise of the first that differs in ASCII case alone.
    pub fn get(&self, name: &str) -> Option<&str> {
        let pairs = self.0.as_deref()?;
        let like = |(known, _): &&Pair| known.eq_ignore_ascii_case(name);
        let exact = place(pairs, name).ok().map(|at| &pairs[at]);
        let (_, value) = exact.or_else(|| pairs.iter().find(like))?;
        Some(value)
    }

    /// Sets `name` to `value`; a name that differs in ASCII case alone goes.
    pub fn insert(&mut self, name: impl Into<String>, value: impl Into<String>) {
        let (name, pairs) = (name.into(), Arc::make_mut(self.0.get_or_insert_default()));
        pairs.retain(|(known, _)| !known.eq_ignore_ascii_case(&name));
        let at = place(pairs, &name).unwrap_or_else(|at| at);
        pairs.insert(at, (name, value.into()));
    }

    /// Takes out every name that differs from `name` in ASCII case at most.
    pub fn remove(&mut self, name: &str) {
        if self.get(name).is_some()
            && let Some(pairs) = &mut self.0
        {
            let pairs = Arc::make_mut(pairs);
            pairs.retain(|(known, _)| !known.eq_ignore_ascii_case(name));
            if pairs.is_empty() {
                self.0 = None;
            }
        }
    }

    /// Every name with its value, ordered by name.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> + Clone {
        let pairs = self.0.as_deref().into_iter().flatten();
        pairs.map(|(name, value)| (name.as_str(), value.as_str()))
    }

    /// Whether there is no name.
    pub fn is_empty(&self) -> bool {
        self.0.as_ref().is_none_or(|pairs| pairs.is_empty())
    }
}

/// Where `name` is among `pairs`, or where it would be.
fn place(pairs: &[Pair], name: &str) -> Result<usize, usize> {
    pairs.binary_search_by(|(known, _)| known.as_str().cmp(name))
}

/// Takes the names as they are, so that two may differ in case alone, as a Go map's may; of one name the last value counts.
impl<N: Into<String>, V: Into<String>> FromIterator<(N, V)> for Header {
    fn from_iter<I: IntoIterator<Item = (N, V)>>(pairs: I) -> Self {
        let pairs = pairs.into_iter();
        let mut pairs: Vec<Pair> = pairs
            .map(|(name, value)| (name.into(), value.into()))
            .collect();
        if !pairs.is_sorted_by(|(one, _), (next, _)| one < next) {
            pairs.sort_by(|(one, _), (other, _)| one.cmp(other));
            pairs.dedup_by(|(name, value), (kept, last)| {
                let same = name == kept;
                if same {
                    std::mem::swap(value, last);
                }
                same
            });
        }
        Self((!pairs.is_empty()).then(|| Arc::new(pairs)))
    }
}

impl fmt::Debug for Header {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map().entries(self.iter()).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_keep_their_case_and_are_read_without_it() {
        let header: Header = [("Micro-ID", "7"), ("a", "b")].into_iter().collect();
        assert_eq!(header.get("micro-id"), Some("7"));
        assert_eq!(format!("{header:?}"), r#"{"Micro-ID": "7", "a": "b"}"#);
        assert_eq!(header.get("id"), None);
    }

    #[test]
    fn a_name_of_another_case_is_replaced_and_one_as_written_wins() {
        let mut header: Header = [("ID", "upper"), ("id", "lower")].into_iter().collect();
        assert_eq!(header.get("id"), Some("lower"));
        header.insert("Id", "new");
        assert_eq!(header.iter().collect::<Vec<_>>(), [("Id", "new")]);
        header.remove("iD");
        assert_eq!(header, Header::new());
        let mut both: Header = [("ID", "upper"), ("id", "lower")].into_iter().collect();
        both.insert("id", "new");
        assert_eq!(both.iter().collect::<Vec<_>>(), [("id", "new")]);
    }

    #[test]
    fn names_are_ordered_and_the_last_value_of_a_name_counts() {
        let pairs = [
            ("b", "1"),
            ("a", "2"),
            ("c", "3"),
            ("b", "4"),
            ("b", "5"),
            ("A", "6"),
        ];
        let header: Header = pairs.into_iter().collect();
        let ordered = [("A", "6"), ("a", "2"), ("b", "5"), ("c", "3")];
        assert_eq!(header.iter().collect::<Vec<_>>(), ordered);
        let mut inserted = Header::new();
        for (name, value) in [("c", "0"), ("a", "2"), ("b", "5"), ("c", "3")] {
            inserted.insert(name, value);
        }
        assert_eq!(inserted.iter().collect::<Vec<_>>(), ordered[1..]);
    }

    #[test]
    fn a_clone_is_not_changed_with_its_original() {
        let mut header = Header::new();
        header.insert("a", "1");
        let clone = header.clone();
        header.insert("a", "2");
        assert_eq!((clone.get("a"), header.get("a")), (Some("1"), Some("2")));
    }
}
