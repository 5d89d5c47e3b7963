//! What messages, enums and all that is inside of them are called in Rust.
//!
//! Whoever generates code that names a message, a field or an enum value asks here; JSON and descriptors keep the proto's
//! names. Full names are proto names with a dot in front, as in `.greet.v1.Request`; a field, a oneof or an enum value follows
//! on the name of its message or enum.
//!
//! The rule is prost-build's. What would have one name with something else gets an underscore at its end, the later one of
//! the two: messages come before enums, and both in the order of their files. Packages and services keep their names, and
//! messages give way to them.
//!
//! Invariant: names depend only on the files that are generated together, never on options or on their order. So whoever
//! names another crate's types by an extern path has to import what they collide with, too.

mod members;
mod scope;
mod types;

use std::collections::BTreeMap;

use crate::externs::Externs;
use crate::names;
use crate::request::Request;

pub(crate) use scope::Scope;

/// Knows the names; only those that do not follow the plain rule are kept.
#[derive(Debug, Default)]
pub(crate) struct RustNames {
    renamed: BTreeMap<String, Renamed>,
    /// The values of enums that share their number with an earlier one, with the name of that.
    aliases: BTreeMap<String, String>,
    /// The fields in oneofs that do not follow the plain rule, by full names with that of the oneof before their own.
    oneof_paths: BTreeMap<String, String>,
    /// What is taken in the module of each package.
    packages: BTreeMap<Vec<String>, Scope>,
}

/// The names of something that does not follow the plain rule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Renamed {
    /// The type or variant.
    pub(crate) upper: String,
    /// The module, field or function.
    pub(crate) lower: String,
}

impl RustNames {
    /// Finds the names of everything that is generated in this run, or where an extern path leads.
    pub(crate) fn new(request: &Request, externs: &Externs) -> Self {
        types::collect(request, externs)
    }

    /// The type of the message or enum `full`, without its path: `Request`.
    pub(crate) fn type_name(&self, full: &str) -> String {
        self.upper(full, || names::type_name(last(full)))
    }

    /// The module that has what is inside of the message `full`: `request`.
    pub(crate) fn module(&self, full: &str) -> String {
        self.lower(full, || names::module_name(last(full)))
    }

    /// The path of the message or enum `full` from the module of its package, which has `package` as its proto name:
    /// `request::Kind`.
    pub(crate) fn path(&self, package: &str, full: &str) -> String {
        let inside = full.strip_prefix('.').unwrap_or(full);
        let inside = match inside.strip_prefix(package) {
            Some(rest) if !package.is_empty() => rest.trim_start_matches('.'),
            _ => inside,
        };
        let start = full.len() - inside.len();
        let dots = inside.match_indices('.').map(|(at, _)| start + at);
        let modules = dots.map(|at| self.module(&full[..at]) + "::");
        modules.collect::<String>() + &self.type_name(full)
    }

    /// The field of the struct of the message `full` that holds the field or oneof `name`: `r#type`.
    pub(crate) fn member(&self, full: &str, name: &str) -> String {
        self.lower(&inside(full, name), || names::member_name(name))
    }

    /// The enum of the oneof `name` in the message `full`, without its path: `Kind`.
    pub(crate) fn oneof_type(&self, full: &str, name: &str) -> String {
        self.upper(&inside(full, name), || names::type_name(name))
    }

    /// The variant of a oneof's enum that holds the field `name` of the message `full`: `Circle`.
    pub(crate) fn oneof_variant(&self, full: &str, name: &str) -> String {
        self.upper(&inside(full, name), || names::type_name(name))
    }

    /// The variant of the value `name` of the enum `full`: `Unspecified`; an alias has the variant of the first value with
    /// its number.
    #[cfg(test)]
    pub(crate) fn value(&self, full: &str, name: &str) -> String {
        let name = self.canonical(full, name);
        self.upper(&inside(full, name), || names::value_name(last(full), name))
    }

    /// The first value of the enum `full` that has the number of the value `name`, by its proto name.
    pub(crate) fn canonical<'a>(&'a self, full: &str, name: &'a str) -> &'a str {
        let first = self.aliases.get(&inside(full, name));
        first.map_or(name, String::as_str)
    }

    /// All that does not follow the plain rule, by full names.
    pub(crate) fn renamed(&self) -> impl Iterator<Item = (&str, &Renamed)> {
        let pairs = self.renamed.iter();
        pairs.map(|(full, renamed)| (full.as_str(), renamed))
    }

    /// The fields in oneofs among those: prost-build takes the oneof for a part of their names, and the pair is its name for
    /// one and the full name.
    pub(crate) fn oneof_paths(&self) -> impl Iterator<Item = (&str, &str)> {
        let pairs = self.oneof_paths.iter();
        pairs.map(|(path, full)| (path.as_str(), full.as_str()))
    }

    /// What messages, enums, services and inner packages take in the module `path` from the root of the tree.
    pub(crate) fn taken(&self, path: &[String]) -> Scope {
        let scope = self.packages.get(&types::here(path));
        scope.cloned().unwrap_or_default()
    }

    fn upper(&self, full: &str, plain: impl FnOnce() -> String) -> String {
        let renamed = self.renamed.get(full);
        renamed.map_or_else(plain, |renamed| renamed.upper.clone())
    }

    fn lower(&self, full: &str, plain: impl FnOnce() -> String) -> String {
        let renamed = self.renamed.get(full);
        renamed.map_or_else(plain, |renamed| renamed.lower.clone())
    }

    /// Keeps the names of `full`, if they are not those that prost-build would give it.
    fn note(&mut self, full: String, plain: Renamed, names: Renamed) {
        if plain != names {
            self.renamed.insert(full, names);
        }
    }
}

/// The full name of what is called `name` in the message or enum `full`.
fn inside(full: &str, name: &str) -> String {
    format!("{full}.{name}")
}

fn last(full: &str) -> &str {
    full.rsplit('.').next().unwrap_or(full)
}

#[cfg(test)]
mod tests;
