//! The deadline of the call whose handler is polled right now, for the calls that it makes.
//!
//! Go passes it on by the context that every function takes. Here a handler and what it awaits are
//! polled in one go, so the thread knows; a task that a handler spawns is on its own.

use std::cell::Cell;

use crate::seam::Moment;

thread_local! {
    static DEADLINE: Cell<Option<Moment>> = const { Cell::new(None) };
}

/// The deadline of the handler that is polled on this thread, if it has one.
pub(crate) fn deadline() -> Option<Moment> {
    DEADLINE.get()
}

/// Makes `deadline` the current one until this is dropped.
pub(super) struct Current(Option<Moment>);

impl Current {
    pub(super) fn enter(deadline: Option<Moment>) -> Self {
        Self(DEADLINE.replace(deadline))
    }
}

impl Drop for Current {
    fn drop(&mut self) {
        DEADLINE.set(self.0);
    }
}
