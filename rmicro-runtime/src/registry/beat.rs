//! A registration that is kept: what is registered, and how it is renewed until it is withdrawn.
//!
//! Invariant: while [`Beat::renew`] is polled the node is registered again before it lapses, whatever the registry does in
//! between; an outage is told once, and its end once. Deliberately absent: a task and the log, which are for whoever has something registered.

use std::sync::Arc;
use std::time::Duration;

use super::{Registry, ServiceInfo};
use crate::call::unpanicked;
use crate::error::{Error, Result};
use crate::seam::Seam;

/// How often the first registration is tried, as in go-micro (`server/rpc_server.go`).
const FIRST_TRIES: u32 = 3;
/// What is waited before the second try; each further wait is twice as long.
const FIRST_WAIT: Duration = Duration::from_millis(100);
/// What is waited after a renewal that failed; each further wait is twice as long, up to the
/// interval.
const OUTAGE_WAIT: Duration = Duration::from_secs(1);
/// How long a registry may take to withdraw a node; what it still holds then lapses by itself.
const WITHDRAW_LIMIT: Duration = Duration::from_secs(5);

/// What is registered where, and how often.
#[derive(Clone, Debug)]
pub(crate) struct Beat {
    /// Where the nodes are announced.
    pub(crate) registry: Arc<dyn Registry>,
    /// The service with the nodes of this process.
    pub(crate) service: Arc<ServiceInfo>,
    /// How long a registration holds.
    pub(crate) ttl: Duration,
    /// How often it is renewed; shorter than `ttl`.
    pub(crate) interval: Duration,
    /// The clock, and the chance that spreads the renewals of a fleet after an outage.
    pub(crate) seam: Seam,
}

/// What a registration goes through, for the log.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Pulse<'a> {
    /// The first registration failed and is tried again.
    Retried(&'a Error),
    /// A renewal failed, and is tried again until it succeeds.
    Lost(&'a Error),
    /// A renewal has succeeded again.
    Back,
}

impl Beat {
    /// Registers; a registry that refuses three times is an error.
    pub(crate) async fn register_first(&self, tell: impl Fn(Pulse<'_>)) -> Result<()> {
        let mut wait = FIRST_WAIT;
        for _ in 1..FIRST_TRIES {
            match self.register().await {
                Ok(()) => return Ok(()),
                Err(error) => tell(Pulse::Retried(&error)),
            }
            self.seam.clock.sleep(wait).await;
            wait *= 2;
        }
        let name = self.registry.name();
        self.register()
            .await
            .map_err(|error| error.at(format_args!("registry {name} did not take the node")))
    }

    /// Renews until it is dropped.
    pub(crate) async fn renew(&self, tell: impl Fn(Pulse<'_>)) {
        let mut outage = None;
        loop {
            self.seam
                .clock
                .sleep(outage.map_or(self.interval, |wait| self.jitter(wait)))
                .await;
            match (self.register().await, outage) {
                (Ok(()), None) => {}
                (Ok(()), Some(_)) => {
                    tell(Pulse::Back);
                    outage = None;
                }
                (Err(error), None) => {
                    tell(Pulse::Lost(&error));
                    outage = Some(OUTAGE_WAIT.min(self.interval));
                }
                (Err(_), Some(wait)) => outage = Some((wait * 2).min(self.interval)),
            }
        }
    }

    /// Withdraws the node, for which the registry has five seconds. No renewal may be on its way.
    pub(crate) async fn withdraw(&self) -> Result<()> {
        let Self {
            registry,
            service,
            seam,
            ..
        } = self;
        let limit = seam.clock.now().after(WITHDRAW_LIMIT);
        let withdrawn = seam.clock.until(limit, registry.deregister(service)).await;
        withdrawn.unwrap_or_else(|| {
            let name = registry.name();
            Err(Error::deadline_exceeded(format!(
                "registry {name} did not withdraw the node within {WITHDRAW_LIMIT:?}"
            )))
        })
    }

    /// Registers once; a registry that panics has failed, and so has one that leaves no time for
    /// another try before the node lapses.
    async fn register(&self) -> Result<()> {
        let clock = self.seam.clock;
        let within = self.ttl.saturating_sub(self.interval) / 2;
        let limit = clock.now().after(within);
        let registering = unpanicked(self.registry.register(&self.service, self.ttl));
        let Some(registered) = clock.until(limit, registering).await else {
            return Err(Error::deadline_exceeded(format!(
                "no answer within {within:?}"
            )));
        };
        registered.unwrap_or_else(|| Err(Error::internal("the registry panicked")))
    }

    /// Something from half of `wait` to all of it.
    fn jitter(&self, wait: Duration) -> Duration {
        const STEPS: u32 = 1000;
        let step = u32::try_from(self.seam.chance.below(STEPS as usize)).unwrap_or(STEPS);
        wait / 2 + wait / 2 * step / STEPS
    }

    /// The nodes, for the log.
    pub(crate) fn node_ids(&self) -> String {
        let ids: Vec<_> = self.service.nodes.iter().map(|node| &*node.id).collect();
        ids.join(", ")
    }
}
