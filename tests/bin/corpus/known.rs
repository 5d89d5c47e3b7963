//! The list of files that are known to fail: a line `FILE: REASON` for each, and comments after `#`.

use std::collections::BTreeMap;
use std::io::{Error, Result};
use std::path::Path;

/// What is listed, and what of it has been met.
pub(crate) struct Known(BTreeMap<String, (String, bool)>);

impl Known {
    /// Reads the list; a line without a reason is an error.
    pub(crate) fn read(path: &Path) -> Result<Self> {
        let text = std::fs::read_to_string(path)
            .map_err(|error| Error::new(error.kind(), format!("{}: {error}", path.display())))?;
        let lines = text.lines().map(str::trim);
        let lines = lines.filter(|line| !line.is_empty() && !line.starts_with('#'));
        let entries = lines.map(|line| {
            let (name, reason) = line.split_once(": ").ok_or_else(|| {
                Error::other(format!("{}: `{line}` has no reason", path.display()))
            })?;
            Ok((name.to_owned(), (reason.to_owned(), false)))
        });
        entries.collect::<Result<_>>().map(Self)
    }

    /// Whether `name` is to fail; marks it as met.
    pub(crate) fn has(&mut self, name: &str) -> bool {
        let entry = self.0.get_mut(name);
        entry.map(|(_, met)| *met = true).is_some()
    }

    /// Why `name` fails.
    pub(crate) fn reason(&self, name: &str) -> String {
        self.0
            .get(name)
            .map(|(reason, _)| reason.clone())
            .unwrap_or_default()
    }

    /// What is listed and was never asked for.
    pub(crate) fn unused(&self) -> impl Iterator<Item = &String> {
        self.0
            .iter()
            .filter(|(_, (_, met))| !met)
            .map(|(name, _)| name)
    }
}
