//! One node after the other.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use super::{Choice, Selector};
use crate::registry::Node;
use crate::seam::Chance;

/// Chooses in turn, from a random start so that many clients do not all begin with the same node.
///
/// A call that tries again chooses in turn among the nodes that it has not tried. It does not take
/// the turn of the next call: with two nodes, one of them dead, the dead one would otherwise be the
/// first choice of every call.
#[derive(Debug)]
pub struct RoundRobin {
    calls: AtomicUsize,
    retries: AtomicUsize,
}

impl RoundRobin {
    /// Draws the start from `chance`.
    pub fn new(chance: &Chance) -> Self {
        let start = || AtomicUsize::new(chance.below(1 << 16));
        Self {
            calls: start(),
            retries: start(),
        }
    }
}

impl Selector for RoundRobin {
    fn select<'a>(&self, choice: &Choice<'_>, nodes: &'a [Arc<Node>]) -> Option<&'a Arc<Node>> {
        let fresh = match choice.tried {
            [] => nodes.len(),
            _ => nodes.iter().filter(|node| !choice.was_tried(node)).count(),
        };
        let turns = if choice.tried.is_empty() {
            &self.calls
        } else {
            &self.retries
        };
        let turn = turns.fetch_add(1, Ordering::Relaxed);
        if fresh == 0 || fresh == nodes.len() {
            return nodes.get(turn.checked_rem(nodes.len())?);
        }
        nodes
            .iter()
            .filter(|node| !choice.was_tried(node))
            .nth(turn % fresh)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::call::CallHead;

    fn nodes(ids: &[&str]) -> Vec<Arc<Node>> {
        let node = |id: &&str| Arc::new(Node::new(*id, "127.0.0.1:1"));
        ids.iter().map(node).collect()
    }

    #[test]
    fn the_nodes_take_turns() {
        let selector = RoundRobin::new(&Chance::from_seed(1));
        let (nodes, head) = (nodes(&["a", "b", "c"]), CallHead::new("a.B", "C"));
        let next = || selector.select(&Choice::new("s", &head), &nodes);
        let first_round: Vec<_> = (0..3).map(|_| next()).collect();
        for first in &first_round {
            assert_eq!(next(), *first);
        }
        assert!(nodes.iter().all(|node| first_round.contains(&Some(node))));
    }

    #[test]
    fn a_retry_takes_no_turn() {
        let selector = RoundRobin::new(&Chance::from_seed(1));
        let (nodes, head) = (nodes(&["dead", "alive"]), CallHead::new("a.B", "C"));
        let choice = Choice::new("s", &head);
        let mut dead_first = 0;
        for _ in 0..10 {
            if selector.select(&choice, &nodes) == Some(&nodes[0]) {
                dead_first += 1;
                let retry = selector.select(&choice.after(&nodes[..1]), &nodes);
                assert_eq!(retry, Some(&nodes[1]));
            }
        }
        assert_eq!(dead_first, 5);
    }

    #[test]
    fn clients_begin_with_different_nodes() {
        let (nodes, head) = (nodes(&["a", "b", "c"]), CallHead::new("a.B", "C"));
        let first = |seed| {
            let selector = RoundRobin::new(&Chance::from_seed(seed));
            let chosen = selector.select(&Choice::new("s", &head), &nodes);
            chosen.map(|node| node.id.clone())
        };
        let firsts: std::collections::BTreeSet<_> = (0..20).map(first).collect();
        assert_eq!(firsts.len(), 3);
    }
}
