//! Whether the server is there, for the log: one line when it is lost, and one when it is back.

use std::sync::{Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;

use super::failure::unreached;
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
    /// Why it cannot be reached, where it was lost.
    lost: Option<String>,
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
        if is_news && state.lost.replace(why.to_owned()).is_none() {
            tracing::warn!("Broker [redis] at {} is lost, trying on: {why}", self.at);
        }
    }

    /// A connection was made.
    pub(super) fn found(&self) {
        let mut state = self.state();
        if state.lost.take().is_some() {
            state.found = Some(self.clock.now());
            tracing::info!("Broker [redis] at {} is there again", self.at);
        }
        self.back.notify_waiters();
    }

    /// Why publishing has to wait, as [`Broker::outage`](crate::broker::Broker::outage) says it.
    pub(super) fn outage(&self) -> String {
        match &self.state().lost {
            Some(why) => unreached(&self.at, why),
            None => format!("redis at {} has not answered", self.at),
        }
    }

    /// Ready when the server is found the next time.
    pub(super) async fn back(&self) {
        self.back.notified().await;
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
