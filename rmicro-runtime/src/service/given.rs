//! One value that somebody gave, with the name under which it was given.

use super::flags::{Effect, Flag};
use super::settings::Settings;
use crate::error::{Error, Result};

/// A value for a flag.
#[derive(Debug)]
pub(super) struct Given {
    pub(super) flag: &'static Flag,
    /// `--server_address` or `MICRO_SERVER_ADDRESS`, as the user knows it.
    pub(super) spelled: String,
    pub(super) value: String,
}

impl Given {
    /// Puts the value into `settings`; an empty one counts as not given, as with go-micro.
    pub(super) fn apply(&self, settings: &mut Settings) -> Result<()> {
        let (spelled, value) = (&self.spelled, &self.value);
        let (Effect::Set(set) | Effect::Choose { set, .. }) = self.flag.effect else {
            return Ok(());
        };
        if value.is_empty() {
            return Ok(());
        }
        settings.given_by.insert(self.flag.name, spelled.clone());
        set(settings, value).map_err(|expected| {
            Error::invalid_argument(format!("{spelled}: expected {expected}, got {value:?}"))
        })
    }

    /// What to say of a choice in go-micro's own variable that only go-micro has: a fleet shares its
    /// environment. `None` when it can be chosen, and where the user spoke to this program.
    pub(super) fn of_others(&self) -> Option<String> {
        let Effect::Choose { refusal, .. } = self.flag.effect else {
            return None;
        };
        if self.value.is_empty() || !self.spelled.starts_with("MICRO_") {
            return None;
        }
        refusal(&self.value).map(|why| format!("{}: {why}", self.spelled))
    }

    /// What to say of a value that this version does not honour; `None` when it does.
    pub(super) fn not_honoured(&self) -> Option<String> {
        if self.value.is_empty() || self.flag.honours(&self.value) {
            return None;
        }
        let (what, version) = (&self.spelled, env!("CARGO_PKG_VERSION"));
        Some(match self.flag.effect {
            Effect::Only(only) => format!(
                "{what}: {:?} is not supported by rmicro {version} yet, only {only}",
                self.value
            ),
            _ => format!("{what} is not supported by rmicro {version} yet"),
        })
    }
}
