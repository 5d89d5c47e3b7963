//! Random choices, repeatable when a seed is given.

use std::sync::{Arc, Mutex, PoisonError};

/// A source of random numbers; clones share it.
#[derive(Clone, Debug)]
pub struct Chance(Arc<Mutex<fastrand::Rng>>);

impl Chance {
    /// A source whose choices are the same for the same `seed`.
    pub fn from_seed(seed: u64) -> Self {
        Self(Arc::new(Mutex::new(fastrand::Rng::with_seed(seed))))
    }

    /// A number below `limit`; 0 when `limit` is 0.
    pub fn below(&self, limit: usize) -> usize {
        if limit == 0 {
            return 0;
        }
        self.with(|rng| rng.usize(..limit))
    }

    /// A version 4 UUID in its usual text form (RFC 9562, section 5.4).
    pub fn uuid(&self) -> String {
        let bytes = self.with(|rng| rng.u128(..)).to_ne_bytes();
        uuid::Builder::from_random_bytes(bytes)
            .into_uuid()
            .to_string()
    }

    fn with<T>(&self, draw: impl FnOnce(&mut fastrand::Rng) -> T) -> T {
        draw(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Default for Chance {
    fn default() -> Self {
        Self(Arc::new(Mutex::new(fastrand::Rng::new())))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_seed_gives_one_sequence() {
        let (a, b) = (Chance::from_seed(1), Chance::from_seed(1));
        assert_eq!((a.uuid(), a.below(1000)), (b.uuid(), b.below(1000)));
    }

    #[test]
    fn a_uuid_is_version_four() {
        let id = Chance::default().uuid();
        assert_eq!((id.len(), id.as_bytes()[14]), (36, b'4'));
    }
}
