//! What a service says about itself in the registry (go-micro `server/grpc/grpc.go`, `Register`).

use std::collections::BTreeMap;
use std::net::{IpAddr, SocketAddr};

use crate::seam::Net;

/// The metadata of a node: what the user said, and what go-micro's clients look at, which is
/// stronger.
pub(super) fn metadata(
    user: &BTreeMap<String, String>,
    transport: &str,
    registry: &str,
) -> BTreeMap<String, String> {
    let mut metadata = user.clone();
    for key in ["protocol", "server", "transport"] {
        metadata.insert(key.into(), transport.into());
    }
    metadata.insert("registry".into(), registry.into());
    metadata
}

/// Any port of the machine's own address under which a service is `announced`, for a listener beside it; `None` where that is a
/// name, or an address of somewhere else that leads here.
pub(super) fn near(announced: &str, net: &Net) -> Option<String> {
    let announced: SocketAddr = announced.parse().ok()?;
    // Packets to an own address leave from it.
    let source: IpAddr = net.source_toward(announced).ok()?;
    (source == announced.ip()).then(|| SocketAddr::new(source, 0).to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn beside_a_service_is_where_it_is_announced_if_that_is_here() {
        let near = |announced| near(announced, &Net::default());
        assert_eq!(near("127.0.0.1:8080").as_deref(), Some("127.0.0.1:0"));
        assert_eq!(near("192.0.2.1:8080"), None);
        assert_eq!(near("example.com:8080"), None);
    }
}
