//! Dials, and tells those who wait for any node at all.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;

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

    /// Connects to `address`, for `limit` if that is longer than usual; a node that does not answer is unprocessed.
    pub(super) async fn dial(
        &self,
        address: &str,
        limit: Option<Duration>,
    ) -> Result<Arc<dyn Connection>> {
        let within = self.timeout.max(limit.unwrap_or_default());
        let clock = self.seam.clock;
        let dialed = clock.until(clock.now().after(within), self.transport.dial(address));
        dialed
            .await
            .unwrap_or_else(|| Err(unanswered(address, within)))
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
pub(super) fn unanswered(address: &str, within: Duration) -> Error {
    Error::unavailable(format!("{address} did not answer within {within:?}")).unprocessed()
}
