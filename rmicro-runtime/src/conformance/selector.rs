//! What every selector must do: the docs of [`Selector`], sentence by sentence.
//!
//! The nodes of a check are all alike, so whatever a selector goes by, each is due the same share.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::thread;

use super::named::Named;
use crate::call::CallHead;
use crate::error::Error;
use crate::registry::Node;
use crate::seam::Chance;
use crate::selector::{Choice, Selector};

const CALLS: usize = 10_000;

/// Runs every check, each against a selector that `make` gives; it panics like a test, and says
/// which check it was.
///
/// The [`Chance`] has a seed, so a selector that makes its random choices there passes always or
/// never.
///
/// ```
/// use rmicro_runtime::conformance::selector;
/// use rmicro_runtime::selector::Random;
///
/// selector::suite(Random::new);
/// ```
pub fn suite<S: Selector>(make: impl Fn(Chance) -> S) {
    macro_rules! run {
        ($($check:ident,)*) => {$({
            let _named = Named::begin("selector", stringify!($check));
            $check(&make(Chance::from_seed(1)));
        })*};
    }
    run! {
        only_where_there_is_no_node_there_is_no_answer,
        the_answer_is_one_of_the_nodes,
        a_single_node_is_chosen_even_after_it_was_tried,
        a_tried_node_is_avoided_while_others_are_left,
        a_tried_node_is_chosen_when_no_other_is_left,
        every_node_gets_its_share,
        the_share_of_a_tried_node_goes_to_all_others,
        every_node_gets_its_share_from_many_threads,
        nodes_may_change_between_calls,
        outcomes_of_any_node_may_be_told_at_any_time,
    }
}

/// `None` comes for an empty list, whatever was tried, and for no other.
pub fn only_where_there_is_no_node_there_is_no_answer(selector: &dyn Selector) {
    assert_eq!(chosen(selector, &[], &[]), None);
    assert_eq!(chosen(selector, &[], &nodes(2)), None);
    assert!(chosen(selector, &nodes(2), &[]).is_some());
}

/// The answer is one of the nodes that were given, not a copy of it, be they sorted or not.
pub fn the_answer_is_one_of_the_nodes(selector: &dyn Selector) {
    let mut nodes = nodes(5);
    nodes.swap(0, 4);
    nodes.swap(1, 2);
    for _ in 0..100 {
        let chosen = chosen(selector, &nodes, &[]).expect("there are nodes");
        assert!(nodes.iter().any(|node| std::ptr::eq(node, chosen)));
    }
}

/// There is no other choice than the only node.
pub fn a_single_node_is_chosen_even_after_it_was_tried(selector: &dyn Selector) {
    let only = nodes(1);
    for _ in 0..100 {
        assert_eq!(chosen(selector, &only, &[]), Some(&only[0]));
        assert_eq!(chosen(selector, &only, &only), Some(&only[0]));
    }
}

/// What was tried in the same call is known by its id, and is not chosen again before the others.
pub fn a_tried_node_is_avoided_while_others_are_left(selector: &dyn Selector) {
    let nodes = nodes(4);
    for _ in 0..100 {
        let mut tried: Vec<Arc<Node>> = Vec::new();
        for _ in 0..nodes.len() {
            let chosen = chosen(selector, &nodes, &tried).expect("there are nodes");
            assert!(
                tried.iter().all(|node| node.id != chosen.id),
                "{chosen:?} was tried, and others are left"
            );
            // A copy, as when the registry was asked again between two attempts.
            tried.push(Arc::new(Node::clone(chosen)));
        }
    }
}

/// A call whose nodes were all tried gets one of them again.
pub fn a_tried_node_is_chosen_when_no_other_is_left(selector: &dyn Selector) {
    let nodes = nodes(3);
    for _ in 0..100 {
        assert!(chosen(selector, &nodes, &nodes).is_some());
    }
}

/// Of 10,000 calls each of seven nodes gets a seventh, give or take a fifth of it.
pub fn every_node_gets_its_share(selector: &dyn Selector) {
    let nodes = nodes(7);
    let counts = count(selector, &nodes, &[], CALLS);
    assert_shares(&counts, 7);
}

/// When one node fails every call, its calls are spread over all others and not heaped upon one.
pub fn the_share_of_a_tried_node_goes_to_all_others(selector: &dyn Selector) {
    let nodes = nodes(5);
    let counts = count(selector, &nodes, &nodes[..1], CALLS);
    assert_shares(&counts, 4);
}

/// The shares hold when four threads choose at once.
pub fn every_node_gets_its_share_from_many_threads(selector: &dyn Selector) {
    let nodes = nodes(7);
    let counts = thread::scope(|scope| {
        let threads = [(); 4].map(|()| scope.spawn(|| count(selector, &nodes, &[], CALLS / 4)));
        let mut all = BTreeMap::new();
        for thread in threads {
            let counts = thread.join().expect("a selector does not panic");
            for (id, count) in counts {
                *all.entry(id).or_insert(0) += count;
            }
        }
        all
    });
    assert_shares(&counts, 7);
}

/// The list may be longer, shorter or another at each call.
pub fn nodes_may_change_between_calls(selector: &dyn Selector) {
    let all = nodes(20);
    for round in 0..1000 {
        let (from, length) = (round * 7 % 10, round * 3 % 10);
        let nodes = &all[from..=from + length];
        let chosen = chosen(selector, nodes, &[]).expect("there are nodes");
        assert!(nodes.iter().any(|node| node.id == chosen.id));
    }
}

/// A selector learns of good and bad ends, of nodes and services that it has never seen too, and
/// forgets when it is told to.
pub fn outcomes_of_any_node_may_be_told_at_any_time(selector: &dyn Selector) {
    let nodes = nodes(3);
    let stranger = Node::new("stranger", "127.0.0.1:9");
    let error = Error::unavailable("it is down");
    for _ in 0..100 {
        let chosen = chosen(selector, &nodes, &[]).expect("there are nodes");
        selector.mark("s", chosen, Some(&error));
        selector.mark("s", chosen, None);
        selector.mark("never chosen for", &stranger, Some(&error));
    }
    selector.reset("s");
    selector.reset("never chosen for");
    assert!(chosen(selector, &nodes, &[]).is_some());
}

fn nodes(count: usize) -> Vec<Arc<Node>> {
    (0..count)
        .map(|n| {
            Arc::new(Node::new(
                format!("s-{n}"),
                format!("127.0.0.1:{}", 4000 + n),
            ))
        })
        .collect()
}

fn chosen<'a>(
    selector: &dyn Selector,
    nodes: &'a [Arc<Node>],
    tried: &[Arc<Node>],
) -> Option<&'a Arc<Node>> {
    let head = CallHead::new("greet.v1.Greeter", "Hello");
    selector.select(&Choice::new("s", &head).after(tried), nodes)
}

fn count(
    selector: &dyn Selector,
    nodes: &[Arc<Node>],
    tried: &[Arc<Node>],
    calls: usize,
) -> BTreeMap<String, usize> {
    let mut counts = BTreeMap::new();
    for _ in 0..calls {
        let chosen = chosen(selector, nodes, tried).expect("there are nodes");
        selector.mark("s", chosen, None);
        *counts.entry(chosen.id.clone()).or_insert(0) += 1;
    }
    counts
}

/// For seven nodes a fifth is eight standard deviations of a fair random choice.
fn assert_shares(counts: &BTreeMap<String, usize>, nodes: usize) {
    let due = CALLS / nodes;
    let fair = |count: &usize| count.abs_diff(due) <= due / 5;
    assert!(
        counts.len() == nodes && counts.values().all(fair),
        "each is due {due}: {counts:?}"
    );
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::selector::{Random, RoundRobin};

    #[test]
    fn random() {
        suite(Random::new);
    }

    #[test]
    fn round_robin() {
        suite(|chance| RoundRobin::new(&chance));
    }

    #[test]
    fn the_suite_runs_every_check() {
        let text = include_str!("selector.rs");
        let checks = text.split("\npub fn ").skip(1);
        let names = checks.filter_map(|check| check.split_once("(selector: &dyn"));
        let names: Vec<_> = names.map(|(name, _)| name).collect();
        assert_eq!(names.len(), 10);
        for name in names {
            assert!(text.contains(&format!("        {name},\n")), "{name}");
        }
    }
}
