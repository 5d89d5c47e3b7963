//! Where in a message an error came up.
//!
//! Invariant: a trail is written from the inside out while the error is handed back, so what goes well pays nothing for it.

use std::cell::RefCell;
use std::fmt::Display;

/// The longest piece of a name from outside that is repeated.
const CLIP: usize = 64;

/// The way to the value that could not be written or read.
#[derive(Debug, Default)]
pub(crate) struct Trail(RefCell<String>);

impl Trail {
    /// The error came up in the field `name` of what the trail will lead to.
    pub(super) fn field(&self, name: &str) {
        let mut path = self.0.borrow_mut();
        let dot = if path.is_empty() || path.starts_with('[') {
            ""
        } else {
            "."
        };
        let name = clip(name);
        path.insert_str(0, &format!("{name}{dot}"));
    }

    /// The error came up in the element `key` of a list or map.
    pub(super) fn element(&self, key: impl Display) {
        let mut path = self.0.borrow_mut();
        let key = clip(&key.to_string());
        let dot = if path.is_empty() || path.starts_with('[') {
            ""
        } else {
            "."
        };
        path.insert_str(0, &format!("[{key}]{dot}"));
    }

    /// The whole way, as in `items[3].price`; empty when the error is about the message as a whole.
    pub(super) fn path(&self) -> String {
        self.0.take()
    }
}

fn clip(name: &str) -> String {
    let clipped: String = name
        .chars()
        .take(CLIP)
        .flat_map(char::escape_debug)
        .collect();
    if name.chars().nth(CLIP).is_some() {
        clipped + "…"
    } else {
        clipped
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_trail_reads_from_the_outside_in() {
        let trail = Trail::default();
        trail.field("price");
        trail.element(3);
        trail.field("items");
        trail.element("a\"b");
        trail.field("carts");
        assert_eq!(trail.path(), r#"carts[a\"b].items[3].price"#);
    }

    #[test]
    fn a_long_name_is_clipped() {
        let trail = Trail::default();
        trail.field(&"ä".repeat(1000));
        assert_eq!(trail.path(), "ä".repeat(CLIP) + "…");
    }
}
