//! The publishers that are connected.
//!
//! Invariant: there are so many places, and whoever comes when all are taken gets that of the one that was idle for longest. One
//! that was idle for only a moment keeps its place: its next request may be on its way.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::patience::Patience;
use crate::seam::Clock;

/// How long a connection has to be idle before it can lose its place.
const MOMENT: Duration = Duration::from_secs(1);
/// How often somebody who waits looks for one.
const LOOK: Duration = Duration::from_millis(100);

/// The places of a listener and who has them.
pub(super) struct Crowd {
    places: Arc<Semaphore>,
    present: Mutex<Present>,
    clock: Clock,
}

#[derive(Default)]
struct Present {
    last: u64,
    connections: BTreeMap<u64, Arc<Patience>>,
}

/// A place for one connection, which is free again when this is dropped.
pub(super) struct Place {
    crowd: Arc<Crowd>,
    number: u64,
    _permit: OwnedSemaphorePermit,
}

impl Crowd {
    /// So many places, at least one.
    pub(super) fn new(places: usize, clock: Clock) -> Self {
        Self {
            places: Arc::new(Semaphore::new(places.clamp(1, Semaphore::MAX_PERMITS))),
            present: Mutex::default(),
            clock,
        }
    }

    /// Waits for a place. Cancel safe.
    pub(super) async fn place(&self) -> Option<OwnedSemaphorePermit> {
        loop {
            if self.places.available_permits() == 0 {
                self.dismiss_one();
            }
            let limit = self.clock.now().after(LOOK);
            let place = self.places.clone().acquire_owned();
            if let Some(place) = self.clock.until(limit, place).await {
                return place.ok();
            }
        }
    }

    /// Gives the place to a connection.
    pub(super) fn enter(
        self: &Arc<Self>,
        permit: OwnedSemaphorePermit,
        patience: Arc<Patience>,
    ) -> Place {
        let mut present = self.lock();
        present.last += 1;
        let number = present.last;
        present.connections.insert(number, patience);
        drop(present);
        Place {
            crowd: self.clone(),
            number,
            _permit: permit,
        }
    }

    fn dismiss_one(&self) {
        let now = self.clock.now();
        let present = self.lock();
        let idle = present.connections.values().filter_map(|patience| {
            let since = patience.idle_since()?;
            (now.since(since) >= MOMENT).then_some((since, patience))
        });
        if let Some((_, longest)) = idle.min_by_key(|(since, _)| *since) {
            longest.dismiss();
        }
    }

    fn lock(&self) -> MutexGuard<'_, Present> {
        self.present.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.crowd.lock().connections.remove(&self.number);
    }
}
