//! The nodes of one service as the registry last told them.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, PoisonError};

use super::repeat::Budget;
use crate::error::{Code, Error, Result};
use crate::registry::{Node, Registry, ServiceInfo};

/// A service by its name, and its nodes in the form in which selectors want them.
#[derive(Debug)]
pub(super) struct Target {
    name: Arc<str>,
    last: Mutex<Option<Known>>,
    /// What repeating its calls may cost.
    pub(super) budget: Budget,
}

/// What the registry told, and the nodes in it that can be called.
#[derive(Clone, Debug)]
pub(super) struct Known {
    pub(super) told: Arc<[ServiceInfo]>,
    pub(super) nodes: Arc<[Arc<Node>]>,
}

/// What a look into the registry gave.
pub(super) struct Resolved {
    /// Why there is no node to choose.
    pub(super) outcome: Result<()>,
    /// What is known; `None` where the registry told nothing.
    pub(super) known: Option<Known>,
    /// The addresses at which nobody is left since the last look.
    pub(super) left: Vec<String>,
}

impl Target {
    pub(super) fn new(name: String) -> Self {
        Self {
            name: name.into(),
            last: Mutex::default(),
            budget: Budget::default(),
        }
    }

    pub(super) fn name(&self) -> &Arc<str> {
        &self.name
    }

    /// The nodes that speak `protocol`; nobody is asked while the registry knows.
    pub(super) async fn resolve(&self, registry: &dyn Registry, protocol: &str) -> Resolved {
        let told = match registry.known(&self.name) {
            Some(told) => told,
            None => match registry.get_service(&self.name).await {
                Ok(told) => told.into(),
                Err(error) => return self.unknown(registry, error),
            },
        };
        let (known, left) = self.look(told, protocol);
        let outcome = match known.nodes.is_empty() {
            true => Err(self.none_speaks(registry, protocol)),
            false => Ok(()),
        };
        Resolved {
            outcome,
            known: Some(known),
            left,
        }
    }

    /// Whether `node` is none of those that were told of last.
    pub(super) fn has_left(&self, node: &Node) -> bool {
        let last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        let stays = |other: &Arc<Node>| other.id == node.id && other.address == node.address;
        !last
            .as_ref()
            .is_some_and(|known| known.nodes.iter().any(stays))
    }

    fn look(&self, told: Arc<[ServiceInfo]>, protocol: &str) -> (Known, Vec<String>) {
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = last
            .as_ref()
            .filter(|known| Arc::ptr_eq(&known.told, &told))
        {
            return (known.clone(), Vec::new());
        }
        let nodes = usable(&told, protocol).map(|node| Arc::new(node.clone()));
        let nodes = nodes.collect();
        let known = Known { told, nodes };
        let before = last.replace(known.clone());
        let left = before.map_or_else(Vec::new, |before| left(&before.nodes, &known.nodes));
        (known, left)
    }

    /// A service that has gone for good lets go of its nodes; a registry that is away proves nothing.
    fn unknown(&self, registry: &dyn Registry, error: Error) -> Resolved {
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        let gone = last.take_if(|_| error.code() == Code::NotFound);
        Resolved {
            outcome: Err(self.not_found(registry, error)),
            known: None,
            left: gone.map_or_else(Vec::new, |gone| left(&gone.nodes, &[])),
        }
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

/// The addresses of `before` at which nobody of then is left; a new process at an old address is a stranger.
fn left(before: &[Arc<Node>], now: &[Arc<Node>]) -> Vec<String> {
    let who = |nodes: &[Arc<Node>]| -> BTreeSet<(String, String)> {
        let told = nodes
            .iter()
            .map(|node| (node.id.clone(), node.address.clone()));
        told.collect()
    };
    let (before, now) = (who(before), who(now));
    let stay: BTreeSet<_> = before
        .intersection(&now)
        .map(|(_, address)| address)
        .collect();
    let gone = before.iter().filter(|(_, address)| !stay.contains(address));
    let gone: BTreeSet<_> = gone.map(|(_, address)| address.clone()).collect();
    gone.into_iter().collect()
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

#[cfg(test)]
mod tests {
    use super::*;

    fn nodes(told: &[(&str, &str)]) -> Vec<Arc<Node>> {
        let node = |(id, address): &(&str, &str)| Arc::new(Node::new(*id, *address));
        told.iter().map(node).collect()
    }

    #[test]
    fn who_left_is_told_by_address() {
        let (a, b) = (("a", "x:1"), ("b", "x:2"));
        for (before, now, expected) in [
            (&[a, b][..], &[a, b][..], &[][..]),
            (&[a, b], &[b], &["x:1"]),
            (&[a, b], &[], &["x:1", "x:2"]),
            // Another process took the address over: what was learned of it counts no more.
            (&[a], &[("c", "x:1")], &["x:1"]),
            // An old name of a node that stays lapsed.
            (&[("old", "x:1"), a], &[a], &[]),
            (&[], &[a], &[]),
        ] {
            assert_eq!(
                left(&nodes(before), &nodes(now)),
                expected,
                "{before:?} {now:?}"
            );
        }
    }
}
