//! One watch of a memory registry.

use std::pin::Pin;
use std::sync::{Arc, Weak};
use std::task::{Context, Poll, ready};

use futures_core::Stream;

use super::Shared;
use crate::error::Result;
use crate::registry::Change;
use crate::seam::{Clock, Moment, Sleep};

/// The changes of one service; while it is awaited it has a timer for the next node that may lapse.
#[derive(Debug)]
pub(super) struct Watching {
    shared: Weak<Shared>,
    clock: Clock,
    id: u64,
    sleep: Option<(Moment, Sleep)>,
}

impl Watching {
    /// The changes that `shared` keeps for watcher `id`.
    pub(super) fn new(shared: &Arc<Shared>, clock: Clock, id: u64) -> Self {
        Self {
            shared: Arc::downgrade(shared),
            clock,
            id,
            sleep: None,
        }
    }

    /// Waits for `lapse`; a timer for the same moment is kept.
    fn poll_lapse(&mut self, lapse: Moment, cx: &mut Context<'_>) -> Poll<()> {
        if self.sleep.as_ref().is_none_or(|(at, _)| *at != lapse) {
            self.sleep = Some((lapse, self.clock.sleep_until(lapse)));
        }
        if let Some((_, sleep)) = &mut self.sleep {
            ready!(Pin::new(sleep).poll(cx));
        }
        self.sleep = None;
        Poll::Ready(())
    }
}

impl Stream for Watching {
    type Item = Result<Change>;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Change>>> {
        let this = self.get_mut();
        loop {
            let Some(shared) = this.shared.upgrade() else {
                return Poll::Ready(None);
            };
            let (change, lapse) = shared.with(this.clock.now(), |state, _| {
                (
                    state.poll_change(this.id, cx.waker()),
                    state.next_lapse(this.id),
                )
            });
            // Should this be the last, dropping it wakes the waker that was just kept, and the
            // watch ends.
            drop(shared);
            match (change, lapse) {
                (Poll::Ready(change), _) => return Poll::Ready(change),
                (Poll::Pending, None) => return Poll::Pending,
                // The next round finds the lapsed node swept.
                (Poll::Pending, Some(lapse)) => ready!(this.poll_lapse(lapse, cx)),
            }
        }
    }
}

impl Drop for Watching {
    fn drop(&mut self) {
        if let Some(shared) = self.shared.upgrade() {
            shared.with(self.clock.now(), |state, _| state.unwatch(self.id));
        }
    }
}
