//! One node after the other.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use super::{Choice, Selector};
use crate::registry::Node;
use crate::seam::Chance;

/// Chooses in turn, from a random start so that many clients do not all begin with the same node; a node that was tried before
/// in the same call is passed over.
#[derive(Debug)]
pub struct RoundRobin(AtomicUsize);

impl RoundRobin {
    /// Draws the start from `chance`.
    pub fn new(chance: &Chance) -> Self {
        Self(AtomicUsize::new(chance.below(1 << 16)))
    }
}

impl Selector for RoundRobin {
    fn select<'a>(&self, choice: &Choice<'_>, nodes: &'a [Arc<Node>]) -> Option<&'a Arc<Node>> {
        if nodes.is_empty() {
            return None;
        }
        let start = self.0.fetch_add(1, Ordering::Relaxed);
        let in_turn =
            || (0..nodes.len()).map(|step| &nodes[start.wrapping_add(step) % nodes.len()]);
        in_turn()
            .find(|node| !choice.was_tried(node))
            .or_else(|| in_turn().next())
    }
}
