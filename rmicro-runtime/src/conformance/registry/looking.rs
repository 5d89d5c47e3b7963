//! Looking up one service, and listing all.

use super::Pair;
use super::pair::look;
use crate::error::Code;

/// Runs every check of looking up and listing, each against a pair that `make` gives.
pub async fn all(make: &impl AsyncFn() -> Pair) {
    run_all!(
        make,
        [
            an_unknown_service_is_not_found,
            versions_and_nodes_are_sorted,
            one_service_is_not_the_other,
            the_list_names_each_service_once_and_sorted,
            a_registry_has_a_name,
        ]
    );
}

/// A service that nobody announced is [`Code::NotFound`], and the error names it.
pub async fn an_unknown_service_is_not_found(pair: &Pair) {
    let error = pair.there.get_service(&pair.name).await.unwrap_err();
    assert_eq!(error.code(), Code::NotFound, "{error:?}");
    assert!(error.message().contains(&pair.name), "{error:?}");
}

/// Versions and nodes are sorted as text, whatever the order in which they were announced.
pub async fn versions_and_nodes_are_sorted(pair: &Pair) {
    pair.announce(&pair.service("2", &["c", "a"])).await;
    pair.announce(&pair.service("10", &["e"])).await;
    pair.announce(&pair.service("1", &["d"])).await;
    pair.announce(&pair.service("2", &["b"])).await;
    pair.finds(&[("1", &["d"]), ("10", &["e"]), ("2", &["a", "b", "c"])])
        .await;
}

/// A service whose name begins with that of another is not the other.
pub async fn one_service_is_not_the_other(pair: &Pair) {
    let mut longer = pair.service("1", &["longer"]);
    longer.name.push_str("er");
    pair.announce(&longer).await;
    pair.announce(&pair.service("1", &["a"])).await;
    pair.finds(&[("1", &["a"])]).await;
    pair.withdraw(&pair.service("1", &["a"])).await;
    pair.finds(&[]).await;
    assert_eq!(look(&*pair.here, &longer.name).await.len(), 1);
}

/// The list has the name of every live service, sorted, each once, and no nodes.
pub async fn the_list_names_each_service_once_and_sorted(pair: &Pair) {
    let mut names = Vec::new();
    for suffix in ["b", "a"] {
        for (version, node) in [("1", "x"), ("2", "y"), ("2", "z")] {
            let mut service = pair.service(version, &[]);
            service.name = format!("{}-{suffix}", pair.name);
            let id = format!("{}-{node}", service.name);
            service
                .nodes
                .push(crate::registry::Node::new(id, "127.0.0.1:4242"));
            pair.announce(&service).await;
            names.insert(0, service.name);
        }
    }
    names.dedup();
    let limit = pair.clock.now().after(pair.patience);
    loop {
        let list = pair.there.list_services().await;
        let mut list = list.expect("services can be listed");
        assert!(list.iter().all(|service| service.nodes.is_empty()));
        assert!(list.is_sorted_by(|one, next| one.name < next.name));
        list.retain(|service| service.name.starts_with(&pair.name));
        if list.iter().map(|service| &service.name).eq(&names) {
            return;
        }
        assert!(pair.clock.now() < limit, "listed is {list:?}");
        pair.clock.sleep(std::time::Duration::from_millis(10)).await;
    }
}

/// The name is one word in lower case, as log lines and URLs have it.
pub async fn a_registry_has_a_name(pair: &Pair) {
    let name = pair.here.name();
    let is_word = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit();
    assert!(!name.is_empty() && name.chars().all(is_word), "{name:?}");
}
