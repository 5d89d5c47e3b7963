//! The records of one node, and the node that they tell of (go-micro `registry/mdns_registry.go`).

use std::net::SocketAddr;
use std::time::Duration;

use super::txt::{self, Said};
use crate::error::{Error, Result};
use crate::registry::{Node, ServiceInfo};

/// The TTL of a node that was registered without one: go-micro's for every node.
const GO_TTL: u32 = 120;

/// What travels together about one node: SRV, A or AAAA, and TXT.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Records {
    /// `<node id>.<service>.<domain>`.
    pub(super) instance: String,
    /// Where the node listens.
    pub(super) address: SocketAddr,
    /// For how many seconds this holds; 0 says that the node has left.
    pub(super) ttl: u32,
    /// The strings of the TXT record in one piece.
    pub(super) text: String,
}

impl Records {
    /// The records that announce `node` of `service`.
    ///
    /// # Errors
    ///
    /// [`InvalidArgument`](crate::Code::InvalidArgument) when the address is not an IP address with
    /// a port, and the errors of [`txt::encode`].
    pub(super) fn of(
        service: &ServiceInfo,
        node: &Node,
        domain: &str,
        ttl: Duration,
    ) -> Result<Self> {
        let address = node.address.parse().ok();
        let address = address.filter(|address: &SocketAddr| address.port() != 0);
        let text = txt::encode(&Said {
            service: service.name.clone(),
            version: service.version.clone(),
            metadata: node.metadata.clone(),
            endpoints: service.endpoints.clone(),
        })?;
        Ok(Self {
            instance: format!("{}.{}.{domain}", node.id, service.name),
            address: address.ok_or_else(|| unfit_address(node))?,
            ttl: seconds(ttl),
            text,
        })
    }

    /// The node that these records tell of, alone in its service; `None` when they tell of something
    /// other than a node of `service`.
    pub(super) fn node(&self, service: &str, domain: &str) -> Option<ServiceInfo> {
        let id = self.instance.strip_suffix(domain)?.strip_suffix('.')?;
        let id = id.strip_suffix(service)?.strip_suffix('.')?;
        let Some(said) = txt::decode(&self.text) else {
            tracing::debug!(
                instance = self.instance,
                "mdns: the TXT record is not readable"
            );
            return None;
        };
        if said.service != service || id.is_empty() {
            return None;
        }
        let mut node = Node::new(id, self.address.to_string());
        node.metadata = said.metadata;
        let mut info = ServiceInfo::new(service, said.version).node(node);
        info.endpoints = said.endpoints;
        Some(info)
    }

    /// The same node, leaving.
    pub(super) fn goodbye(&self) -> Self {
        Self {
            ttl: 0,
            ..self.clone()
        }
    }
}

/// A part of a second counts as a whole one, as zero would say that the node has left.
fn seconds(ttl: Duration) -> u32 {
    if ttl.is_zero() {
        return GO_TTL;
    }
    let whole = ttl
        .as_secs()
        .saturating_add(u64::from(ttl.subsec_nanos() > 0));
    // RFC 2181, section 8: the first bit is never set.
    u32::try_from(whole).unwrap_or(u32::MAX).min(u32::MAX >> 1)
}

fn unfit_address(node: &Node) -> Error {
    Error::invalid_argument(format!(
        "mdns cannot announce the address {:?} of node {:?}: it takes an IP address and a port",
        node.address, node.id
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn records(address: &str, ttl: Duration) -> Result<Records> {
        let node = Node::new("g.x-1", address).metadata("protocol", "grpc");
        Records::of(&ServiceInfo::new("g.x", "latest"), &node, "micro", ttl)
    }

    #[test]
    fn a_node_comes_back_from_its_records() {
        for address in ["192.168.1.10:8080", "[fd00::1]:80"] {
            let records = records(address, Duration::from_secs(60)).unwrap();
            assert_eq!(records.instance, "g.x-1.g.x.micro");
            let node = Node::new("g.x-1", address).metadata("protocol", "grpc");
            let expected = ServiceInfo::new("g.x", "latest").node(node);
            assert_eq!(records.node("g.x", "micro").unwrap(), expected);
        }
    }

    #[test]
    fn records_of_another_service_or_domain_are_no_node() {
        let records = records("127.0.0.1:1", Duration::from_secs(60)).unwrap();
        for (service, domain) in [
            ("x", "micro"),
            ("g", "micro"),
            ("g.x", "local"),
            ("", "micro"),
        ] {
            assert_eq!(
                records.node(service, domain),
                None,
                "{service:?} {domain:?}"
            );
        }
    }

    #[test]
    fn a_ttl_is_rounded_up_to_seconds_and_never_zero() {
        let ttl = |ms| {
            records("127.0.0.1:1", Duration::from_millis(ms))
                .unwrap()
                .ttl
        };
        assert_eq!([ttl(1), ttl(1000), ttl(1001), ttl(0)], [1, 1, 2, GO_TTL]);
        assert_eq!(seconds(Duration::MAX), i32::MAX.unsigned_abs());
    }

    #[test]
    fn a_host_name_or_no_port_is_refused() {
        for address in ["localhost:80", "127.0.0.1", "127.0.0.1:0", ":80", ""] {
            let error = records(address, Duration::from_secs(1)).unwrap_err();
            assert!(error.message().contains("IP address and a port"), "{error}");
        }
    }
}
