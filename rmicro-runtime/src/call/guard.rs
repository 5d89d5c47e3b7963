//! What stands between a handler and the task that polls it: its deadline, and its panics.

use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::task::{Context, Poll};

use super::BoxFuture;
use super::current::Current;
use super::head::CallHead;
use crate::error::{Error, Result};
use crate::seam::{Clock, Moment, Sleep};

/// A handler under guard: a panic ends its call alone, and its deadline drops it.
///
/// The timer is made when the handler first waits, so a handler that does not wait has none.
pub struct Guarded<'a> {
    handler: Option<BoxFuture<'a, Result<()>>>,
    deadline: Option<Moment>,
    sleep: Option<Sleep>,
    clock: Clock,
}

impl<'a> Guarded<'a> {
    /// Guards `handler`, which serves the call with `head`.
    pub fn new(handler: BoxFuture<'a, Result<()>>, head: &CallHead, clock: Clock) -> Self {
        Self {
            handler: Some(handler),
            deadline: head.deadline,
            sleep: None,
            clock,
        }
    }

    /// Drops the handler; a panic while it is dropped stays here.
    fn drop_handler(&mut self) {
        if let Some(handler) = self.handler.take() {
            let _ = catch_unwind(AssertUnwindSafe(|| drop(handler)));
        }
    }
}

impl Future for Guarded<'_> {
    type Output = Result<()>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<()>> {
        let this = self.get_mut();
        let Some(handler) = &mut this.handler else {
            return Poll::Ready(Err(Error::internal("the handler has ended")));
        };
        let _current = Current::enter(this.deadline);
        let polled = catch_unwind(AssertUnwindSafe(|| handler.as_mut().poll(cx)));
        let ended = match polled {
            Ok(Poll::Ready(result)) => result,
            // The panic hook has told the log; its text is no business of the caller.
            Err(_panic) => Err(Error::internal("the handler panicked")),
            Ok(Poll::Pending) => {
                let Some(deadline) = this.deadline else {
                    return Poll::Pending;
                };
                let sleep = this
                    .sleep
                    .get_or_insert_with(|| this.clock.sleep_until(deadline));
                if Pin::new(sleep).poll(cx).is_pending() {
                    return Poll::Pending;
                }
                Err(Error::deadline_exceeded(
                    "the deadline passed before the handler was done",
                ))
            }
        };
        this.drop_handler();
        Poll::Ready(ended)
    }
}

impl Drop for Guarded<'_> {
    fn drop(&mut self) {
        self.drop_handler();
    }
}

impl fmt::Debug for Guarded<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Guarded")
            .field("deadline", &self.deadline)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::error::Code;
    use crate::seam::TIMERS;

    fn head(within: Option<Duration>) -> CallHead {
        let mut head = CallHead::new("a.B", "C");
        head.deadline = within.map(|within| Clock::default().now().after(within));
        head
    }

    #[tokio::test]
    async fn a_panic_is_an_error_of_its_call() {
        let handler = Box::pin(async { panic!("on purpose") });
        let error = Guarded::new(handler, &head(None), Clock::default())
            .await
            .unwrap_err();
        assert_eq!(error.code(), Code::Internal);
    }

    #[tokio::test(start_paused = true)]
    async fn the_deadline_drops_a_handler_that_waits() {
        let handler = Box::pin(std::future::pending());
        let guarded = Guarded::new(
            handler,
            &head(Some(Duration::from_secs(1))),
            Clock::default(),
        );
        assert_eq!(guarded.await.unwrap_err().code(), Code::DeadlineExceeded);
    }

    #[tokio::test(start_paused = true)]
    async fn the_calls_of_a_handler_know_its_deadline() {
        let head = head(Some(Duration::from_secs(1)));
        let expected = head.deadline;
        let handler = Box::pin(async move {
            assert_eq!(super::super::current_deadline(), expected);
            tokio::task::yield_now().await;
            assert_eq!(super::super::current_deadline(), expected);
            Ok(())
        });
        Guarded::new(handler, &head, Clock::default())
            .await
            .unwrap();
        assert_eq!(super::super::current_deadline(), None);
    }

    #[tokio::test]
    async fn a_handler_that_does_not_wait_has_no_timer() {
        let head = head(Some(Duration::from_secs(1)));
        let before = TIMERS.get();
        let handler = Box::pin(async { Ok(()) });
        Guarded::new(handler, &head, Clock::default())
            .await
            .unwrap();
        assert_eq!(TIMERS.get(), before);
    }

    #[tokio::test(start_paused = true)]
    async fn a_handler_that_does_not_wait_beats_a_deadline_that_has_passed() {
        let handler = Box::pin(async { Ok(()) });
        Guarded::new(handler, &head(Some(Duration::ZERO)), Clock::default())
            .await
            .unwrap();
    }
}
