//! What is known without asking; a registry that knows nothing that way passes.

use std::sync::Arc;
use std::time::Duration;

use super::Pair;
use super::pair::{look, outline};

/// Runs every check of what is known without asking, each against a pair that `make` gives.
pub async fn all(make: &impl AsyncFn() -> Pair) {
    run_all!(
        make,
        [
            what_is_known_is_what_is_found,
            the_same_knowledge_is_the_same_arc,
            what_has_changed_is_known_in_the_end,
        ]
    );
}

/// What is known of a service right after it was looked up is what was found.
pub async fn what_is_known_is_what_is_found(pair: &Pair) {
    pair.announce(&pair.service("1", &["a", "b"])).await;
    pair.finds(&[("1", &["a", "b"])]).await;
    let found = look(&*pair.there, &pair.name).await;
    if let Some(known) = pair.there.known(&pair.name) {
        assert_eq!(known[..], found[..]);
    }
    let unknown = format!("{}-unknown", pair.name);
    assert!(pair.there.known(&unknown).is_none());
}

/// While nothing changes, and through mere renewals, the pointer stays the same.
pub async fn the_same_knowledge_is_the_same_arc(pair: &Pair) {
    let service = pair.service("1", &["a"]);
    pair.announce(&service).await;
    pair.finds(&[("1", &["a"])]).await;
    let Some(before) = pair.there.known(&pair.name) else {
        return;
    };
    pair.announce(&service).await;
    // The renewal has been worked off when a change after it has.
    let mut watch = pair.watch().await;
    pair.announce(&pair.service("1", &["b"])).await;
    let next = pair.node("b").id;
    pair.told(&mut watch, "the change", |change| {
        change.service.nodes.iter().any(|node| node.id == next)
    })
    .await;
    let after = pair.there.known(&pair.name);
    let same = after.is_some_and(|after| Arc::ptr_eq(&after, &before) == (after == before));
    assert!(same, "equal knowledge has another pointer, or the reverse");
}

/// A change is known in the end, without another lookup.
pub async fn what_has_changed_is_known_in_the_end(pair: &Pair) {
    pair.announce(&pair.service("1", &["a"])).await;
    pair.finds(&[("1", &["a"])]).await;
    if pair.there.known(&pair.name).is_none() {
        return;
    }
    pair.announce(&pair.service("1", &["b"])).await;
    let limit = pair.clock.now().after(pair.patience);
    let expected = [pair.node("a").id, pair.node("b").id];
    loop {
        let known = pair.there.known(&pair.name).unwrap_or_default();
        if outline(&known).iter().any(|(_, ids)| *ids == expected) {
            return;
        }
        assert!(pair.clock.now() < limit, "known is still {known:?}");
        pair.clock.sleep(Duration::from_millis(10)).await;
    }
}
