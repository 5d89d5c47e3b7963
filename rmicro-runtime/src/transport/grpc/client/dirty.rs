//! The list of streams that have something to send.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::Waker;

use super::outgoing::Outgoing;

/// Streams that asked for the connection task, each once.
///
/// Its lock is taken by wakers, which h2 calls under its own lock, so nothing else is locked under it.
#[derive(Debug, Default)]
pub(super) struct DirtyList(Mutex<Inner>);

#[derive(Debug, Default)]
struct Inner {
    streams: Vec<Arc<Outgoing>>,
    task: Option<Waker>,
    closed: bool,
}

impl DirtyList {
    /// Adds a stream and wakes the connection task; `false` when that has ended.
    pub(super) fn push(&self, stream: Arc<Outgoing>) -> bool {
        let mut inner = self.lock();
        if inner.closed {
            return false;
        }
        inner.streams.push(stream);
        let task = inner.task.take();
        drop(inner);
        if let Some(task) = task {
            task.wake();
        }
        true
    }

    /// Swaps the streams that wait with the empty `into`; `task` is woken by the next one.
    pub(super) fn take(&self, task: &Waker, into: &mut Vec<Arc<Outgoing>>) {
        let mut inner = self.lock();
        inner.task = Some(task.clone());
        std::mem::swap(&mut inner.streams, into);
    }

    /// Takes no more streams, and gives those that wait.
    pub(super) fn close(&self) -> Vec<Arc<Outgoing>> {
        let mut inner = self.lock();
        inner.closed = true;
        inner.task = None;
        std::mem::take(&mut inner.streams)
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
