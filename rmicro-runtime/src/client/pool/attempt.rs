//! One attempt to connect, for which any number of calls wait.
//!
//! Invariant: it goes on when a call gives up, so that callers in a hurry reach a slow node in the end, and learn that a dead one
//! is dead.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;

use super::span::Span;
use crate::error::{Code, Error, Result};
use crate::seam::{Clock, Moment};
use crate::transport::Connection;

/// What comes of an attempt; `None` while it runs.
pub(super) type Outcome = Option<std::result::Result<Arc<dyn Connection>, Failure>>;

/// An attempt that runs, or has ended.
#[derive(Clone, Debug)]
pub(in crate::client) struct Attempt {
    address: Arc<str>,
    outcome: watch::Receiver<Outcome>,
    span: Arc<Span>,
}

impl Attempt {
    pub(super) fn new(
        address: Arc<str>,
        outcome: watch::Receiver<Outcome>,
        span: Arc<Span>,
    ) -> Self {
        Self {
            address,
            outcome,
            span,
        }
    }

    /// Goes on for a call that comes at `now` and waits for `limit`.
    pub(super) fn allow(&self, now: Moment, limit: Option<Duration>) {
        self.span.allow(now, limit);
    }

    /// Whether something will still come of it.
    pub(super) fn is_running(&self) -> bool {
        self.outcome.borrow().is_none() && self.outcome.has_changed().is_ok()
    }

    /// Waits for the connection; `None` when nothing has come of it after `limit`. Cancel safe, and a failure is unprocessed.
    pub(in crate::client) async fn wait(
        mut self,
        clock: Clock,
        limit: Duration,
    ) -> Option<Result<Arc<dyn Connection>>> {
        let ended = self.outcome.wait_for(Option::is_some);
        let ended = clock.until(clock.now().after(limit), ended).await?;
        Some(match ended.as_deref() {
            Ok(Some(Ok(connection))) => Ok(Arc::clone(connection)),
            Ok(Some(Err(failure))) => Err(failure.error()),
            _ => {
                let address = &self.address;
                let given_up = format!("the attempt to reach {address} was given up");
                Err(Error::unavailable(given_up).unprocessed())
            }
        })
    }
}

/// An error for all who waited; an [`Error`] itself cannot be cloned.
#[derive(Clone, Debug)]
pub(super) struct Failure {
    code: Code,
    message: Arc<str>,
    source: Option<Arc<str>>,
}

impl Failure {
    pub(super) fn of(error: &Error) -> Self {
        let source = std::error::Error::source(error);
        Self {
            code: error.code(),
            message: error.message().into(),
            source: source.map(|source| source.to_string().into()),
        }
    }

    /// Whatever it was that failed: nothing was sent.
    pub(super) fn error(&self) -> Error {
        let error = Error::new(self.code, self.message.to_string()).unprocessed();
        match &self.source {
            Some(source) => error.source(source.to_string()),
            None => error,
        }
    }
}
