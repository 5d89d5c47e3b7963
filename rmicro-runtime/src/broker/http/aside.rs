//! A future beside one that is polled often: it is seldom ready, and polling it costs more than to know that it need not be.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use super::bell::Bell;

/// A future that is polled only when it has been woken.
pub(super) struct Aside<F> {
    inner: F,
    bell: Arc<Bell>,
    /// The bell as a waker.
    waker: Waker,
    /// Whom the bell wakes.
    task: Option<Waker>,
}

impl<F: Future + Unpin> Aside<F> {
    /// `inner`, which is polled once at first.
    pub(super) fn new(inner: F) -> Self {
        let bell = Arc::new(Bell::new());
        Self {
            inner,
            waker: bell.clone().into(),
            bell,
            task: None,
        }
    }
}

impl<F: Future + Unpin> Future for Aside<F> {
    type Output = F::Output;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<F::Output> {
        let this = &mut *self;
        this.bell.calls(cx.waker(), &mut this.task);
        if !this.bell.has_rung() {
            return Poll::Pending;
        }
        Pin::new(&mut this.inner).poll(&mut Context::from_waker(&this.waker))
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;
    use std::future::poll_fn;
    use std::pin::pin;

    use tokio::sync::oneshot;

    use super::*;

    #[tokio::test]
    async fn it_is_polled_when_it_was_woken_and_not_with_its_neighbour() {
        let (told, mut heard) = oneshot::channel();
        let polls = Cell::new(0);
        let counted = pin!(async {
            poll_fn(|cx| {
                polls.set(polls.get() + 1);
                Pin::new(&mut heard).poll(cx)
            })
            .await
        });
        let mut aside = Aside::new(counted);
        for _ in 0..5 {
            poll_fn(|cx| {
                assert!(Pin::new(&mut aside).poll(cx).is_pending());
                Poll::Ready(())
            })
            .await;
        }
        assert_eq!(polls.get(), 1);
        tokio::spawn(async move { told.send(7) });
        assert_eq!(aside.await, Ok(7));
        assert_eq!(polls.get(), 2);
    }

    #[tokio::test]
    async fn whoever_polled_last_is_woken() {
        let (told, heard) = oneshot::channel();
        let mut aside = Aside::new(heard);
        let pending = poll_fn(|cx| Poll::Ready(Pin::new(&mut aside).poll(cx).is_pending()));
        assert!(pending.await);
        let other = tokio::spawn(aside);
        tokio::task::yield_now().await;
        told.send(3).unwrap();
        assert_eq!(other.await.unwrap(), Ok(3));
    }
}
