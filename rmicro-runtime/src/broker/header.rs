//! The header of a message: a small ordered map of strings, shared by everybody who gets the message.

use std::collections::BTreeMap;
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
pub struct Header(Option<Arc<BTreeMap<String, String>>>);

impl Header {
    /// A header without names.
    pub const fn new() -> Self {
        Self(None)
    }

    /// The value of `name`: of the name as it is written, otherwise of the first that differs in ASCII case alone.
    pub fn get(&self, name: &str) -> Option<&str> {
        let names = self.0.as_deref()?;
        let exact = names.get(name);
        let like = || {
            names
                .iter()
                .find(|(known, _)| known.eq_ignore_ascii_case(name))
        };
        let value = exact.or_else(|| like().map(|(_, value)| value));
        value.map(String::as_str)
    }

    /// Sets `name` to `value`; a name that differs in ASCII case alone goes.
    pub fn insert(&mut self, name: impl Into<String>, value: impl Into<String>) {
        let (name, names) = (name.into(), Arc::make_mut(self.0.get_or_insert_default()));
        if !names.contains_key(&name) {
            names.retain(|known, _| !known.eq_ignore_ascii_case(&name));
        }
        names.insert(name, value.into());
    }

    /// Takes out every name that differs from `name` in ASCII case at most.
    pub fn remove(&mut self, name: &str) {
        if self.get(name).is_some()
            && let Some(names) = &mut self.0
        {
            Arc::make_mut(names).retain(|known, _| !known.eq_ignore_ascii_case(name));
        }
    }

    /// Every name with its value, ordered by name.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> + Clone {
        let names = self.0.as_deref().into_iter().flatten();
        names.map(|(name, value)| (name.as_str(), value.as_str()))
    }

    /// Whether there is no name.
    pub fn is_empty(&self) -> bool {
        self.0.as_ref().is_none_or(|names| names.is_empty())
    }
}

/// Takes the names as they are, so that two may differ in case alone, as a Go map's may.
impl<N: Into<String>, V: Into<String>> FromIterator<(N, V)> for Header {
    fn from_iter<I: IntoIterator<Item = (N, V)>>(pairs: I) -> Self {
        let pairs = pairs.into_iter();
        let names: BTreeMap<String, String> = pairs
            .map(|(name, value)| (name.into(), value.into()))
            .collect();
        Self((!names.is_empty()).then(|| Arc::new(names)))
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
        assert!(header.is_empty());
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
