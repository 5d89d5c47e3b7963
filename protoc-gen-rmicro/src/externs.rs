//! Which types live outside of this run, and where.

use crate::names;
use crate::request::{ProtoFile, Request};
use crate::rust_names::RustNames;
use crate::validate::Types;
use crate::well_known::{self, is_well_known};

/// The paths of the option `extern_path`, and the well-known types of the runtime.
#[derive(Debug)]
pub(crate) struct Externs {
    given: Vec<(String, String)>,
    well_known: Vec<(String, String)>,
    has_well_known: bool,
    without_messages: bool,
}

impl Externs {
    pub(crate) fn new(request: &Request, types: &Types) -> Self {
        let mut externs = Self {
            given: request.options.extern_path.clone(),
            well_known: Vec::new(),
            has_well_known: request.options.well_known,
            without_messages: !request.options.messages,
        };
        if externs.has_well_known {
            let named = types
                .iter()
                .filter(|(_, file)| is_well_known(file))
                .map(|(name, _)| name);
            // Nested types follow from the ones around them.
            let top =
                named.filter_map(|name| Some((name, name.strip_prefix(".google.protobuf.")?)));
            let top = top.filter(|(name, short)| !short.contains('.') && !externs.is_given(name));
            let paths = top
                .map(|(name, short)| (name.clone(), format!("{}::{short}", well_known::RUST_PATH)));
            externs.well_known = paths.collect();
        }
        externs
    }

    /// All pairs of proto path and Rust path, for prost-build.
    pub(crate) fn paths(&self) -> impl Iterator<Item = &(String, String)> {
        self.given.iter().chain(&self.well_known)
    }

    /// The Rust path of the message or enum with the full name `name`, when it lives elsewhere.
    ///
    /// As prost-build has it, the longest path that is given counts; what is inside of it is called as it would be here.
    pub(crate) fn resolve(&self, name: &str, types: &Types, names: &RustNames) -> Option<String> {
        let matching = self
            .paths()
            .filter_map(|(path, rust)| Some((below(path, name)?, rust)));
        let (rest, rust) = matching.min_by_key(|(rest, _)| rest.len())?;
        let start = name.len() - rest.len();
        let mut path = rust.clone();
        for (dot, _) in rest.match_indices('.').skip(1) {
            let around = &name[..start + dot];
            let part = around.rsplit('.').next().unwrap_or(around);
            let module = match types.contains_key(around) {
                true => names.module(around),
                false => names::package_name(part),
            };
            path.extend(["::", &module]);
        }
        if !rest.is_empty() {
            path.extend(["::", &names.type_name(name)]);
        }
        Some(path)
    }

    /// Whether the type with the full name `name` lives elsewhere.
    pub(crate) fn has_type(&self, name: &str) -> bool {
        self.is_given(name)
            || self
                .well_known
                .iter()
                .any(|(path, _)| below(path, name).is_some())
    }

    /// Whether nothing of `file` is to be generated here.
    ///
    /// With `messages=false` a path says where the messages are, and the services beside them are wanted here.
    pub(crate) fn has_file(&self, file: &ProtoFile) -> bool {
        let package = file.proto.package();
        let is_given = !package.is_empty() && self.is_given(&format!(".{package}"));
        let is_for_services = self.without_messages && !file.proto.service.is_empty();
        self.is_runtimes(file) || (is_given && !is_for_services)
    }

    /// The Rust path of the module with the descriptor of `file`, when that was generated elsewhere.
    pub(crate) fn module_of(&self, file: &ProtoFile) -> Option<String> {
        if self.is_runtimes(file) {
            return Some(well_known::RUST_PATH.to_owned());
        }
        let package = format!(".{}", file.proto.package());
        let matching = self
            .given
            .iter()
            .filter_map(|(path, rust)| Some((below(path, &package)?, rust)));
        let (rest, rust) = matching.min_by_key(|(rest, _)| rest.len())?;
        let parts = rest.split('.').filter(|part| !part.is_empty());
        let parts = parts.map(|part| format!("::{}", names::package_name(part)));
        Some(rust.clone() + &parts.collect::<String>())
    }

    /// Whether the runtime has the types and the descriptor of `file`.
    pub(crate) fn is_runtimes(&self, file: &ProtoFile) -> bool {
        self.has_well_known && is_well_known(file.proto.name())
    }

    fn is_given(&self, name: &str) -> bool {
        self.given
            .iter()
            .any(|(path, _)| below(path, name).is_some())
    }
}

/// What `name` has after `path`, when it is `path` or something in it.
fn below<'a>(path: &str, name: &'a str) -> Option<&'a str> {
    let rest = name.strip_prefix(path)?;
    (rest.is_empty() || rest.starts_with('.')).then_some(rest)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_ends_at_a_dot() {
        assert_eq!(below(".a.b", ".a.b"), Some(""));
        assert_eq!(below(".a.b", ".a.b.C.D"), Some(".C.D"));
        assert_eq!(below(".a.b", ".a.bc"), None);
    }
}
