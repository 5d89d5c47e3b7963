//! What a service will do when it starts: its settings with the defaults filled in and the URLs
//! resolved.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use super::absent::Absent;
use super::chosen::{Choice, Chosen};
use super::hooks::Hooks;
use super::settings::Settings;
use super::{node, schemes};
use crate::broker::Broker;
use crate::client::Client;
use crate::error::{Error, Result};
use crate::events::Publisher;
use crate::registry::{Beat, Cached, Node, Registry, ServiceInfo, announced};
use crate::seam::Seam;
use crate::server::Server;
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
    /// The broker's name, for the node's metadata.
    broker: &'static str,
    /// Whether the broker was made for this service alone.
    pub(super) own_broker: bool,
    ttl: Duration,
    interval: Duration,
    pub(super) propagation: Duration,
    pub(super) drain_limit: Duration,
    pub(super) seam: Seam,
    pub(super) hooks: Hooks,
}

impl Plan {
    /// The plan that `settings` ask for, and the client and the publisher that go with it.
    pub(super) fn new(mut settings: Settings) -> Result<(Self, Client, Publisher)> {
        let (ttl, interval) = checked(&mut settings)?;
        let version = settings.version().to_owned();
        let chosen = schemes::registry(settings.registry.take(), &settings.seam);
        let registry = named(&settings.given_by, "registry", chosen)?;
        let (publisher, own_broker) = publisher(&mut settings, &registry)?;
        let seam = settings.seam;
        let by = settings.given_by;
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
            broker: publisher.broker().name(),
            own_broker,
            seam,
            hooks: settings.hooks,
        };
        Ok((plan, client, publisher))
    }

    /// What is registered for a listener at `listening` that serves `server`, and how often; the broker is named where it is
    /// used.
    pub(super) fn beat(&self, listening: &str, server: &Server, uses_broker: bool) -> Beat {
        let node = self.node(listening, uses_broker);
        let mut service = ServiceInfo::new(&*self.name, &*self.version).node(node);
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

    fn node(&self, listening: &str, uses_broker: bool) -> Node {
        let (registry, net) = (&*self.registry, &self.seam.net);
        let address = announced(listening, self.advertise.as_deref(), registry, net);
        let mut node = Node::new(&*self.node_id, address);
        node.metadata = node::metadata(&self.metadata, self.transport.name(), registry.name());
        if uses_broker {
            node.metadata.insert("broker".into(), self.broker.into());
        }
        node
    }
}

/// Whether `settings` can be met as far as that shows by themselves; gives how long a registration holds and how often it is
/// renewed.
fn checked(settings: &mut Settings) -> Result<(Duration, Duration)> {
    if settings.name.is_empty() {
        return Err(Error::invalid_argument("a service needs a name"));
    }
    for warning in settings.join_addresses() {
        tracing::warn!("{warning}");
    }
    settings.renewal()
}

/// What publishes with the broker that `settings` ask for, and whether that is made for this alone.
fn publisher(settings: &mut Settings, registry: &Arc<dyn Registry>) -> Result<(Publisher, bool)> {
    let chosen = settings.broker.take();
    let own = !matches!(chosen, Some(Chosen(Choice::Value(_))));
    let near = || {
        let listening = settings.address.as_deref().unwrap_or(ADDRESS);
        let (advertise, net) = (settings.advertise.as_deref(), &settings.seam.net);
        node::near(&announced(listening, advertise, &**registry, net))
    };
    let made = schemes::broker(chosen, registry, near, &settings.seam);
    let broker = broker(&settings.given_by, made)?;
    let client = &settings.client;
    let (around, within) = (client.interceptors.clone(), client.request_timeout);
    let publisher = Publisher::new(broker, around, within, settings.seam.clone());
    Ok((publisher, own))
}

/// The broker that was `made` of a choice; one that only the fleet's environment asks for may be absent until it is used.
fn broker(by: &BTreeMap<&str, String>, made: Result<Arc<dyn Broker>>) -> Result<Arc<dyn Broker>> {
    let of_fleet = by
        .get("broker")
        .is_some_and(|spelled| spelled.starts_with("MICRO_"));
    match named(by, "broker", made) {
        Err(error) if of_fleet => {
            let why = error.message().to_owned();
            tracing::warn!("{why}: publishing and subscribing will fail");
            Ok(Arc::new(Absent { why }))
        }
        made => made,
    }
}

/// What was `made` of a choice; what cannot be chosen names the flag or variable that chose it.
fn named<T>(by: &BTreeMap<&str, String>, flag: &str, made: Result<T>) -> Result<T> {
    made.map_err(|error| match by.get(flag) {
        Some(spelled) => error.at(spelled),
        None => error,
    })
}
