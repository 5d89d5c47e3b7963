//! How a call waits for a node (gRPC's `wait-for-ready.md`).
//!
//! Invariant: it looks again when the registry tells of a change, when an attempt to connect ends and when an address may be
//! dialed again; on its own it does so only now and then, in case that nobody tells.

use tokio::sync::watch;

use super::Inner;
use super::backoff::Backoff;
use super::target::Target;
use super::way::Way;
use crate::error::{Code, Error};

/// What one call that waits has to keep.
pub(super) struct Patience<'a> {
    client: &'a Inner,
    target: &'a Target,
    news: watch::Receiver<()>,
    backoff: Backoff,
}

impl<'a> Patience<'a> {
    /// Made before a node is looked for, so that no news is missed in between.
    pub(super) fn new(client: &'a Inner, target: &'a Target) -> Self {
        Self {
            client,
            target,
            news: client.pool.news(),
            backoff: Backoff::default(),
        }
    }

    /// Whether `error` may be over by itself.
    pub(super) fn sits_out(error: &Error) -> bool {
        error.is_unprocessed() && error.code() == Code::Unavailable
    }

    /// Waits until it is worth it to look again after `way`; cancel safe.
    pub(super) async fn wait(&mut self, way: &Way) {
        let (seam, pool) = (&self.client.seam, &self.client.pool);
        let known = way.known.as_ref();
        let nodes = known.map_or(&[][..], |known| &known.nodes);
        let longest = seam.clock.now().after(self.backoff.fail(&seam.chance));
        let until = pool.rest_end(nodes).map_or(longest, |end| end.min(longest));
        let changed = self
            .client
            .registry
            .changed(self.target.name(), known.map(|known| &known.told));
        let changed = async {
            if changed.await.is_err() {
                std::future::pending().await
            }
        };
        tokio::select! {
            biased;
            Ok(()) = self.news.changed() => {}
            () = changed => {}
            () = seam.clock.sleep_until(until) => {}
        }
    }
}
