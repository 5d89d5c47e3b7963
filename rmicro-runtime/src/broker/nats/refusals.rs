//! What the server does not allow, told to whoever wanted it.

use std::sync::Arc;

use crate::error::{Error, Result};

/// What the server has refused lately, in its own words; nothing in the usual case.
#[derive(Clone, Default)]
pub(super) struct Refusals(Option<Arc<[Arc<str>]>>);

/// What somebody wants of the server, which may forbid it.
#[derive(Clone, Copy)]
pub(super) enum Wish<'a> {
    Publish(&'a str),
    Subscribe(&'a str),
}

impl Refusals {
    pub(super) fn new(refusals: Vec<Arc<str>>) -> Self {
        Self((!refusals.is_empty()).then(|| refusals.into()))
    }

    /// An error where one of them is about `wish`.
    pub(super) fn grant(&self, wish: Wish<'_>) -> Result<()> {
        let Some(refusals) = &self.0 else {
            return Ok(());
        };
        // In the server's words (nats-server `server/client.go`, `pubPermissionViolation` and `subPermissionViolation`).
        let said = match wish {
            Wish::Publish(subject) => format!("Violation for Publish to \"{subject}\""),
            Wish::Subscribe(subject) => format!("Violation for Subscription to \"{subject}\""),
        };
        match refusals.iter().find(|refusal| refusal.contains(&said)) {
            Some(refusal) => Err(Error::permission_denied(format!(
                "the server does not allow it: {refusal}"
            ))),
            None => Ok(()),
        }
    }
}
