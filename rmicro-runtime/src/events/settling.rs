//! What a broker is being told of deliveries that have ended, beside what their task does next.
//!
//! Invariant: nothing is given up before the broker has answered, and there is no more under way than was allowed. Only the first is
//! looked at, for brokers learn of ends in the order in which they are told.

use std::collections::VecDeque;
use std::future::poll_fn;
use std::pin::pin;
use std::task::{Context, Poll};

use crate::call::BoxFuture;
use crate::error::{Error, Result};

/// What is to be waited for until a broker has learned of an end.
pub(super) type Told = BoxFuture<'static, Result<()>>;

/// The ends that are under way; each was polled once, so that it has begun. The function learns of those that the broker refused.
pub(super) struct Settling<F> {
    under_way: VecDeque<Told>,
    limit: usize,
    refused: F,
}

impl<F: Fn(&Error)> Settling<F> {
    /// None yet, and `limit` at a time.
    pub(super) fn new(limit: usize, refused: F) -> Self {
        Self {
            under_way: VecDeque::new(),
            limit,
            refused,
        }
    }

    /// Does `work` and gives what it gives, while what is under way goes on.
    pub(super) async fn beside<T>(&mut self, work: impl Future<Output = T>) -> T {
        let mut work = pin!(work);
        poll_fn(|cx| {
            // The work first: it is what there is to be gained, and most ends take until it waits.
            let worked = work.as_mut().poll(cx);
            if worked.is_pending() {
                self.poll_first(cx);
            }
            worked
        })
        .await
    }

    /// Begins with `told`, and waits while there are too many.
    pub(super) async fn add(&mut self, told: Option<Told>) {
        let Some(mut told) = told else {
            return;
        };
        match poll_fn(|cx| Poll::Ready(told.as_mut().poll(cx))).await {
            Poll::Ready(learned) => self.learned(&learned),
            Poll::Pending => self.under_way.push_back(told),
        }
        self.until_below(self.limit).await;
    }

    /// Waits until nothing is under way.
    pub(super) async fn all(&mut self) {
        self.until_below(1).await;
    }

    async fn until_below(&mut self, limit: usize) {
        poll_fn(|cx| {
            self.poll_first(cx);
            if self.under_way.len() < limit.max(1) {
                Poll::Ready(())
            } else {
                Poll::Pending
            }
        })
        .await;
    }

    fn poll_first(&mut self, cx: &mut Context<'_>) {
        while let Some(first) = self.under_way.front_mut() {
            let Poll::Ready(learned) = first.as_mut().poll(cx) else {
                return;
            };
            self.under_way.pop_front();
            self.learned(&learned);
        }
    }

    fn learned(&self, learned: &Result<()>) {
        if let Err(error) = learned {
            (self.refused)(error);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use tokio::sync::oneshot;
    use tokio::task::yield_now;

    use super::*;

    type Learn = oneshot::Sender<Result<()>>;

    fn telling() -> (Learn, Option<Told>) {
        let (learn, told) = oneshot::channel();
        (learn, Some(Box::pin(async { told.await.unwrap() })))
    }

    #[tokio::test]
    async fn the_next_work_does_not_wait_for_the_last_end() {
        let refused = Cell::new(0);
        let mut settling = Settling::new(9, |_| refused.set(refused.get() + 1));
        let (learn, told) = telling();
        settling.add(told).await;
        settling.add(None).await;
        assert_eq!(settling.beside(std::future::ready(5)).await, 5);
        learn.send(Err(Error::aborted("no"))).unwrap();
        settling.beside(yield_now()).await;
        assert_eq!((settling.under_way.len(), refused.get()), (0, 1));
        settling.all().await;
        settling
            .add(Some(Box::pin(async { Err(Error::aborted("at once")) })))
            .await;
        assert_eq!((settling.under_way.len(), refused.get()), (0, 2));
    }

    #[tokio::test]
    async fn no_more_are_under_way_than_are_allowed_and_all_are_waited_for() {
        let mut settling = Settling::new(2, |error| panic!("{error:?}"));
        let [(learn_first, first), (learn_second, second)] = [telling(), telling()];
        settling.add(first).await;
        {
            let mut adding = pin!(settling.add(second));
            let mut poll = async || poll_fn(|cx| Poll::Ready(adding.as_mut().poll(cx))).await;
            assert!(poll().await.is_pending());
            learn_first.send(Ok(())).unwrap();
            assert!(poll().await.is_ready());
        }
        let mut all = pin!(settling.all());
        let mut poll = async || poll_fn(|cx| Poll::Ready(all.as_mut().poll(cx))).await;
        assert!(poll().await.is_pending());
        learn_second.send(Ok(())).unwrap();
        assert!(poll().await.is_ready());
    }
}
