//! How long to wait before a watch that failed is started again.

use std::time::Duration;

use crate::seam::Chance;

/// Waits that double from failure to failure, each shortened at random by up to a half so that
/// clients which lost the same registry do not all come back at once.
#[derive(Debug)]
pub(super) struct Backoff {
    failures: u32,
    chance: Chance,
}

impl Backoff {
    /// The longest wait.
    pub(super) const LONGEST: Duration = Duration::from_secs(10);
    const FIRST: Duration = Duration::from_millis(100);

    /// No failure yet.
    pub(super) fn new(chance: Chance) -> Self {
        Self {
            failures: 0,
            chance,
        }
    }

    /// Whether there was a failure since the last reset.
    pub(super) fn has_failed(&self) -> bool {
        self.failures > 0
    }

    /// Counts a failure and tells how long to wait after it.
    pub(super) fn fail(&mut self) -> Duration {
        let doubled = Self::FIRST.saturating_mul(1 << self.failures.min(16));
        self.failures = self.failures.saturating_add(1);
        let half = doubled.min(Self::LONGEST) / 2;
        half + Duration::from_millis(self.chance.below(half.as_millis() as usize + 1) as u64)
    }

    /// Begins with the shortest wait again.
    pub(super) fn reset(&mut self) {
        self.failures = 0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_double_up_to_the_longest_and_begin_anew_after_a_reset() {
        let mut backoff = Backoff::new(Chance::from_seed(1));
        for limit in [100, 200, 400, 800, 1600, 3200, 6400, 10_000, 10_000] {
            let wait = backoff.fail().as_millis();
            assert!((limit / 2..=limit).contains(&wait), "{wait} of {limit}");
        }
        backoff.reset();
        assert!(!backoff.has_failed());
        assert!(backoff.fail() <= Backoff::FIRST);
    }

    #[test]
    fn two_clients_do_not_wait_equally_long() {
        let mut waits = [1, 2].map(|seed| Backoff::new(Chance::from_seed(seed)));
        let [a, b] = waits
            .each_mut()
            .map(|backoff| (0..5).map(|_| backoff.fail()).collect::<Vec<_>>());
        assert_ne!(a, b);
    }
}
