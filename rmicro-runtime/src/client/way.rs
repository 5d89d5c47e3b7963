//! Where one call has been: which nodes it tried, and what they said.

use std::sync::Arc;

use super::target::Known;
use crate::error::Error;
use crate::registry::Node;

/// How many nodes one call tries at most, when it may be made again after each.
const TRIES: u32 = 4;

/// The way of one call; nothing is allocated while the first node takes it.
#[derive(Debug, Default)]
pub(super) struct Way {
    tried: Vec<Arc<Node>>,
    /// How many of `tried`, from the first on, it has waited for in vain.
    waited: u32,
    tries: u32,
    /// What the last try failed with.
    failure: Option<Error>,
    /// What the registry told last.
    pub(super) known: Option<Known>,
}

impl Way {
    /// The nodes that were tried, and those that were passed by.
    pub(super) fn tried(&self) -> &[Arc<Node>] {
        &self.tried
    }

    pub(super) fn has_tried(&self, node: &Node) -> bool {
        self.tried.iter().any(|tried| tried.id == node.id)
    }

    /// Passes `node` by, which is left alone for a while or may be back in a moment.
    pub(super) fn pass(&mut self, node: &Arc<Node>) {
        self.tried.push(Arc::clone(node));
    }

    /// Has waited for a connection to `node` as long as it may.
    pub(super) fn wait_out(&mut self, node: &Arc<Node>) {
        if !self.has_tried(node) {
            self.pass(node);
        }
        let (first, left) = (self.waited as usize, self.unwaited());
        if let Some(at) = left.iter().position(|tried| tried.id == node.id) {
            self.tried.swap(first, first + at);
            self.waited += 1;
        }
    }

    /// Whether it has waited for a connection to `node` as long as it may.
    pub(super) fn has_waited_out(&self, node: &Node) -> bool {
        let waited = self.tried.iter().take(self.waited as usize);
        waited.into_iter().any(|waited| waited.id == node.id)
    }

    /// The nodes that were tried or passed by, and for which it may still wait.
    pub(super) fn unwaited(&self) -> &[Arc<Node>] {
        self.tried.get(self.waited as usize..).unwrap_or_default()
    }

    /// How many nodes have failed it.
    pub(super) fn tries(&self) -> usize {
        self.tries as usize
    }

    /// Whether one more failure is the last.
    pub(super) fn is_at_its_end(&self) -> bool {
        self.tries + 1 >= TRIES
    }

    /// Whether all nodes that are known were tried.
    pub(super) fn has_tried_all(&self) -> bool {
        let known = self.known.as_ref();
        known.is_none_or(|known| known.nodes.iter().all(|node| self.has_tried(node)))
    }

    /// Takes note that the call failed at `node` and may be made again; gives the error back when it was the last try.
    pub(super) fn fail(&mut self, node: &Arc<Node>, error: Error) -> Result<(), Error> {
        self.tries += 1;
        if self.tries >= TRIES {
            return Err(error);
        }
        tracing::debug!("another node is asked: {error:?}");
        if !self.has_tried(node) {
            self.pass(node);
        }
        self.failure = Some(error);
        Ok(())
    }

    /// The end of the way at a node that is left alone: what the last try failed with, or `rest`.
    pub(super) fn end(&mut self, rest: Error) -> Error {
        self.failure().unwrap_or(rest)
    }

    /// Takes what the last try failed with.
    pub(super) fn failure(&mut self) -> Option<Error> {
        self.failure.take()
    }

    /// Begins again.
    pub(super) fn again(&mut self) {
        *self = Self::default();
    }
}
