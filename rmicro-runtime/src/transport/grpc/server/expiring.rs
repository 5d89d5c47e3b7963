//! The end of a stream whose peer has stopped reading.
//!
//! A handler is polled by the body of its response, and nobody polls that while the peer takes nothing. So the deadline that guards
//! the handler cannot fire there; this one drops the whole call.

use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use super::inbox::CallFuture;
use crate::seam::{Clock, Moment, Sleep};

/// How long after the deadline the last messages and the status may take to leave.
const GRACE: Duration = Duration::from_secs(1);

/// A call that is dropped, which resets its stream, when it is not over soon after its deadline.
pub(super) struct Expiring {
    call: CallFuture,
    end: Moment,
    sleep: Option<Sleep>,
    clock: Clock,
}

impl Expiring {
    pub(super) fn new(call: CallFuture, deadline: Moment, clock: Clock) -> Self {
        Self {
            call,
            end: deadline.after(GRACE),
            sleep: None,
            clock,
        }
    }
}

impl Future for Expiring {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let this = &mut *self;
        if this.call.as_mut().poll(cx).is_ready() {
            return Poll::Ready(());
        }
        let sleep = this
            .sleep
            .get_or_insert_with(|| this.clock.sleep_until(this.end));
        Pin::new(sleep).poll(cx)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::seam::TIMERS;

    #[tokio::test(start_paused = true)]
    async fn a_call_that_nobody_reads_ends_soon_after_its_deadline() {
        let clock = Clock::default();
        let begun = clock.now();
        let deadline = begun.after(Duration::from_secs(5));
        Expiring::new(Box::pin(std::future::pending()), deadline, clock).await;
        assert_eq!(clock.now().since(begun), Duration::from_secs(6));
    }

    #[tokio::test]
    async fn a_call_that_ends_has_no_timer() {
        let clock = Clock::default();
        let before = TIMERS.get();
        Expiring::new(Box::pin(std::future::ready(())), clock.now(), clock).await;
        assert_eq!(TIMERS.get(), before);
    }
}
