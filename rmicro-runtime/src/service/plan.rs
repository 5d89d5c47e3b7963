//! What a service will do when it starts: its settings with the defaults filled in and the URLs
//! resolved.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use super::hooks::Hooks;
use super::settings::Settings;
use super::{node, schemes};
use crate::client::Client;
use crate::error::{Error, Result};
use crate::registry::{Cached, Node, Registry, ServiceInfo};
use crate::seam::Seam;
use crate::server::{Beat, Server};
use crate::transport::Transport;

/// Where nobody said how long the drain may take.
const DRAIN_LIMIT: Duration = Duration::from_secs(10);
/// Where nobody said where to listen: every interface, any port.
const ADDRESS: &str = ":0";

/// A service, ready to start.
#[derive(Debug)]
pub(super) struct Plan {
    pub(super) name: String,
    version: String,
    node_id: String,
    pub(super) address: String,
    advertise: Option<String>,
    metadata: BTreeMap<String, String>,
    pub(super) registry: Arc<dyn Registry>,
    pub(super) transport: Arc<dyn Transport>,
    ttl: Duration,
    interval: Duration,
    pub(super) propagation: Duration,
    pub(super) drain_limit: Duration,
    pub(super) seam: Seam,
    pub(super) hooks: Hooks,
}

impl Plan {
    /// The plan that `settings` ask for, and the client that goes with it.
    pub(super) fn new(mut settings: Settings) -> Result<(Self, Client)> {
        if settings.name.is_empty() {
            return Err(Error::invalid_argument("a service needs a name"));
        }
        if let Some(warning) = settings.join_registry_address() {
            tracing::warn!("{warning}");
        }
        let (ttl, interval) = settings.renewal()?;
        let version = settings.version().to_owned();
        let seam = settings.seam;
        let by = settings.given_by;
        let registry = named(&by, "registry", schemes::registry(settings.registry, &seam))?;
        let transport = named(
            &by,
            "transport",
            schemes::transport(settings.transport, settings.max_message_size, &seam),
        )?;
        let selector = named(&by, "selector", schemes::selector(settings.selector, &seam))?;
        let cached = Arc::new(Cached::new(registry.clone(), seam.clone()));
        let over = transport.clone();
        let client = Client::new(seam.clone(), cached, selector, over, settings.client);
        let id = settings.id.unwrap_or_else(|| seam.chance.uuid());
        let propagation = settings.propagation;
        let plan = Self {
            node_id: format!("{}-{id}", settings.name),
            name: settings.name,
            version,
            address: settings.address.unwrap_or_else(|| ADDRESS.into()),
            advertise: settings.advertise,
            metadata: settings.metadata,
            ttl,
            interval,
            propagation: propagation.unwrap_or_else(|| registry.propagation()),
            drain_limit: settings.drain_limit.unwrap_or(DRAIN_LIMIT),
            registry,
            transport,
            seam,
            hooks: settings.hooks,
        };
        Ok((plan, client))
    }

    /// What is registered for a listener at `listening` that serves `server`, and how often.
    pub(super) fn beat(&self, listening: &str, server: &Server) -> Beat {
        let mut service = ServiceInfo::new(&*self.name, &*self.version).node(self.node(listening));
        service.endpoints = server.endpoints();
        Beat {
            registry: self.registry.clone(),
            service: Arc::new(service),
            ttl: self.ttl,
            interval: self.interval,
            seam: self.seam.clone(),
        }
    }

    pub(super) fn node_id(&self) -> &str {
        &self.node_id
    }

    fn node(&self, listening: &str) -> Node {
        let (registry, net) = (&*self.registry, &self.seam.net);
        let address = node::address(listening, self.advertise.as_deref(), registry, net);
        let mut node = Node::new(&*self.node_id, address);
        node.metadata = node::metadata(&self.metadata, self.transport.name(), registry.name());
        node
    }
}

/// What was `made` of a choice; what cannot be chosen names the flag or variable that chose it.
fn named<T>(by: &BTreeMap<&str, String>, flag: &str, made: Result<T>) -> Result<T> {
    made.map_err(|error| match by.get(flag) {
        Some(spelled) => error.at(spelled),
        None => error,
    })
}
