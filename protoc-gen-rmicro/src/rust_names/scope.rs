//! The names of one place, of which each can be given once.

use std::collections::BTreeSet;

use crate::names::PRIMITIVES;

/// The names that are taken in one module, struct or enum.
#[derive(Clone, Debug, Default)]
pub(crate) struct Scope {
    names: BTreeSet<String>,
    /// Whether the names of primitive types are taken.
    is_module: bool,
}

impl Scope {
    /// A module, in which nothing may be called like a primitive type.
    pub(crate) fn module() -> Self {
        Self {
            is_module: true,
            ..Self::default()
        }
    }

    /// Whether `name` is taken.
    pub(crate) fn has(&self, name: &str) -> bool {
        self.names.contains(name) || (self.is_module && PRIMITIVES.contains(&name))
    }

    /// Takes `name`, whether something else has it or not.
    pub(crate) fn reserve(&mut self, name: String) {
        self.names.insert(name);
    }

    /// Takes `name`, with as many underscores at its end as make it a name that nothing else has.
    pub(crate) fn take(&mut self, mut name: String) -> String {
        while self.has(&name) {
            name = longer(&name);
        }
        self.reserve(name.clone());
        name
    }
}

/// `name` with an underscore at its end, which is never a keyword.
pub(crate) fn longer(name: &str) -> String {
    format!("{}_", name.strip_prefix("r#").unwrap_or(name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_later_one_gets_an_underscore() {
        let mut scope = Scope::module();
        let names = ["a", "a", "a_", "r#type", "r#type", "i32"];
        let taken = names.map(|name| scope.take(name.to_owned()));
        assert_eq!(taken, ["a", "a_", "a__", "r#type", "type_", "i32_"]);
    }
}
