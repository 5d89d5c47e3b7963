//! Any node, each as likely as the others: go-micro's default.

use std::sync::Arc;

use super::{Choice, Selector};
use crate::registry::Node;
use crate::seam::Chance;

/// Chooses at random, among the nodes that were not tried yet where there are any.
#[derive(Clone, Debug, Default)]
pub struct Random(Chance);

impl Random {
    /// Draws from `chance`.
    pub fn new(chance: Chance) -> Self {
        Self(chance)
    }
}

impl Selector for Random {
    fn select<'a>(&self, choice: &Choice<'_>, nodes: &'a [Arc<Node>]) -> Option<&'a Arc<Node>> {
        let fresh = match choice.tried {
            [] => nodes.len(),
            _ => nodes.iter().filter(|node| !choice.was_tried(node)).count(),
        };
        if fresh == 0 || fresh == nodes.len() {
            return nodes.get(self.0.below(nodes.len()));
        }
        nodes
            .iter()
            .filter(|node| !choice.was_tried(node))
            .nth(self.0.below(fresh))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::call::CallHead;

    #[test]
    fn one_seed_gives_one_sequence() {
        let head = CallHead::new("a.B", "C");
        let nodes: Vec<_> = ["a", "b", "c"]
            .map(|id| Arc::new(Node::new(id, "127.0.0.1:1")))
            .into();
        let sequence = |seed| {
            let selector = Random::new(Chance::from_seed(seed));
            let next = || selector.select(&Choice::new("s", &head), &nodes);
            (0..50)
                .filter_map(|_| next())
                .map(|node| node.id.clone())
                .collect::<String>()
        };
        assert_eq!(sequence(1), sequence(1));
        assert_ne!(sequence(1), sequence(2));
    }
}
