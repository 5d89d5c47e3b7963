//! Watches, on the other side than the changes.
//!
//! A registry may tell of renewals and may tell things twice, so a check reads on until it has what
//! it waits for.

use super::Pair;
use crate::registry::{Action, Change};

/// Runs every check of watches, each against a pair that `make` gives.
pub async fn all(make: &impl AsyncFn() -> Pair) {
    run_all!(
        make,
        [
            a_new_node_is_told,
            a_changed_node_is_told,
            a_withdrawn_node_is_told,
            a_lapsed_node_is_told,
            a_watch_misses_nothing_before_it_is_read,
            a_watch_tells_of_its_service_alone,
            every_watch_is_told,
            a_watch_goes_on,
            a_dropped_watch_disturbs_nobody,
        ]
    );
}

/// A new node is told with its version and address.
pub async fn a_new_node_is_told(pair: &Pair) {
    let mut watch = pair.watch().await;
    pair.announce(&pair.service("1", &["a"])).await;
    let told = pair.told(&mut watch, "the node", arrived(pair, "a")).await;
    let change = &told[told.len() - 1].service;
    assert_eq!((&change.name, change.version.as_str()), (&pair.name, "1"));
    let node = change
        .nodes
        .iter()
        .find(|node| node.id == pair.node("a").id);
    assert_eq!(
        node.map(|node| &node.address),
        Some(&pair.node("a").address)
    );
}

/// What is said anew about a node is told.
pub async fn a_changed_node_is_told(pair: &Pair) {
    let mut service = pair.service("1", &["a"]);
    let mut watch = pair.watch().await;
    pair.announce(&service).await;
    pair.told(&mut watch, "the node", arrived(pair, "a")).await;
    service.nodes[0].address = "127.0.0.2:4243".into();
    pair.announce(&service).await;
    pair.told(&mut watch, "its new address", |change| {
        let moved = |node: &crate::registry::Node| node.address == "127.0.0.2:4243";
        arrived(pair, "a")(change) && change.service.nodes.iter().any(moved)
    })
    .await;
}

/// A node that was withdrawn is told as deleted, and the nodes that stay are not.
pub async fn a_withdrawn_node_is_told(pair: &Pair) {
    pair.announce(&pair.service("1", &["stays", "leaves"]))
        .await;
    pair.finds(&[("1", &["leaves", "stays"])]).await;
    let mut watch = pair.watch().await;
    pair.withdraw(&pair.service("1", &["leaves"])).await;
    let told = pair
        .told(&mut watch, "the leave", gone(pair, "leaves"))
        .await;
    assert!(!told.iter().any(gone(pair, "stays")), "{told:?}");
}

/// A node that has lapsed is told as deleted.
pub async fn a_lapsed_node_is_told(pair: &Pair) {
    let mut watch = pair.watch().await;
    let service = pair.service("1", &["a"]);
    let registered = pair.here.register(&service, pair.ttl).await;
    registered.expect("a service can be registered");
    pair.told(&mut watch, "the node", arrived(pair, "a")).await;
    pair.told(&mut watch, "the lapse", gone(pair, "a")).await;
}

/// A watch has every change since it was made, even those before somebody reads it.
pub async fn a_watch_misses_nothing_before_it_is_read(pair: &Pair) {
    let mut watch = pair.watch().await;
    pair.announce(&pair.service("1", &["a"])).await;
    pair.finds(&[("1", &["a"])]).await;
    pair.announce(&pair.service("1", &["b"])).await;
    pair.finds(&[("1", &["a", "b"])]).await;
    pair.told(&mut watch, "the first node", arrived(pair, "a"))
        .await;
    pair.told(&mut watch, "the second node", arrived(pair, "b"))
        .await;
}

/// Changes of other services are not told.
pub async fn a_watch_tells_of_its_service_alone(pair: &Pair) {
    let mut watch = pair.watch().await;
    let mut other = pair.service("1", &["other"]);
    other.name.push_str("-other");
    pair.announce(&other).await;
    pair.announce(&pair.service("1", &["a"])).await;
    let told = pair.told(&mut watch, "the node", arrived(pair, "a")).await;
    let own = |change: &Change| change.service.name == pair.name;
    assert!(told.iter().all(own), "{told:?}");
}

/// Two watches of one service are told the same.
pub async fn every_watch_is_told(pair: &Pair) {
    let mut watches = [pair.watch().await, pair.watch().await];
    pair.announce(&pair.service("1", &["a"])).await;
    for watch in &mut watches {
        pair.told(watch, "the node", arrived(pair, "a")).await;
    }
}

/// A watch does not end when the last node leaves, and tells of the next.
pub async fn a_watch_goes_on(pair: &Pair) {
    let mut watch = pair.watch().await;
    for node in ["a", "b"] {
        let service = pair.service("1", &[node]);
        pair.announce(&service).await;
        pair.told(&mut watch, "the node", arrived(pair, node)).await;
        pair.withdraw(&service).await;
        pair.told(&mut watch, "the leave", gone(pair, node)).await;
    }
}

/// A watch that is dropped takes no other with it and fails no announcement.
pub async fn a_dropped_watch_disturbs_nobody(pair: &Pair) {
    let dropped = pair.watch().await;
    let mut watch = pair.watch().await;
    drop(dropped);
    pair.announce(&pair.service("1", &["a"])).await;
    pair.told(&mut watch, "the node", arrived(pair, "a")).await;
}

fn arrived(pair: &Pair, short: &str) -> impl Fn(&Change) -> bool + use<> {
    let id = pair.node(short).id;
    move |change| {
        change.action != Action::Delete && change.service.nodes.iter().any(|node| node.id == id)
    }
}

fn gone(pair: &Pair, short: &str) -> impl Fn(&Change) -> bool + use<> {
    let id = pair.node(short).id;
    move |change| {
        change.action == Action::Delete && change.service.nodes.iter().any(|node| node.id == id)
    }
}
