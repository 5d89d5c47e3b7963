//! The publications on their way.
//!
//! Invariant: what was begun comes to its end: with whoever published, and in a task where he has stopped waiting. So most need no
//! task.

use std::pin::{Pin, pin};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::task::{Context, Poll};

use tokio::runtime::Handle;
use tokio::sync::Notify;
use tokio::task::JoinSet;

use crate::call::BoxFuture;
use crate::error::Result;

/// All publications of a broker; those that nobody waits for any more are cut when it is dropped.
#[derive(Debug, Default)]
pub(super) struct Leaving {
    /// How many there are that somebody waits for.
    held: AtomicUsize,
    /// Wakes those who wait until there is none.
    released: Notify,
    /// The others.
    left: Mutex<JoinSet<()>>,
    /// Where the first one ran, for those that are dropped where nothing runs.
    runtime: OnceLock<Handle>,
}

impl Leaving {
    /// A publication that `delivering` makes; dropped before its end, it goes on in a task.
    pub(super) fn run(
        self: &Arc<Self>,
        delivering: impl Future<Output = Result<()>> + Send + 'static,
    ) -> impl Future<Output = Result<()>> + Send {
        self.held.fetch_add(1, Ordering::AcqRel);
        self.runtime.get_or_init(Handle::current);
        Publication {
            leaving: self.clone(),
            delivering: Some(Box::pin(delivering)),
        }
    }

    /// Waits until whoever published has none any more. Cancel safe.
    pub(super) async fn released(&self) {
        loop {
            let mut released = pin!(self.released.notified());
            // Before it is counted, so that none is missed that ends meanwhile.
            released.as_mut().enable();
            if self.held.load(Ordering::Acquire) == 0 {
                return;
            }
            released.await;
        }
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
        let leaving = &self.leaving;
        if let Some(delivering) = self.delivering.take() {
            let here = Handle::try_current().ok();
            let mut left = leaving.lock();
            while left.try_join_next().is_some() {}
            let rest = async move {
                // Whoever would have been told has stopped waiting.
                let _ = delivering.await;
            };
            if let Some(runtime) = here.as_ref().or(leaving.runtime.get()) {
                left.spawn_on(rest, runtime);
            }
        }
        if leaving.held.fetch_sub(1, Ordering::AcqRel) == 1 {
            leaving.released.notify_waiters();
        }
    }
}
