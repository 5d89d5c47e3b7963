//! Multicast DNS in go-micro's wire format: our own responder and querier (go-micro
//! `registry/mdns_registry.go`, `internal/util/mdns`).
//!
//! Invariant: what is sent can be read by go-micro v2 to v6, and what they send is understood.
//! Deliberately absent: IPv6 multicast (nodes may have IPv6 addresses), probes, and names below
//! `_tcp.local`, which go-micro does not use either.

mod config;
#[cfg(fuzzing)]
pub mod fuzzed;
mod hub;
mod interfaces;
mod json;
mod links;
mod name;
mod querier;
mod records;
mod responder;
mod sightings;
mod txt;
mod watching;
mod wire;

use std::collections::BTreeSet;
use std::net::{IpAddr, Ipv4Addr, SocketAddrV4};
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;

pub use config::MdnsConfig;

use self::hub::Hub;
use self::responder::SERVICES;
use super::roster::Roster;
use super::{Registry, ServiceInfo, Watch};
use crate::error::{Error, Result};
use crate::seam::Seam;

/// Where everybody listens (RFC 6762, section 3).
const GROUP: SocketAddrV4 = SocketAddrV4::new(Ipv4Addr::new(224, 0, 0, 251), 5353);
/// No datagram is longer.
const LARGEST_DATAGRAM: usize = 65_536;

/// Finds services without a server: nodes announce themselves to the local network, and answer when
/// somebody asks for their service.
///
/// A clone is the same registry. It is cheap to make: a lookup opens sockets of its own for as long
/// as it takes, the first [`register`](Registry::register) or [`watch`](Registry::watch) opens those
/// on port 5353 and starts their tasks, and all of them end when the last clone is dropped. Nodes
/// that are registered by then are not taken leave of: they lapse, as if the process had died.
///
/// **Lookups.** Every node answers at once and nobody knows how many there are. A lookup therefore
/// ends when it has an answer and nothing more came for a quarter of
/// [`MdnsConfig::lookup`] (25 ms), and with the whole window (100 ms) when nobody answers; go-micro
/// always waits for the whole. Nodes that a watch of the same service knows of are in the result as
/// well.
///
/// **Watches.** A watch listens and asks nobody, but for one lookup when the first watch of a
/// service begins, so that it can tell when those that were there go. They themselves are told at
/// their next announcement, once. A node that announces itself again unchanged is not told.
///
/// **Lifetime.** A node is announced for its `ttl` in whole seconds, rounded up, and once more with
/// each renewal. Others forget it when the `ttl` has passed; this registry takes leave of it by
/// itself at that moment. A `ttl` of zero sets no limit. go-micro's nodes announce 120 s and never
/// renew, so a watch asks for them again in time.
///
/// **Limits.** A node needs an IP address and a port. Each part between dots of its id and its
/// service's name has at most 63 bytes, all together at most 253. What is said about the service as
/// a whole (`ServiceInfo::metadata`) is not announced: go-micro has no place for it.
///
/// ```no_run
/// use std::time::Duration;
/// use rmicro_runtime::registry::{Mdns, Node, Registry, ServiceInfo};
/// use rmicro_runtime::seam::Seam;
///
/// # async fn example() -> rmicro_runtime::Result<()> {
/// let registry = Mdns::from_url("mdns://micro?interface=lo", Seam::default())?;
/// let node = Node::new("greeter-1", "127.0.0.1:8080");
/// let greeter = ServiceInfo::new("greeter", "latest").node(node);
/// registry.register(&greeter, Duration::from_secs(60)).await?;
/// assert_eq!(registry.get_service("greeter").await?, [greeter]);
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct Mdns(Arc<Hub>);

impl Mdns {
    /// A registry with these settings; opens nothing yet.
    pub fn new(config: MdnsConfig, seam: Seam) -> Self {
        Self(Arc::new(Hub::new(config, seam)))
    }

    /// The registry that `url` names, as [`MdnsConfig::from_url`] reads it.
    ///
    /// # Errors
    ///
    /// [`InvalidArgument`](crate::Code::InvalidArgument) when the URL is not understood, and
    /// [`Unavailable`](crate::Code::Unavailable) when the interface that it names is not there; the
    /// message lists what is known.
    pub fn from_url(url: &str, seam: Seam) -> Result<Self> {
        let config = MdnsConfig::from_url(url)?;
        if let Some(name) = &config.interface {
            interfaces::choose(&seam.net, Some(name))?;
        }
        Ok(Self::new(config, seam))
    }
}

#[async_trait]
impl Registry for Mdns {
    fn name(&self) -> &'static str {
        "mdns"
    }

    async fn register(&self, service: &ServiceInfo, ttl: Duration) -> Result<()> {
        self.0.register(service, ttl).await
    }

    async fn deregister(&self, service: &ServiceInfo) -> Result<()> {
        self.0.deregister(service).await
    }

    async fn get_service(&self, name: &str) -> Result<Vec<ServiceInfo>> {
        let answers = self.0.ask(name).await?;
        let domain = self.0.config().domain.as_str();
        let mut roster = Roster::of(&self.0.seen(name));
        for node in answers.iter().filter_map(|one| one.node(name, domain)) {
            roster.put(&node);
        }
        if roster.is_empty() {
            return Err(Error::not_found(format!(
                "no node for {name:?} in registry mdns (domain {domain:?})"
            )));
        }
        Ok(roster.versions().cloned().collect())
    }

    async fn list_services(&self) -> Result<Vec<ServiceInfo>> {
        let suffix = format!(".{SERVICES}.{}", self.0.config().domain);
        let answers = self.0.ask(SERVICES).await?;
        let names = answers
            .iter()
            .filter_map(|one| one.instance.strip_suffix(&suffix));
        let names: BTreeSet<_> = names.collect();
        let bare = |name| ServiceInfo::new(name, "");
        Ok(names.into_iter().map(bare).collect())
    }

    async fn watch(&self, name: &str) -> Result<Watch> {
        self.0.watch(name).await
    }

    /// 250 ms, in which the goodbye is sent twice and read by everybody.
    fn propagation(&self) -> Duration {
        Duration::from_millis(250)
    }

    /// The multicast group; 127.0.0.1 when only loopback is used.
    fn toward(&self) -> Option<IpAddr> {
        let is_local = self.0.is_local()?;
        let group = if is_local {
            Ipv4Addr::LOCALHOST
        } else {
            *GROUP.ip()
        };
        Some(group.into())
    }
}

#[cfg(test)]
mod tests;
