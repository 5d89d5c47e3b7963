//! A service that runs: how it starts and, in which order, it ends.

use std::time::Duration;

use tokio::sync::OwnedMutexGuard;

use super::hooks::Hooks;
use super::plan::Plan;
use crate::error::Result;
use crate::seam::Clock;
use crate::server::{Heartbeat, Server};
use crate::standard::Standard;
use crate::transport::Listener;

/// A service that serves and is registered.
///
/// Dropping it cuts every connection and ends the renewals, so that the node lapses;
/// [`shutdown`](Self::shutdown) loses no call.
#[derive(Debug)]
#[must_use = "a service ends when this is dropped"]
pub struct Running {
    node_id: String,
    listener: Box<dyn Listener>,
    standard: Standard,
    heartbeat: Heartbeat,
    transport: &'static str,
    propagation: Duration,
    drain_limit: Duration,
    clock: Clock,
    hooks: Hooks,
    _turn: OwnedMutexGuard<()>,
}

impl Running {
    pub(super) async fn start(
        plan: &Plan,
        server: &Server,
        standard: &Standard,
        turn: OwnedMutexGuard<()>,
    ) -> Result<Self> {
        tracing::info!("Starting [service] {}", plan.name);
        let transport = plan.transport.name();
        server.set_name(&plan.name);
        let listener = plan
            .transport
            .listen(&plan.address, standard.start(server)?)
            .await?;
        tracing::info!("Server [{transport}] Listening on {}", listener.address());
        let heartbeat = Heartbeat::start(plan.beat(listener.address(), server)).await?;
        // Told after it was done, so that whoever reads the line may call.
        let (registry, node_id) = (plan.registry.name(), plan.node_id());
        tracing::info!("Registry [{registry}] Registering node: {node_id}");
        Ok(Self {
            node_id: node_id.to_owned(),
            listener,
            standard: standard.clone(),
            heartbeat,
            transport,
            propagation: plan.propagation,
            drain_limit: plan.drain_limit,
            clock: plan.seam.clock,
            hooks: plan.hooks.clone(),
            _turn: turn,
        })
    }

    /// The address that is listened on, with its real port.
    pub fn address(&self) -> &str {
        self.listener.address()
    }

    /// The id of the node in the registry, `<name>-<uuid>`.
    pub fn node_id(&self) -> &str {
        &self.node_id
    }

    /// Says that nothing is healthy any more, withdraws the node, waits until everybody has learned
    /// of it, stops accepting, and lets what is running end, for the drain limit at most.
    ///
    /// A registry that does not withdraw the node within 5 s, and a stop hook that fails, are told in
    /// the log and do not stop the rest. Dropping the future cuts at once.
    pub async fn shutdown(self) -> Result<()> {
        self.standard.leave();
        self.hooks.before_stop.run_all("before_stop").await;
        tracing::info!("Deregistering node: {}", self.node_id);
        if let Err(error) = self.heartbeat.stop().await {
            tracing::warn!(
                "node {} was not withdrawn and will lapse: {error:?}",
                self.node_id
            );
        }
        if !self.propagation.is_zero() {
            self.clock.sleep(self.propagation).await;
        }
        self.standard.end();
        let cut = self.listener.drain(self.drain_limit).await;
        if cut > 0 {
            let (transport, limit) = (self.transport, self.drain_limit);
            tracing::warn!(
                "Server [{transport}] cut {cut} connections that were busy after {limit:?}"
            );
        }
        self.hooks.after_stop.run_all("after_stop").await;
        Ok(())
    }
}
