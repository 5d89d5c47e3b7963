//! One watch: the changes that are told, and the stream that gives them.
//!
//! Invariant: telling never waits. A watcher that leaves too much unread loses changes and gets an
//! error for it.

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll};

use futures_core::Stream;
use tokio::sync::mpsc;

use crate::error::{Error, Result};
use crate::registry::{Change, Watch};

/// How many changes a watcher may leave unread.
const UNREAD_LIMIT: usize = 256;

/// Both ends of a watch of `service`; it ends when the teller is dropped.
pub(super) fn pair(service: &str) -> (Teller, Watch) {
    let (sender, receiver) = mpsc::channel(UNREAD_LIMIT);
    let missed = Arc::new(AtomicBool::new(false));
    let watching = Watching {
        service: service.to_owned(),
        receiver,
        missed: Arc::clone(&missed),
    };
    (Teller { sender, missed }, Box::pin(watching))
}

/// The end that tells.
#[derive(Debug)]
pub(super) struct Teller {
    sender: mpsc::Sender<Change>,
    missed: Arc<AtomicBool>,
}

impl Teller {
    /// Tells of `change`, or notes that it was missed.
    pub(super) fn tell(&self, change: Change) {
        if self.sender.try_send(change).is_err() {
            self.missed.store(true, Ordering::Release);
        }
    }

    /// Whether the stream still exists.
    pub(super) fn is_heard(&self) -> bool {
        !self.sender.is_closed()
    }
}

#[derive(Debug)]
struct Watching {
    service: String,
    receiver: mpsc::Receiver<Change>,
    missed: Arc<AtomicBool>,
}

impl Stream for Watching {
    type Item = Result<Change>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        if self.missed.swap(false, Ordering::AcqRel) {
            let service = &self.service;
            return Poll::Ready(Some(Err(Error::aborted(format!(
                "the watch of {service:?} in registry mdns was read too slowly and missed changes; \
                 look the service up again"
            )))));
        }
        self.receiver.poll_recv(cx).map(|change| change.map(Ok))
    }
}
