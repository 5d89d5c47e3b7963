//! Deliveries as their subscriber pulls them.

use std::collections::VecDeque;
use std::fmt;
use std::future::poll_fn;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use futures_core::Stream;

use super::delivery::Delivery;
use crate::error::Result;

/// A subscription; dropping it unsubscribes at once, and what was not pulled goes back to its queue where the broker can.
///
/// It is also a [`Stream`] of its deliveries.
#[must_use = "a subscription that is dropped gets nothing"]
pub struct Subscription {
    // Dropped in this order: what was not pulled goes back when its subscription takes nothing any more.
    source: Box<dyn Source>,
    ready: Ready,
    ended: bool,
}

/// What has come and was not pulled.
#[derive(Default)]
struct Ready(VecDeque<Delivery>);

impl Drop for Ready {
    fn drop(&mut self) {
        // What is given back goes in front of what waits, so the first one has to be the last.
        while let Some(delivery) = self.0.pop_back() {
            drop(delivery);
        }
    }
}

/// Where the deliveries of one subscription come from; what a broker implements. Dropping it unsubscribes at once.
pub trait Source: Send + 'static {
    /// Appends what has come to `ready`, which is empty; it is ready with whether there was anything, and `false` says that nothing
    /// more will come.
    ///
    /// It appends as much as there is, so that a busy subscriber pays for the way here once for many. An error says that the
    /// subscription is lost for good; an outage that ends is none.
    fn poll_deliveries(
        &mut self,
        cx: &mut Context<'_>,
        ready: &mut VecDeque<Delivery>,
    ) -> Poll<Result<bool>>;

    /// Tells the broker to deliver nothing more; what it has delivered still comes, and then `false`. It may be called again.
    fn poll_unsubscribe(&mut self, cx: &mut Context<'_>) -> Poll<Result<()>>;
}

impl Subscription {
    /// The subscription whose deliveries `source` brings; for brokers.
    pub fn new(source: impl Source) -> Self {
        Self {
            source: Box::new(source),
            ready: Ready::default(),
            ended: false,
        }
    }

    /// Waits for the next delivery; `None` when everything was pulled after [`unsubscribe`](Self::unsubscribe).
    ///
    /// An error says that the subscription is lost for good, and `None` follows; the end of an outage is waited for and no error.
    /// Cancel safe.
    pub async fn next(&mut self) -> Result<Option<Delivery>> {
        poll_fn(|cx| self.poll(cx)).await.transpose()
    }

    /// Ends the subscription without losing anything: what the broker had delivered before it learned of this is still pulled by
    /// [`next`](Self::next), and then `None`.
    ///
    /// Calling it again changes nothing. Cancel safe: a call that was dropped can be made again.
    pub async fn unsubscribe(&mut self) -> Result<()> {
        poll_fn(|cx| self.source.poll_unsubscribe(cx)).await
    }

    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Delivery>>> {
        loop {
            if let Some(delivery) = self.ready.0.pop_front() {
                return Poll::Ready(Some(Ok(delivery)));
            }
            if self.ended {
                return Poll::Ready(None);
            }
            let more = ready!(self.source.poll_deliveries(cx, &mut self.ready.0));
            self.ended = !matches!(more, Ok(true));
            if let Err(error) = more {
                return Poll::Ready(Some(Err(error)));
            }
        }
    }
}

impl Stream for Subscription {
    type Item = Result<Delivery>;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Delivery>>> {
        self.get_mut().poll(cx)
    }
}

impl fmt::Debug for Subscription {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Subscription")
            .field("ready", &self.ready.0.len())
            .field("ended", &self.ended)
            .finish_non_exhaustive()
    }
}
