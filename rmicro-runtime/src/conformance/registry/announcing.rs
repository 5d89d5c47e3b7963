//! Register and deregister.

use super::Pair;
use super::pair::look;
use crate::registry::{EndpointInfo, ValueInfo};

/// Runs every check of register and deregister, each against a pair that `make` gives.
pub async fn all(make: &impl AsyncFn() -> Pair) {
    run_all!(
        make,
        [
            a_registered_service_is_found_by_both,
            everything_about_a_node_and_its_endpoints_is_found,
            announcing_again_replaces_what_was_said,
            a_node_that_moves_leaves_its_old_version,
            a_withdrawn_node_is_gone_and_the_others_stay,
            a_version_without_nodes_is_gone,
            a_withdrawn_node_can_come_back,
            withdrawing_unknown_nodes_is_no_error,
            everybody_has_learned_of_a_withdrawal_after_the_propagation_time,
        ]
    );
}

/// What the registry is given is found on either side.
pub async fn a_registered_service_is_found_by_both(pair: &Pair) {
    pair.announce(&pair.service("1", &["a"])).await;
    pair.finds(&[("1", &["a"])]).await;
    assert_eq!(look(&*pair.here, &pair.name).await.len(), 1);
}

/// The name, the version, the nodes with address and metadata, and the endpoints are found as they
/// were announced.
pub async fn everything_about_a_node_and_its_endpoints_is_found(pair: &Pair) {
    let mut service = pair.service("1.2.3", &[]).endpoint(endpoint());
    service
        .nodes
        .push(pair.node("a").metadata("protocol", "grpc"));
    pair.announce(&service).await;
    let found = pair.found("it is found", |found| found.len() == 1).await;
    let found = &found[0];
    assert_eq!(
        (&found.name, &found.version),
        (&service.name, &service.version)
    );
    assert_eq!(found.nodes[0].id, service.nodes[0].id);
    assert_eq!(found.nodes[0].address, service.nodes[0].address);
    // A registry may add to the metadata of a node.
    let protocol = found.nodes[0].metadata.get("protocol");
    assert_eq!(protocol.map(String::as_str), Some("grpc"));
    assert_eq!(found.endpoints, service.endpoints);
}

/// A second announcement of a node is true instead of the first.
pub async fn announcing_again_replaces_what_was_said(pair: &Pair) {
    let mut service = pair.service("1", &["a"]);
    pair.announce(&service).await;
    pair.finds(&[("1", &["a"])]).await;
    service.nodes[0] = pair.node("a").metadata("weight", "7");
    service.nodes[0].address = "127.0.0.2:4243".into();
    pair.announce(&service).await;
    pair.found("the new address and metadata are found", |found| {
        let nodes = || found.iter().flat_map(|version| &version.nodes);
        nodes().count() == 1
            && nodes().all(|node| {
                node.address == "127.0.0.2:4243"
                    && node
                        .metadata
                        .get("weight")
                        .is_some_and(|weight| weight == "7")
            })
    })
    .await;
}

/// A node that announces another version is in that one only.
pub async fn a_node_that_moves_leaves_its_old_version(pair: &Pair) {
    pair.announce(&pair.service("1", &["a", "b"])).await;
    pair.finds(&[("1", &["a", "b"])]).await;
    pair.announce(&pair.service("2", &["b"])).await;
    pair.finds(&[("1", &["a"]), ("2", &["b"])]).await;
}

/// Deregistering withdraws the nodes that it names and no other.
pub async fn a_withdrawn_node_is_gone_and_the_others_stay(pair: &Pair) {
    pair.announce(&pair.service("1", &["a", "b", "c"])).await;
    pair.finds(&[("1", &["a", "b", "c"])]).await;
    pair.withdraw(&pair.service("1", &["a", "c"])).await;
    pair.finds(&[("1", &["b"])]).await;
    pair.withdraw(&pair.service("1", &["b"])).await;
    pair.finds(&[]).await;
}

/// A version goes with its last node.
pub async fn a_version_without_nodes_is_gone(pair: &Pair) {
    pair.announce(&pair.service("1", &["a"])).await;
    pair.announce(&pair.service("2", &["b"])).await;
    pair.finds(&[("1", &["a"]), ("2", &["b"])]).await;
    pair.withdraw(&pair.service("1", &["a"])).await;
    pair.finds(&[("2", &["b"])]).await;
}

/// A node that was withdrawn is announced like any other.
pub async fn a_withdrawn_node_can_come_back(pair: &Pair) {
    let service = pair.service("1", &["a"]);
    pair.announce(&service).await;
    pair.finds(&[("1", &["a"])]).await;
    pair.withdraw(&service).await;
    pair.finds(&[]).await;
    pair.announce(&service).await;
    pair.finds(&[("1", &["a"])]).await;
}

/// Unknown nodes are not an error, be the service known or not.
pub async fn withdrawing_unknown_nodes_is_no_error(pair: &Pair) {
    pair.withdraw(&pair.service("1", &["a"])).await;
    pair.announce(&pair.service("1", &["b"])).await;
    pair.withdraw(&pair.service("1", &["a"])).await;
    pair.finds(&[("1", &["b"])]).await;
}

/// Once a node was withdrawn and the registry's own propagation time has passed, the other side
/// does not find it.
pub async fn everybody_has_learned_of_a_withdrawal_after_the_propagation_time(pair: &Pair) {
    // What a busy machine takes to run those who were told.
    const SLACK: std::time::Duration = std::time::Duration::from_millis(250);
    let service = pair.service("1", &["a"]);
    pair.announce(&service).await;
    pair.finds(&[("1", &["a"])]).await;
    pair.withdraw(&service).await;
    pair.clock.sleep(pair.here.propagation() + SLACK).await;
    assert_eq!(look(&*pair.there, &pair.name).await, []);
}

fn endpoint() -> EndpointInfo {
    let message = |name: &str, field: &str| ValueInfo {
        name: name.into(),
        type_name: name.into(),
        values: vec![ValueInfo {
            name: field.into(),
            type_name: "string".into(),
            values: Vec::new(),
        }],
    };
    EndpointInfo {
        name: "Greeter.Hello".into(),
        request: Some(message("HelloRequest", "name")),
        response: Some(message("HelloReply", "message")),
        metadata: [("stream".to_owned(), "true".to_owned())].into(),
    }
}
