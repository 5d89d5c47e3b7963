//! The nodes of one service as the registry last told them.

use std::sync::{Arc, Mutex, PoisonError};

use crate::error::{Code, Error, Result};
use crate::registry::{Node, Registry, ServiceInfo};

/// A service by its name, and its nodes in the form in which selectors want them.
#[derive(Debug)]
pub(super) struct Target {
    name: String,
    last: Mutex<Option<Snapshot>>,
}

#[derive(Debug)]
struct Snapshot {
    told: Arc<[ServiceInfo]>,
    nodes: Arc<[Arc<Node>]>,
}

/// The nodes to choose from, and those that have left since the last look.
pub(super) struct Resolved {
    pub(super) nodes: Arc<[Arc<Node>]>,
    pub(super) left: Vec<Arc<Node>>,
}

impl Target {
    pub(super) fn new(name: String) -> Self {
        Self {
            name,
            last: Mutex::default(),
        }
    }

    pub(super) fn name(&self) -> &str {
        &self.name
    }

    /// The nodes that speak `protocol`; nobody is asked while the registry knows.
    pub(super) async fn resolve(
        &self,
        registry: &dyn Registry,
        protocol: &str,
    ) -> Result<Resolved> {
        let told = match registry.known(&self.name) {
            Some(told) => told,
            None => registry
                .get_service(&self.name)
                .await
                .map_err(|error| self.not_found(registry, error))?
                .into(),
        };
        let resolved = self.look(told, protocol);
        if resolved.nodes.is_empty() {
            return Err(self.none_speaks(registry, protocol));
        }
        Ok(resolved)
    }

    fn look(&self, told: Arc<[ServiceInfo]>, protocol: &str) -> Resolved {
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(snapshot) = last
            .as_ref()
            .filter(|snapshot| Arc::ptr_eq(&snapshot.told, &told))
        {
            return Resolved {
                nodes: snapshot.nodes.clone(),
                left: Vec::new(),
            };
        }
        let nodes: Arc<[_]> = usable(&told, protocol)
            .map(|node| Arc::new(node.clone()))
            .collect();
        let stays = |old: &Arc<Node>| nodes.iter().any(|node| node.address == old.address);
        let before = last.as_ref().map_or(&[][..], |snapshot| &snapshot.nodes);
        let left = before.iter().filter(|old| !stays(old)).cloned().collect();
        *last = Some(Snapshot {
            told,
            nodes: nodes.clone(),
        });
        Resolved { nodes, left }
    }

    fn not_found(&self, registry: &dyn Registry, error: Error) -> Error {
        let (name, at) = (&self.name, registry.name());
        if error.code() == Code::NotFound {
            return Error::unavailable(format!("discover: no node for {name:?} in registry {at}"))
                .unprocessed();
        }
        let message = format!(
            "discover: registry {at} was asked for {name:?}: {}",
            error.message()
        );
        Error::new(error.code(), message)
            .source(error)
            .unprocessed()
    }

    fn none_speaks(&self, registry: &dyn Registry, protocol: &str) -> Error {
        let (name, at) = (&self.name, registry.name());
        Error::unavailable(format!(
            "select: no node of {name:?} in registry {at} speaks {protocol}"
        ))
        .unprocessed()
    }
}

/// The nodes that speak `protocol`, or do not say what they speak.
fn usable<'a>(told: &'a [ServiceInfo], protocol: &'a str) -> impl Iterator<Item = &'a Node> {
    let speaks = move |node: &&Node| {
        node.metadata
            .get("protocol")
            .is_none_or(|told| told.is_empty() || told == protocol)
    };
    told.iter()
        .flat_map(|service| &service.nodes)
        .filter(speaks)
}
