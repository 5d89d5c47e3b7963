//! What a check sees of its handlers, and how it holds them up.

use std::sync::Arc;

use tokio::sync::watch;

/// Counts handlers as they start and go, and holds a gate that they may wait at; clones are the same.
#[derive(Clone, Default)]
pub(super) struct Probe(Arc<watch::Sender<Seen>>);

#[derive(Default)]
struct Seen {
    started: usize,
    gone: usize,
    sent: usize,
    open: bool,
}

impl Probe {
    /// Counts a handler until the guard is dropped.
    pub(super) fn enter(&self) -> Running {
        self.0.send_modify(|seen| seen.started += 1);
        Running(self.clone())
    }

    /// Waits until `count` handlers have started.
    pub(super) async fn started(&self, count: usize) {
        self.wait(|seen| seen.started >= count).await;
    }

    /// Waits until `count` handlers have returned or were dropped.
    pub(super) async fn gone(&self, count: usize) {
        self.wait(|seen| seen.gone >= count).await;
    }

    /// Opens the gate, for good.
    pub(super) fn open(&self) {
        self.0.send_modify(|seen| seen.open = true);
    }

    /// Waits until the gate is open.
    pub(super) async fn gate(&self) {
        self.wait(|seen| seen.open).await;
    }

    /// Notes that a handler has sent `bytes`.
    pub(super) fn sent(&self, bytes: usize) {
        self.0.send_modify(|seen| seen.sent += bytes);
    }

    /// How many bytes handlers have sent.
    pub(super) fn sent_so_far(&self) -> usize {
        self.0.borrow().sent
    }

    async fn wait(&self, until: impl FnMut(&Seen) -> bool) {
        // The sender lives as long as `self`, so there is always an answer.
        let _ = self.0.subscribe().wait_for(until).await;
    }
}

/// A handler that runs.
pub(super) struct Running(Probe);

impl Drop for Running {
    fn drop(&mut self) {
        self.0.0.send_modify(|seen| seen.gone += 1);
    }
}
