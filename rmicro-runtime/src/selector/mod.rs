//! Which of many nodes is asked.
//!
//! Invariant: a selector never waits and asks nobody; it sees the call and learns its outcome.

mod random;
mod round_robin;

use std::fmt;
use std::sync::Arc;

pub use random::Random;
pub use round_robin::RoundRobin;

use crate::call::CallHead;
use crate::error::Error;
use crate::registry::Node;

/// Chooses a node for each call.
pub trait Selector: fmt::Debug + Send + Sync + 'static {
    /// One of `nodes` for the call that `choice` tells of; `None` only when there is none to choose.
    ///
    /// `nodes` may differ from call to call and is never assumed to be sorted or complete. The answer is one of `nodes`.
    fn select<'a>(&self, choice: &Choice<'_>, nodes: &'a [Arc<Node>]) -> Option<&'a Arc<Node>>;

    /// Tells how a call to `node` ended: `None` well, otherwise with what.
    fn mark(&self, _service: &str, _node: &Node, _outcome: Option<&Error>) {}

    /// Forgets what was learned about `service`.
    fn reset(&self, _service: &str) {}
}

/// What a selector may know about the call that it chooses for.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct Choice<'a> {
    /// The name in the registry.
    pub service: &'a str,
    /// The head of the call.
    pub head: &'a CallHead,
    /// The nodes that were tried before in the same call, by id.
    pub tried: &'a [Arc<Node>],
}

impl<'a> Choice<'a> {
    /// The first choice for a call of `service`.
    pub fn new(service: &'a str, head: &'a CallHead) -> Self {
        Self {
            service,
            head,
            tried: &[],
        }
    }

    /// The choice after `tried` did not work.
    #[must_use]
    pub fn after(self, tried: &'a [Arc<Node>]) -> Self {
        Self { tried, ..self }
    }

    /// Whether `node` was tried before in this call.
    pub fn was_tried(&self, node: &Node) -> bool {
        self.tried.iter().any(|tried| tried.id == node.id)
    }
}
