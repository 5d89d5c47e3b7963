//! Connections to subscribers, kept for the next message.
//!
//! Invariant: to one address there are so many connections as the settings say. While connections are kept there is one task, which
//! lets go of those that have ended or that nobody wants.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::Semaphore;
use tokio::task::JoinHandle;

use super::config::HttpConfig;
use super::line::Line;
use crate::seam::{Moment, Seam};

/// How long a connection is kept without use: less than the receivers of this broker do, so that they do not close it while a
/// message is on its way.
const KEPT: Duration = Duration::from_secs(60);
/// How often is looked which of them have ended.
const LOOK: Duration = Duration::from_secs(10);
/// For how long an address that could not be reached comes last.
const AVOIDED: Duration = Duration::from_secs(10);

/// The connections to all addresses.
pub(super) struct Pool {
    pub(super) seam: Seam,
    pub(super) config: Arc<HttpConfig>,
    places: Mutex<BTreeMap<String, Arc<Place>>>,
    /// The task that looks after the connections that are kept, while there are any.
    tending: Mutex<Option<JoinHandle<()>>>,
}

/// One address.
pub(super) struct Place {
    pub(super) turns: Semaphore,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    idle: Vec<(Box<Line>, Moment)>,
    failed: Option<Moment>,
}

impl Pool {
    pub(super) fn new(seam: Seam, config: Arc<HttpConfig>) -> Self {
        Self {
            seam,
            config,
            places: Mutex::default(),
            tending: Mutex::default(),
        }
    }

    /// Whether `address` could not be reached a moment ago.
    pub(super) fn avoids(&self, address: &str) -> bool {
        let place = self.lock().get(address).cloned();
        let failed = place.and_then(|place| place.lock().failed);
        failed.is_some_and(|failed| self.seam.clock.now().since(failed) < AVOIDED)
    }

    /// Whether a request to `address` is not answered yet.
    pub(super) fn waits_for(&self, address: &str) -> bool {
        let place = self.lock().get(address).cloned();
        place.is_some_and(|place| place.turns.available_permits() < self.turns())
    }

    /// Closes the connections that nobody uses.
    pub(super) fn clear(&self) {
        self.lock().clear();
    }

    /// Has a task look after what is kept, for as long as something is.
    pub(super) fn tend(self: &Arc<Self>) {
        let mut tending = self.lock_tending();
        if tending.as_ref().is_some_and(|task| !task.is_finished()) {
            return;
        }
        let (pool, clock) = (Arc::downgrade(self), self.seam.clock);
        *tending = Some(tokio::spawn(async move {
            loop {
                clock.sleep(LOOK).await;
                let Some(pool) = pool.upgrade() else { return };
                // What is kept after this look starts the next task.
                let mut tending = pool.lock_tending();
                if !pool.prune(clock.now()) {
                    *tending = None;
                    return;
                }
            }
        }));
    }

    /// Lets go of the connections that have ended or that were kept for long enough; whether any are left.
    pub(super) fn prune(&self, now: Moment) -> bool {
        let places = self.lock();
        places.values().fold(false, |any, place| {
            let mut state = place.lock();
            let wanted = |(kept, since): &mut (Box<Line>, Moment)| {
                now.since(*since) < KEPT && kept.is_open()
            };
            state.idle.retain_mut(wanted);
            any || !state.idle.is_empty()
        })
    }

    pub(super) fn place(&self, address: &str) -> Arc<Place> {
        let mut places = self.lock();
        if let Some(place) = places.get(address) {
            return place.clone();
        }
        // Addresses come and go with processes: those that have nothing any more are forgotten.
        places.retain(|_, place| Arc::strong_count(place) > 1 || place.is_used());
        let place = Arc::new(Place {
            turns: Semaphore::new(self.turns()),
            state: Mutex::default(),
        });
        places.insert(address.to_owned(), place.clone());
        place
    }

    /// How many requests go to one address at a time.
    fn turns(&self) -> usize {
        let turns = self.config.max_connections_out;
        turns.clamp(1, Semaphore::MAX_PERMITS)
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<String, Arc<Place>>> {
        self.places.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn lock_tending(&self) -> MutexGuard<'_, Option<JoinHandle<()>>> {
        self.tending.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Pool {
    fn drop(&mut self) {
        if let Some(task) = self.lock_tending().take() {
            task.abort();
        }
    }
}

impl Place {
    /// A connection that is there for the next request: the one that was used last, so that the others grow old.
    pub(super) fn kept(&self, now: Moment) -> Option<Box<Line>> {
        let mut state = self.lock();
        let (kept, since) = state.idle.pop()?;
        if now.since(since) < KEPT {
            return Some(kept);
        }
        // The others are older.
        state.idle.clear();
        None
    }

    /// It has answered; the connection is there for the next request, if that can be.
    pub(super) fn has_answered(&self, kept: Option<Box<Line>>, now: Moment) {
        let mut state = self.lock();
        state.failed = None;
        state.idle.extend(kept.map(|line| (line, now)));
    }

    /// It could not be reached, or has not answered.
    pub(super) fn has_failed(&self, now: Moment) {
        self.lock().failed = Some(now);
    }

    fn is_used(&self) -> bool {
        self.lock().idle.iter_mut().any(|(kept, _)| kept.is_open())
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Pool {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let places = self.lock();
        f.debug_list().entries(places.keys()).finish()
    }
}
