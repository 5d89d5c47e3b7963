//! Dials, and tells those who wait for any node at all.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;

use super::span::Span;
use crate::error::{Error, Result};
use crate::seam::Seam;
use crate::transport::{Connection, Transport};

/// What the places of a pool dial with.
#[derive(Debug)]
pub(super) struct Dialer {
    transport: Arc<dyn Transport>,
    pub(super) seam: Seam,
    timeout: Duration,
    news: watch::Sender<()>,
}

impl Dialer {
    pub(super) fn new(transport: Arc<dyn Transport>, seam: Seam, timeout: Duration) -> Self {
        Self {
            transport,
            seam,
            timeout,
            news: watch::Sender::default(),
        }
    }

    pub(super) fn protocol(&self) -> &'static str {
        self.transport.name()
    }

    /// The time of an attempt that begins now.
    pub(super) fn span(&self) -> Span {
        Span::new(self.seam.clock.now(), self.timeout)
    }

    /// Connects to `address` while `span` lasts; a node that does not answer is unprocessed.
    ///
    /// `overdue` learns of it when the usual time is over and the attempt goes on for those who wait longer.
    pub(super) async fn dial(
        &self,
        address: &str,
        span: &Span,
        overdue: impl FnOnce(&Error),
    ) -> Result<Arc<dyn Connection>> {
        let clock = self.seam.clock;
        let mut dialing = self.transport.dial(address);
        let (usual, at) = span.usual();
        if let Some(dialed) = clock.until(at, &mut dialing).await {
            return dialed;
        }
        let late = unanswered(address, usual);
        let (within, end) = span.fix();
        if end <= at {
            return Err(late);
        }
        overdue(&late);
        let dialed = clock.until(end, dialing).await;
        dialed.unwrap_or_else(|| Err(unanswered(address, within)))
    }

    /// Tells that an attempt has ended.
    pub(super) fn tell(&self) {
        self.news.send_replace(());
    }

    /// Hears, from now on, of attempts that end.
    pub(super) fn news(&self) -> watch::Receiver<()> {
        self.news.subscribe()
    }
}

/// The error of a node that did not answer in time.
pub(in crate::client) fn unanswered(address: &str, within: Duration) -> Error {
    Error::unavailable(format!("{address} did not answer within {within:?}")).unprocessed()
}
