//! What a watch tells at once.

use std::future::poll_fn;
use std::task::{Context, Poll};

use crate::error::Error;
use crate::registry::{Change, Watch};

/// The changes that were ready together, so that many of them make one new state; never empty.
#[derive(Debug, Default)]
pub(super) struct Batch {
    /// The changes in their order.
    pub(super) changes: Vec<Change>,
    /// Why nothing after them can be trusted.
    pub(super) failed: Option<Error>,
}

impl Batch {
    /// So many changes at most, so that a flood does not keep what is known from being told.
    const LIMIT: usize = 1024;

    /// Waits until `watch` tells something; forever where there is no watch. Cancel safe.
    pub(super) async fn next(watch: &mut Option<Watch>) -> Self {
        match watch {
            Some(watch) => poll_fn(|cx| Self::poll(watch, cx)).await,
            None => std::future::pending().await,
        }
    }

    fn poll(watch: &mut Watch, cx: &mut Context<'_>) -> Poll<Self> {
        let mut batch = Self::default();
        while batch.failed.is_none() && batch.changes.len() < Self::LIMIT {
            match watch.as_mut().poll_next(cx) {
                Poll::Ready(Some(Ok(change))) => batch.changes.push(change),
                Poll::Ready(Some(Err(error))) => batch.failed = Some(error),
                Poll::Ready(None) => batch.failed = Some(Error::unavailable("the watch ended")),
                Poll::Pending => break,
            }
        }
        if batch.failed.is_none() && batch.changes.is_empty() {
            return Poll::Pending;
        }
        Poll::Ready(batch)
    }
}
