//! When a call is made again that a handler may have seen.
//!
//! Invariant: only a call of a method whose proto says that it may be repeated (`idempotency_level`), only after UNAVAILABLE,
//! only inside its deadline and while the budget lasts; so a service that fails is asked a tenth more often, and no more.

use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use crate::error::{Code, Error};
use crate::rpc::Method;
use crate::seam::Chance;

/// What the repeats of the calls of one service may cost: ten at once, and one more for every ten calls that are answered
/// (the token bucket of gRPC's proposal A6, "Throttling Retry Attempts").
#[derive(Debug)]
pub(super) struct Budget(AtomicU32);

impl Budget {
    /// All in tenths of a repeat.
    const FULL: u32 = 100;
    const REPEAT: u32 = 10;
    const ANSWER: u32 = 1;

    /// Pays for a repeat, if there is enough.
    fn spend(&self) -> bool {
        self.change(|left| left.checked_sub(Self::REPEAT))
    }

    /// Takes note of a call that was answered.
    pub(super) fn earn(&self) {
        self.change(|left| (left < Self::FULL).then_some(left + Self::ANSWER));
    }

    fn change(&self, change: impl FnMut(u32) -> Option<u32>) -> bool {
        // The number guards nothing else.
        let (set, fetch) = (Ordering::Relaxed, Ordering::Relaxed);
        self.0.fetch_update(set, fetch, change).is_ok()
    }
}

impl Default for Budget {
    fn default() -> Self {
        Self(AtomicU32::new(Self::FULL))
    }
}

/// Whether a call of `method` that ended with `error` may be made again; the budget pays for it then.
pub(super) fn allows(method: &Method, error: &Error, budget: &Budget) -> bool {
    method.idempotency_level().may_repeat() && error.code() == Code::Unavailable && budget.spend()
}

/// How long a call waits before it comes back to a node, after `tries` others: up to 50 ms, twice as long each time, at random
/// so that calls which failed together do not come back together.
pub(super) fn pause(tries: usize, chance: &Chance) -> Duration {
    let longest = 50_usize << tries.min(7);
    Duration::from_millis(1 + chance.below(longest) as u64)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rpc::Idempotency;

    static READ: Method = Method::unary("Read").idempotency(Idempotency::NoSideEffects);
    static WRITE: Method = Method::unary("Write");

    #[test]
    fn a_budget_pays_for_ten_repeats_and_for_one_of_ten_answers_later() {
        let (budget, error) = (Budget::default(), Error::unavailable("gone"));
        let repeats = || (0..50).filter(|_| allows(&READ, &error, &budget)).count();
        assert_eq!(repeats(), 10);
        (0..30).for_each(|_| budget.earn());
        assert_eq!(repeats(), 3);
        (0..10_000).for_each(|_| budget.earn());
        assert_eq!(repeats(), 10);
    }

    #[test]
    fn what_may_not_be_repeated_costs_nothing() {
        let budget = Budget::default();
        for _ in 0..100 {
            assert!(!allows(&WRITE, &Error::unavailable("gone"), &budget));
            assert!(!allows(&READ, &Error::internal("broken"), &budget));
        }
        assert!(allows(&READ, &Error::unavailable("gone"), &budget));
    }

    #[test]
    fn pauses_grow_and_have_a_bound() {
        let chance = Chance::from_seed(1);
        for (tries, longest) in [(0, 50), (1, 100), (2, 200), (1000, 6400)] {
            for _ in 0..100 {
                let pause = pause(tries, &chance);
                assert!(pause > Duration::ZERO && pause <= Duration::from_millis(longest));
            }
        }
    }
}
