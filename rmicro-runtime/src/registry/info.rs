//! What a registry knows about a service (go-micro `registry/registry.go`).

use std::collections::BTreeMap;

/// One version of a service, with its nodes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct ServiceInfo {
    /// The name that clients ask for.
    pub name: String,
    /// The version, `latest` by default.
    pub version: String,
    /// What is said about the whole service.
    pub metadata: BTreeMap<String, String>,
    /// What it serves.
    pub endpoints: Vec<EndpointInfo>,
    /// Where it serves.
    pub nodes: Vec<Node>,
}

impl ServiceInfo {
    /// A service without nodes and endpoints.
    pub fn new(name: impl Into<String>, version: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            version: version.into(),
            ..Self::default()
        }
    }

    /// Adds a node.
    #[must_use]
    pub fn node(mut self, node: Node) -> Self {
        self.nodes.push(node);
        self
    }

    /// Adds an endpoint.
    #[must_use]
    pub fn endpoint(mut self, endpoint: EndpointInfo) -> Self {
        self.endpoints.push(endpoint);
        self
    }
}

/// One process that serves.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Node {
    /// The id, by convention `<service>-<uuid>`.
    pub id: String,
    /// Where it listens, as `host:port`.
    pub address: String,
    /// What is said about it; `protocol` tells what it speaks.
    pub metadata: BTreeMap<String, String>,
}

impl Node {
    /// A node without metadata.
    pub fn new(id: impl Into<String>, address: impl Into<String>) -> Self {
        Self {
            id: id.into(),
            address: address.into(),
            metadata: BTreeMap::new(),
        }
    }

    /// Sets a value of the metadata.
    #[must_use]
    pub fn metadata(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.metadata.insert(name.into(), value.into());
        self
    }
}

/// One method of a service.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct EndpointInfo {
    /// The name, for example `Greeter.Hello`.
    pub name: String,
    /// What it takes; `None` where that is not told.
    pub request: Option<ValueInfo>,
    /// What it gives; `None` where that is not told.
    pub response: Option<ValueInfo>,
    /// What is said about it, for example `stream` = `true`.
    pub metadata: BTreeMap<String, String>,
}

/// The shape of a message or of one field of it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct ValueInfo {
    /// The name of the message or field.
    pub name: String,
    /// The name of its type, in Go's spelling.
    pub type_name: String,
    /// The fields of a message.
    pub values: Vec<ValueInfo>,
}

/// What happened to the nodes of a service.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[non_exhaustive]
pub enum Action {
    /// They are new.
    Create,
    /// What is said about them has changed, or they were renewed.
    Update,
    /// They left or lapsed.
    Delete,
}

/// A change of a service.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Change {
    /// What happened.
    pub action: Action,
    /// The service with the nodes that it happened to.
    pub service: ServiceInfo,
}

impl Change {
    /// `action` happened to the nodes of `service`.
    pub fn new(action: Action, service: ServiceInfo) -> Self {
        Self { action, service }
    }
}
