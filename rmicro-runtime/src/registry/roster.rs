//! What is known of one service: its versions and their nodes.
//!
//! Invariant: a node is in one version only, every version has a node, and both are sorted, as
//! [`get_service`](super::Registry::get_service) wants them.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use super::{Action, Change, Node, ServiceInfo};

/// The versions of one service, merged from what is told about them.
#[derive(Debug, Default)]
pub(crate) struct Roster(BTreeMap<String, ServiceInfo>);

impl Roster {
    /// The roster with these versions.
    pub(crate) fn of(versions: &[ServiceInfo]) -> Self {
        let mut roster = Self::default();
        for version in versions {
            roster.put(version);
        }
        roster
    }

    /// Merges a change; tells whether anything is different now.
    pub(crate) fn apply(&mut self, change: &Change) -> bool {
        let changes = match change.action {
            Action::Create | Action::Update => self.put(&change.service),
            Action::Delete => self.withdraw(&change.service),
        };
        !changes.is_empty()
    }

    /// Adds the nodes of `told` or replaces what was said about them, and tells what that changed.
    ///
    /// A node of another version moves to this one. A service without nodes says nothing.
    pub(crate) fn put(&mut self, told: &ServiceInfo) -> Vec<Change> {
        if told.nodes.is_empty() {
            return Vec::new();
        }
        let described_anew = self.describe(told);
        let mut created = Change::new(Action::Create, without_nodes(told));
        let mut updated = Change::new(Action::Update, without_nodes(told));
        for node in &told.nodes {
            match self.place(&told.version, node) {
                Some(Action::Create) => created.service.nodes.push(node.clone()),
                None if !described_anew => {}
                _ => updated.service.nodes.push(node.clone()),
            }
        }
        let mut changes = vec![created, updated];
        changes.retain(|change| !change.service.nodes.is_empty());
        changes
    }

    /// Removes the nodes of `told` by their ids, whatever their version, and tells which were
    /// there.
    pub(crate) fn withdraw(&mut self, told: &ServiceInfo) -> Vec<Change> {
        self.remove(|node| told.nodes.iter().any(|gone| gone.id == node.id))
    }

    /// Removes the nodes that `gone` picks, and tells which those were.
    pub(crate) fn remove(&mut self, gone: impl Fn(&Node) -> bool) -> Vec<Change> {
        let mut changes = Vec::new();
        self.0.retain(|_, version| {
            let nodes: Vec<_> = version.nodes.extract_if(.., |node| gone(node)).collect();
            if !nodes.is_empty() {
                let service = ServiceInfo {
                    nodes,
                    ..without_nodes(version)
                };
                changes.push(Change::new(Action::Delete, service));
            }
            !version.nodes.is_empty()
        });
        changes
    }

    /// Every version, sorted.
    pub(crate) fn versions(&self) -> impl Iterator<Item = &ServiceInfo> {
        self.0.values()
    }

    /// Whether there is no node.
    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Takes over what is said about the version itself; tells whether a known one is described
    /// differently now.
    fn describe(&mut self, told: &ServiceInfo) -> bool {
        match self.0.entry(told.version.clone()) {
            Entry::Vacant(vacant) => {
                vacant.insert(without_nodes(told));
                false
            }
            Entry::Occupied(known) => {
                let known = known.into_mut();
                let same = known.metadata == told.metadata && known.endpoints == told.endpoints;
                if !same {
                    known.metadata.clone_from(&told.metadata);
                    known.endpoints.clone_from(&told.endpoints);
                }
                !same
            }
        }
    }

    /// Puts `node` into `version` and takes it out of every other; tells what is different, if
    /// anything.
    fn place(&mut self, version: &str, node: &Node) -> Option<Action> {
        let mut moved = false;
        self.0.retain(|other, service| {
            if other == version {
                return true;
            }
            if let Ok(at) = find(service, &node.id) {
                service.nodes.remove(at);
                moved = true;
            }
            !service.nodes.is_empty()
        });
        let service = self.0.get_mut(version)?;
        match find(service, &node.id) {
            Ok(at) if service.nodes[at] == *node => None,
            Ok(at) => {
                service.nodes[at] = node.clone();
                Some(Action::Update)
            }
            Err(at) => {
                service.nodes.insert(at, node.clone());
                Some(if moved {
                    Action::Update
                } else {
                    Action::Create
                })
            }
        }
    }
}

fn find(service: &ServiceInfo, id: &str) -> Result<usize, usize> {
    service
        .nodes
        .binary_search_by(|node| node.id.as_str().cmp(id))
}

fn without_nodes(service: &ServiceInfo) -> ServiceInfo {
    ServiceInfo {
        name: service.name.clone(),
        version: service.version.clone(),
        metadata: service.metadata.clone(),
        endpoints: service.endpoints.clone(),
        nodes: Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::registry::EndpointInfo;

    fn told(version: &str, ids: &[&str]) -> ServiceInfo {
        ids.iter()
            .fold(ServiceInfo::new("s", version), |service, id| {
                service.node(Node::new(*id, "127.0.0.1:1"))
            })
    }

    fn ids(roster: &Roster) -> Vec<(&str, Vec<&str>)> {
        roster
            .versions()
            .map(|service| {
                let ids = service.nodes.iter().map(|node| node.id.as_str());
                (service.version.as_str(), ids.collect())
            })
            .collect()
    }

    #[test]
    fn versions_and_nodes_are_sorted_whatever_the_order_of_telling() {
        let roster = Roster::of(&[told("2", &["d", "c"]), told("1", &["b", "a"])]);
        assert_eq!(ids(&roster), [("1", vec!["a", "b"]), ("2", vec!["c", "d"])]);
    }

    #[test]
    fn a_node_that_moves_leaves_its_old_version() {
        let mut roster = Roster::of(&[told("1", &["a", "b"]), told("2", &["c"])]);
        let changes = roster.put(&told("2", &["b"]));
        assert_eq!(changes, [Change::new(Action::Update, told("2", &["b"]))]);
        assert_eq!(ids(&roster), [("1", vec!["a"]), ("2", vec!["b", "c"])]);
        roster.put(&told("2", &["a"]));
        assert_eq!(ids(&roster), [("2", vec!["a", "b", "c"])]);
    }

    #[test]
    fn new_changed_and_merely_renewed_nodes_are_told_apart() {
        let mut roster = Roster::of(&[told("1", &["a", "b"])]);
        let mut next = told("1", &["a", "b", "c"]);
        next.nodes[1].address = "127.0.0.1:2".into();
        let changes = roster.put(&next);
        let told: Vec<_> = changes
            .iter()
            .map(|change| (change.action, change.service.nodes[0].id.as_str()))
            .collect();
        assert_eq!(told, [(Action::Create, "c"), (Action::Update, "b")]);
        assert_eq!(roster.put(&next), []);
    }

    #[test]
    fn a_version_that_is_described_anew_updates_the_nodes_that_say_so() {
        let mut roster = Roster::of(&[told("1", &["a", "b"])]);
        let endpoint = EndpointInfo {
            name: "Greeter.Hello".into(),
            ..EndpointInfo::default()
        };
        let next = told("1", &["a"]).endpoint(endpoint);
        assert_eq!(
            roster.put(&next),
            [Change::new(Action::Update, next.clone())]
        );
        assert_eq!(roster.put(&next), []);
        assert_eq!(roster.versions().next().unwrap().endpoints, next.endpoints);
    }

    #[test]
    fn a_node_is_withdrawn_by_its_id_and_an_empty_version_goes_with_it() {
        let mut roster = Roster::of(&[told("1", &["a"]), told("2", &["b"])]);
        let changes = roster.withdraw(&told("", &["a", "unknown"]));
        assert_eq!(changes, [Change::new(Action::Delete, told("1", &["a"]))]);
        assert_eq!(ids(&roster), [("2", vec!["b"])]);
        assert!(roster.apply(&Change::new(Action::Delete, told("2", &["b"]))));
        assert!(roster.is_empty());
        assert!(!roster.apply(&Change::new(Action::Delete, told("2", &["b"]))));
    }

    #[test]
    fn a_service_without_nodes_says_nothing() {
        let mut roster = Roster::default();
        assert_eq!(roster.put(&told("1", &[])), []);
        assert!(roster.is_empty());
    }
}
