//! A service that runs: how it starts and, in which order, it ends.

use std::time::Duration;

use tokio::sync::OwnedMutexGuard;

use super::Service;
use super::events::Connected;
use super::hooks::Hooks;
use crate::error::Result;
use crate::events::Subscribed;
use crate::seam::Clock;
use crate::server::Heartbeat;
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
    broker: Connected,
    transport: &'static str,
    propagation: Duration,
    drain_limit: Duration,
    clock: Clock,
    hooks: Hooks,
    _turn: OwnedMutexGuard<()>,
}

impl Running {
    pub(super) async fn start(service: &Service, turn: OwnedMutexGuard<()>) -> Result<Self> {
        let Service {
            plan,
            server,
            standard,
            events,
            ..
        } = service;
        tracing::info!("Starting [service] {}", plan.name);
        let transport = plan.transport.name();
        server.set_name(&plan.name);
        let listener = plan
            .transport
            .listen(&plan.address, standard.start(server)?)
            .await?;
        tracing::info!("Server [{transport}] Listening on {}", listener.address());
        let broker = events.start(plan, server).await?;
        let beat = plan.beat(listener.address(), server, events.use_it());
        let heartbeat = Heartbeat::start(beat).await?;
        // Told after it was done, so that whoever reads the line may call.
        let (registry, node_id) = (plan.registry.name(), plan.node_id());
        tracing::info!("Registry [{registry}] Registering node: {node_id}");
        Ok(Self {
            node_id: node_id.to_owned(),
            listener,
            standard: standard.clone(),
            heartbeat,
            broker,
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

    /// Says that nothing is healthy any more, withdraws the node, unsubscribes, waits until everybody has learned of it, stops
    /// accepting, and lets what is running end, calls and events, for the drain limit at most.
    ///
    /// A registry that does not withdraw the node within 5 s, and a stop hook that fails, are told in the log and do not stop the
    /// rest. An event whose handler is cut comes again elsewhere, where the broker can. Dropping the future cuts at once.
    pub async fn shutdown(mut self) -> Result<()> {
        self.standard.leave();
        self.hooks.before_stop.run_all("before_stop").await;
        tracing::info!("Deregistering node: {}", self.node_id);
        if let Err(error) = self.heartbeat.stop().await {
            tracing::warn!(
                "node {} was not withdrawn and will lapse: {error:?}",
                self.node_id
            );
        }
        let subscribed = self.broker.subscribed.take();
        subscribed.iter().for_each(Subscribed::leave);
        if !self.propagation.is_zero() {
            self.clock.sleep(self.propagation).await;
        }
        self.standard.end();
        tokio::join!(
            drain_calls(&*self.listener, self.transport, self.drain_limit),
            drain_events(subscribed, self.drain_limit)
        );
        self.broker.disconnect().await;
        self.hooks.after_stop.run_all("after_stop").await;
        Ok(())
    }
}

async fn drain_calls(listener: &dyn Listener, transport: &str, limit: Duration) {
    let cut = listener.drain(limit).await;
    if cut > 0 {
        tracing::warn!("Server [{transport}] cut {cut} connections that were busy after {limit:?}");
    }
}

async fn drain_events(subscribed: Option<Subscribed>, limit: Duration) {
    let Some(subscribed) = subscribed else {
        return;
    };
    let cut = subscribed.drain(limit).await;
    if cut > 0 {
        tracing::warn!("{cut} handlers of events were cut that were busy after {limit:?}");
    }
}
