//! How long a publisher may be silent.
//!
//! Invariant: a connection is busy exactly while a request of it is answered; only one that is idle can be dismissed.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::Notify;

use crate::seam::{Clock, Moment};

/// What is known of one connection.
pub(super) struct Patience {
    state: Mutex<State>,
    dismissed: Notify,
}

#[derive(Clone, Copy)]
enum State {
    /// No request has come; until when one has to.
    New(Moment),
    /// A request is being answered, which has times of its own.
    Busy,
    /// The last answer was given then, and so long may the pause be.
    Idle(Moment, Duration),
    /// It is to end, since others wait for its place.
    Dismissed,
}

impl Patience {
    /// A connection whose first request has to come until `moment`.
    pub(super) fn until(moment: Moment) -> Self {
        Self {
            state: Mutex::new(State::New(moment)),
            dismissed: Notify::new(),
        }
    }

    /// A request is there; when the value that is returned is dropped, a pause of `idle` begins.
    pub(super) fn busy(&self, clock: Clock, idle: Duration) -> impl Drop {
        struct Busy<'a>(&'a Patience, Clock, Duration);
        impl Drop for Busy<'_> {
            fn drop(&mut self) {
                *self.0.lock() = State::Idle(self.1.now(), self.2);
            }
        }
        *self.lock() = State::Busy;
        Busy(self, clock, idle)
    }

    /// Since when it is idle; `None` while it is not.
    pub(super) fn idle_since(&self) -> Option<Moment> {
        match *self.lock() {
            State::Idle(since, _) => Some(since),
            _ => None,
        }
    }

    /// Ends it, if it is idle.
    pub(super) fn dismiss(&self) {
        let mut state = self.lock();
        if matches!(*state, State::Idle(..)) {
            *state = State::Dismissed;
            self.dismissed.notify_one();
        }
    }

    /// Ready when it was dismissed.
    pub(super) async fn dismissed(&self) {
        self.dismissed.notified().await;
    }

    /// Waits until it is lost.
    pub(super) async fn lost(&self, clock: Clock) {
        // How often is looked while a request is answered, which has times of its own.
        const LOOK: Duration = Duration::from_secs(1);
        loop {
            let state = *self.lock();
            let until = match state {
                State::New(moment) => moment,
                State::Idle(since, pause) => since.after(pause),
                State::Busy | State::Dismissed => clock.now().after(LOOK),
            };
            if until <= clock.now() {
                return;
            }
            clock.sleep_until(until).await;
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
