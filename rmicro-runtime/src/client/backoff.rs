//! How long an address is left alone after it could not be reached (gRPC's `connection-backoff.md`).

use std::time::Duration;

use crate::seam::Chance;

/// Waits that grow from failure to failure: 1 s, then 1.6 times as long each time, 120 s at most, each changed at random by up to
/// a fifth so that clients which lost the same node do not all come back at once.
#[derive(Debug, Default)]
pub(super) struct Backoff {
    failures: i32,
}

impl Backoff {
    const FIRST: Duration = Duration::from_secs(1);
    const LONGEST: Duration = Duration::from_secs(120);
    const FACTOR: f64 = 1.6;

    /// Counts a failure and tells how long to wait after it.
    pub(super) fn fail(&mut self, chance: &Chance) -> Duration {
        // Far beyond the longest wait, and nowhere near what a float cannot tell.
        let growth = Self::FACTOR.powi(self.failures.min(100));
        self.failures = self.failures.saturating_add(1);
        let seconds = Self::FIRST.as_secs_f64() * growth;
        let wait = Duration::from_secs_f64(seconds.min(Self::LONGEST.as_secs_f64()));
        wait * (800 + chance.below(401) as u32) / 1000
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_grow_up_to_the_longest_within_a_fifth() {
        for seed in 0..20 {
            let (mut backoff, chance) = (Backoff::default(), Chance::from_seed(seed));
            let mut expected: f64 = 1.0;
            for _ in 0..200 {
                let wait = backoff.fail(&chance).as_secs_f64();
                assert!(
                    (expected * 0.8 - 1e-6..=expected * 1.2 + 1e-6).contains(&wait),
                    "{wait}"
                );
                expected = (expected * 1.6).min(120.0);
            }
        }
    }

    #[test]
    fn two_clients_do_not_wait_equally_long() {
        let [a, b] = [1, 2].map(|seed| {
            let (mut backoff, chance) = (Backoff::default(), Chance::from_seed(seed));
            [(); 5].map(|()| backoff.fail(&chance))
        });
        assert_ne!(a, b);
    }
}
