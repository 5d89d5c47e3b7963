//! How far a call has come, for the text of its errors.
//!
//! Invariant: what a handler answered is left as it is; every other error of a call says at which stage it broke, for which
//! service of which registry, and at which node where one was chosen.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::error::Error;
use crate::registry::Node;
use crate::seam::Moment;

/// The stages of a call that its client sees.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Stage {
    /// The registry is asked.
    #[default]
    Discover,
    /// A node is connected to.
    Dial,
    /// The request is handed over.
    Send,
    /// The reply is waited for.
    Wait,
    /// An interceptor works.
    Intercept,
}

impl Stage {
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Discover => "discover",
            Self::Dial => "dial",
            Self::Send => "send",
            Self::Wait => "wait",
            Self::Intercept => "intercept",
        }
    }
}

/// Where one call is now.
#[derive(Debug, Default)]
pub(super) struct Progress(Mutex<Now>);

#[derive(Debug, Default)]
struct Now {
    stage: Stage,
    node: Option<Arc<Node>>,
    /// Why it waits for a node.
    obstacle: Option<Error>,
    /// When it is given up, with its interceptors.
    limit: Option<Moment>,
}

impl Progress {
    /// Looks for a node.
    pub(super) fn discover(&self) {
        let mut now = self.lock();
        now.stage = Stage::Discover;
        now.node = None;
    }

    /// Has chosen `node`.
    pub(super) fn dial(&self, node: &Arc<Node>) {
        let mut now = self.lock();
        now.stage = Stage::Dial;
        now.node = Some(Arc::clone(node));
    }

    /// Has come to `stage` at the same node.
    pub(super) fn reach(&self, stage: Stage) {
        self.lock().stage = stage;
    }

    /// Waits for a node because of `obstacle`.
    pub(super) fn wait_because(&self, obstacle: Error) {
        self.lock().obstacle = Some(obstacle);
    }

    /// Is given up at `limit` with its interceptors.
    pub(super) fn set_limit(&self, limit: Moment) {
        self.lock().limit = Some(limit);
    }

    /// When it is given up with its interceptors, where it has any.
    pub(super) fn limit(&self) -> Option<Moment> {
        self.lock().limit
    }

    pub(super) fn stage(&self) -> Stage {
        self.lock().stage
    }

    pub(super) fn node(&self) -> Option<Arc<Node>> {
        self.lock().node.clone()
    }

    /// The last reason to wait for a node.
    pub(super) fn obstacle(&self) -> Option<Error> {
        self.lock().obstacle.take()
    }

    fn lock(&self) -> MutexGuard<'_, Now> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// `error` with the stage at which a call to `node` of `service` broke; the word of a handler stays as it is, and names the
/// service as the one that raised it.
pub(super) fn told(
    error: Error,
    stage: Stage,
    node: &Node,
    service: &str,
    registry: &str,
) -> Error {
    if error.is_answer() {
        return match error.service_id() {
            Some(_) => error,
            None => error.service(service),
        };
    }
    let (stage, text, id) = (stage.name(), error.message(), &node.id);
    let text = format!("{stage}: {text} (node {id} of {service:?} in registry {registry})");
    error.reworded(text)
}
