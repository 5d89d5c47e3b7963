//! What a service says about itself in the registry (go-micro `server/grpc/grpc.go`, `Register`).

use std::collections::BTreeMap;
use std::net::SocketAddr;

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

/// Any port at the address under which a service is `announced`, for a listener beside it; `None` where that is a name.
pub(super) fn near(announced: &str) -> Option<String> {
    let announced: SocketAddr = announced.parse().ok()?;
    Some(SocketAddr::new(announced.ip(), 0).to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn beside_a_service_is_where_it_is_announced() {
        assert_eq!(near("127.0.0.1:8080").as_deref(), Some("127.0.0.1:0"));
        assert_eq!(near("[::1]:8080").as_deref(), Some("[::1]:0"));
        assert_eq!(near("example.com:8080"), None);
    }
}
