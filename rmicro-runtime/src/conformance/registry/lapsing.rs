//! Nodes that are not renewed.

use std::time::Duration;

use super::Pair;

/// Runs every check of lapses, each against a pair that `make` gives.
pub async fn all(make: &impl AsyncFn() -> Pair) {
    run_all!(
        make,
        [
            a_node_that_is_not_renewed_lapses,
            a_renewed_node_does_not_lapse,
            a_lapse_takes_only_the_lapsed_node,
            a_lapsed_service_is_not_listed,
        ]
    );
}

/// A node that is not announced again before its TTL ends is not found any more, but not before.
pub async fn a_node_that_is_not_renewed_lapses(pair: &Pair) {
    let service = pair.service("1", &["a"]);
    let start = pair.clock.now();
    register(pair, &service, pair.ttl * 2).await;
    pair.finds(&[("1", &["a"])]).await;
    pair.finds(&[]).await;
    let took = pair.clock.now().since(start);
    // Less than a tick of the clock may be lost between two of them.
    let least = pair.ttl * 2 - Duration::from_millis(20);
    assert!(took >= least, "it lapsed after {took:?}");
}

/// A node that is announced again in time is always found.
pub async fn a_renewed_node_does_not_lapse(pair: &Pair) {
    let service = pair.service("1", &["a"]);
    register(pair, &service, pair.ttl * 3).await;
    pair.finds(&[("1", &["a"])]).await;
    for _ in 0..5 {
        pair.clock.sleep(pair.ttl).await;
        register(pair, &service, pair.ttl * 3).await;
        let found = super::pair::look(&*pair.there, &pair.name).await;
        assert_eq!(found.len(), 1, "it lapsed although it was renewed");
    }
}

/// A lapse takes no other node with it, not even one of the same version.
pub async fn a_lapse_takes_only_the_lapsed_node(pair: &Pair) {
    pair.announce(&pair.service("1", &["stays"])).await;
    register(pair, &pair.service("1", &["lapses"]), pair.ttl * 2).await;
    pair.finds(&[("1", &["lapses", "stays"])]).await;
    pair.finds(&[("1", &["stays"])]).await;
}

/// A service without live nodes is not in the list.
pub async fn a_lapsed_service_is_not_listed(pair: &Pair) {
    register(pair, &pair.service("1", &["a"]), pair.ttl).await;
    let limit = pair.clock.now().after(pair.ttl + pair.patience);
    loop {
        let list = pair.there.list_services().await;
        let list = list.expect("services can be listed");
        if !list.iter().any(|service| service.name == pair.name) {
            return;
        }
        assert!(pair.clock.now() < limit, "it is listed after its lapse");
        pair.clock.sleep(Duration::from_millis(10)).await;
    }
}

async fn register(pair: &Pair, service: &crate::registry::ServiceInfo, ttl: Duration) {
    let registered = pair.here.register(service, ttl).await;
    registered.expect("a service can be registered");
}
