//! Where services announce themselves and find each other.
//!
//! Invariant: a registry never calls a node; liveness is the caller's heartbeat ([`Registry::register`] again before `ttl` ends),
//! so a dead node lapses by itself.

mod announced;
mod beat;
mod cached;
mod info;
#[cfg(feature = "mdns")]
mod mdns;
mod memory;
mod roster;

use std::fmt;
use std::future::poll_fn;
use std::net::IpAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use futures_core::Stream;

pub(crate) use announced::announced;
pub(crate) use beat::{Beat, Pulse};
pub use cached::Cached;
pub use info::{Action, Change, EndpointInfo, Node, ServiceInfo, ValueInfo};
#[cfg(all(fuzzing, feature = "mdns"))]
#[doc(hidden)]
pub use mdns::fuzzed;
#[cfg(feature = "mdns")]
pub use mdns::{Mdns, MdnsConfig};
pub use memory::Memory;
#[cfg(feature = "http")]
pub(crate) use roster::Roster;

use crate::error::{Error, Result};

/// Changes of a service as they come; it ends only with the registry.
pub type Watch = Pin<Box<dyn Stream<Item = Result<Change>> + Send>>;

/// Knows which nodes serve which service.
#[async_trait]
pub trait Registry: fmt::Debug + Send + Sync + 'static {
    /// The name in log lines and errors, for example `mdns`.
    fn name(&self) -> &'static str;

    /// Announces the nodes of `service` for `ttl`; announcing again renews them, and replaces what was said before.
    async fn register(&self, service: &ServiceInfo, ttl: Duration) -> Result<()>;

    /// Withdraws the nodes of `service`; unknown nodes are not an error.
    async fn deregister(&self, service: &ServiceInfo) -> Result<()>;

    /// Every live version of `name`, sorted by version, each with at least one node and its nodes sorted by id;
    /// [`Code::NotFound`](crate::Code::NotFound) when there is none.
    async fn get_service(&self, name: &str) -> Result<Vec<ServiceInfo>>;

    /// The names of every live service, sorted, each once, as services without nodes.
    async fn list_services(&self) -> Result<Vec<ServiceInfo>>;

    /// Changes of `name` from now on: [`Action::Create`] or [`Action::Update`] with the nodes that are new or renewed,
    /// [`Action::Delete`] with the nodes that left or lapsed. A node that is only renewed need not be told.
    ///
    /// An `Err` among the changes says that some may have been missed: use [`get_service`](Self::get_service) again.
    async fn watch(&self, name: &str) -> Result<Watch>;

    /// Waits until others may be known under `name` than `seen`, which was told last, `None` where there was no node.
    ///
    /// It may end early, and where nothing is [`known`](Self::known) it tells only of what changes from now on: whoever waits
    /// looks again, and now and then without being told. An error says that nothing can be told. Cancel safe.
    async fn changed(&self, name: &str, _seen: Option<&Arc<[ServiceInfo]>>) -> Result<()> {
        let mut watch = self.watch(name).await?;
        match poll_fn(|cx| watch.as_mut().poll_next(cx)).await {
            Some(change) => change.map(drop),
            None => Err(Error::unavailable(format!(
                "registry {} has ended",
                self.name()
            ))),
        }
    }

    /// What is known of `name` without asking anybody; `None` says to use [`get_service`](Self::get_service).
    ///
    /// The same knowledge is the same [`Arc`], so a caller can tell by its pointer whether anything changed.
    fn known(&self, _name: &str) -> Option<Arc<[ServiceInfo]>> {
        None
    }

    /// How long it takes until everybody has learned of a [`deregister`](Self::deregister).
    fn propagation(&self) -> Duration {
        Duration::ZERO
    }

    /// An address in the direction of those who look here, so that a service can choose which of its own to announce; `None`
    /// where there is no direction.
    fn toward(&self) -> Option<IpAddr> {
        None
    }
}
