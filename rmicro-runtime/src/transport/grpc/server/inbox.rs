//! New calls between hyper, which makes their futures, and the connection task, which polls them.

use std::collections::VecDeque;
use std::pin::Pin;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::call::Route;
use crate::seam::Moment;

/// The future that hyper makes of one call: it ends when the reply has been handed to HTTP/2.
pub(super) type CallFuture = Pin<Box<dyn Future<Output = ()> + Send>>;

/// A call that has just come in.
pub(super) struct Arrival {
    pub(super) future: CallFuture,
    pub(super) head: Option<Head>,
}

/// What the connection task must know of a call.
pub(super) struct Head {
    pub(super) route: Arc<Route>,
    pub(super) deadline: Option<Moment>,
}

/// The executor that hyper is given: it only queues. One connection has one; nobody else touches its locks.
#[derive(Clone, Default)]
pub(super) struct Inbox(Arc<Inner>);

#[derive(Default)]
struct Inner {
    queue: Mutex<Queue>,
    /// How many bytes replies have put into HTTP/2 since the last flush.
    bytes: AtomicUsize,
}

#[derive(Default)]
struct Queue {
    next: Option<Head>,
    arrivals: VecDeque<Arrival>,
}

impl Inbox {
    /// Tells of the call whose future comes next; hyper makes it right after it has called the service.
    pub(super) fn announce(&self, head: Head) {
        self.lock().next = Some(head);
    }

    /// The oldest call that was not started.
    pub(super) fn pop(&self) -> Option<Arrival> {
        self.lock().arrivals.pop_front()
    }

    /// Counts bytes of a reply.
    pub(super) fn wrote(&self, bytes: usize) {
        self.0.bytes.fetch_add(bytes, Ordering::Relaxed);
    }

    /// How many bytes were written since this was last asked.
    pub(super) fn take_written(&self) -> usize {
        self.0.bytes.swap(0, Ordering::Relaxed)
    }

    /// How many bytes were written since they were last taken.
    pub(super) fn written(&self) -> usize {
        self.0.bytes.load(Ordering::Relaxed)
    }

    fn lock(&self) -> MutexGuard<'_, Queue> {
        self.0.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<F> hyper::rt::Executor<F> for Inbox
where
    F: Future<Output = ()> + Send + 'static,
{
    fn execute(&self, future: F) {
        let future: CallFuture = Box::pin(future);
        let mut queue = self.lock();
        let head = queue.next.take();
        queue.arrivals.push_back(Arrival { future, head });
    }
}
