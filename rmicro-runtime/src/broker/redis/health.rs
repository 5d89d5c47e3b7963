//! Whether the server is there, for the log: one line when it is lost, and one when it is back.

use std::sync::{Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;

use crate::seam::{Clock, Moment};

/// What is known of the server by all connections to it.
pub(super) struct Health {
    at: String,
    clock: Clock,
    state: Mutex<State>,
    back: Notify,
}

#[derive(Default)]
struct State {
    lost: bool,
    /// When it was found last after it had been lost.
    found: Option<Moment>,
}

impl Health {
    pub(super) fn new(at: String, clock: Clock) -> Self {
        Self {
            at,
            clock,
            state: Mutex::default(),
            back: Notify::new(),
        }
    }

    /// A connection broke that was made at `born`, or none could be made.
    ///
    /// The connections of one server break one after the other; those that are older than the last return tell nothing new.
    pub(super) fn lost(&self, why: &str, born: Option<Moment>) {
        let mut state = self.state();
        let is_news = match (born, state.found) {
            (Some(born), Some(found)) => born >= found,
            _ => true,
        };
        if is_news && !std::mem::replace(&mut state.lost, true) {
            tracing::warn!("Broker [redis] at {} is lost, trying on: {why}", self.at);
        }
    }

    /// A connection was made.
    pub(super) fn found(&self) {
        let mut state = self.state();
        if std::mem::take(&mut state.lost) {
            state.found = Some(self.clock.now());
            tracing::info!("Broker [redis] at {} is there again", self.at);
        }
        self.back.notify_waiters();
    }

    /// Ready when the server is found the next time.
    pub(super) async fn back(&self) {
        self.back.notified().await;
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
