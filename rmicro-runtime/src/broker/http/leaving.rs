//! The publications on their way.
//!
//! Invariant: what was begun comes to its end: with whoever published, and in a task where he has stopped waiting. So most need no
//! task.

use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};

use tokio::runtime::Handle;
use tokio::sync::watch;
use tokio::task::JoinSet;

use crate::call::BoxFuture;
use crate::error::Result;

/// All publications of a broker; those that nobody waits for any more are cut when it is dropped.
#[derive(Debug, Default)]
pub(super) struct Leaving {
    /// How many there are that somebody waits for.
    held: watch::Sender<usize>,
    /// The others.
    left: Mutex<JoinSet<()>>,
}

impl Leaving {
    /// A publication that `delivering` makes; dropped before its end, it goes on in a task.
    pub(super) fn run(
        self: &Arc<Self>,
        delivering: impl Future<Output = Result<()>> + Send + 'static,
    ) -> impl Future<Output = Result<()>> + Send {
        self.held.send_modify(|held| *held += 1);
        Publication {
            leaving: self.clone(),
            delivering: Some(Box::pin(delivering)),
            runtime: Handle::current(),
        }
    }

    /// Waits until whoever published has none any more. Cancel safe.
    pub(super) async fn released(&self) {
        let mut held = self.held.subscribe();
        // The sender is here, so the wait does not fail.
        let _ = held.wait_for(|held| *held == 0).await;
    }

    /// Waits until those have ended that nobody waits for.
    pub(super) async fn ended(&self) {
        let mut left = std::mem::take(&mut *self.lock());
        while left.join_next().await.is_some() {}
    }

    fn lock(&self) -> MutexGuard<'_, JoinSet<()>> {
        self.left.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// One publication, in whoever published.
struct Publication {
    leaving: Arc<Leaving>,
    /// What is still to be done.
    delivering: Option<BoxFuture<'static, Result<()>>>,
    runtime: Handle,
}

impl Future for Publication {
    type Output = Result<()>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<()>> {
        let Some(delivering) = &mut self.delivering else {
            return Poll::Ready(Ok(()));
        };
        let polled = delivering.as_mut().poll(cx);
        if polled.is_ready() {
            self.delivering = None;
        }
        polled
    }
}

impl Drop for Publication {
    fn drop(&mut self) {
        if let Some(delivering) = self.delivering.take() {
            let mut left = self.leaving.lock();
            while left.try_join_next().is_some() {}
            let rest = async move {
                // Whoever would have been told has stopped waiting.
                let _ = delivering.await;
            };
            left.spawn_on(rest, &self.runtime);
        }
        self.leaving.held.send_modify(|held| *held -= 1);
    }
}
