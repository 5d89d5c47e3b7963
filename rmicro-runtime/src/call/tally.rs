//! How many calls there were, and how many of them failed.
//!
//! Invariant: a call that succeeds costs one relaxed addition.

use std::sync::atomic::{AtomicU64, Ordering};

use crate::error::Result;

/// The calls of one route.
#[derive(Debug, Default)]
pub struct Tally {
    calls: AtomicU64,
    failures: AtomicU64,
}

impl Tally {
    /// Counts a call that begins.
    pub fn begin(&self) -> Counted<'_> {
        self.calls.fetch_add(1, Ordering::Relaxed);
        Counted {
            failures: Some(&self.failures),
        }
    }

    /// The calls that have begun.
    pub fn calls(&self) -> u64 {
        self.calls.load(Ordering::Relaxed)
    }

    /// Those of them that did not succeed: the handler or an interceptor returned an error or
    /// panicked, the deadline passed, or the caller gave up.
    pub fn failures(&self) -> u64 {
        self.failures.load(Ordering::Relaxed)
    }
}

/// A call that was counted; it has failed when this is dropped before [`end`](Self::end).
#[derive(Debug)]
#[must_use = "a call that is not ended counts as a failure"]
pub struct Counted<'a> {
    failures: Option<&'a AtomicU64>,
}

impl Counted<'_> {
    /// Counts how the call ended, and gives that back.
    pub fn end(mut self, ended: Result<()>) -> Result<()> {
        if ended.is_ok() {
            self.failures = None;
        }
        ended
    }
}

impl Drop for Counted<'_> {
    fn drop(&mut self) {
        if let Some(failures) = self.failures {
            failures.fetch_add(1, Ordering::Relaxed);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::Error;

    #[test]
    fn a_call_that_errs_or_never_ends_has_failed() {
        let tally = Tally::default();
        tally.begin().end(Ok(())).unwrap();
        assert_eq!((tally.calls(), tally.failures()), (1, 0));
        tally.begin().end(Err(Error::internal("no"))).unwrap_err();
        drop(tally.begin());
        assert_eq!((tally.calls(), tally.failures()), (3, 2));
    }
}
