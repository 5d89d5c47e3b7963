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
