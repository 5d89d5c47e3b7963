//! How long an attempt to connect may take.
//!
//! Invariant: it has an end, whoever calls and how often: a call may put the end off only until the usual time is over.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use crate::seam::Moment;

/// The time of one attempt.
#[derive(Debug)]
pub(super) struct Span {
    begun: Moment,
    usual: Duration,
    end: Mutex<End>,
}

#[derive(Debug)]
struct End {
    at: Moment,
    fixed: bool,
}

impl Span {
    /// From `begun` on, for `usual`.
    pub(super) fn new(begun: Moment, usual: Duration) -> Self {
        let at = begun.after(usual);
        let end = Mutex::new(End { at, fixed: false });
        Self { begun, usual, end }
    }

    /// Lets it take as long as a call that comes at `now` waits, when that is longer than usual.
    pub(super) fn allow(&self, now: Moment, limit: Option<Duration>) {
        let Some(limit) = limit.filter(|limit| *limit > self.usual) else {
            return;
        };
        let mut end = self.end.lock().unwrap_or_else(PoisonError::into_inner);
        if !end.fixed {
            end.at = end.at.max(now.after(limit));
        }
    }

    /// The usual time, and when it is over.
    pub(super) fn usual(&self) -> (Duration, Moment) {
        (self.usual, self.begun.after(self.usual))
    }

    /// The time in all, and when it is over, which nobody puts off from now on.
    pub(super) fn fix(&self) -> (Duration, Moment) {
        let mut end = self.end.lock().unwrap_or_else(PoisonError::into_inner);
        end.fixed = true;
        // For people, who want no nanoseconds.
        let within = end.at.since(self.begun).as_millis();
        let within = u64::try_from(within).unwrap_or(u64::MAX);
        (Duration::from_millis(within), end.at)
    }
}
