//! How far a call has come, for the text of its errors.
//!
//! Invariant: what a handler answered is left as it is; every other error of a call says at which stage it broke, for which
//! service of which registry, and at which node where one was chosen.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::error::Error;
use crate::registry::Node;
use crate::rpc::Whereabouts;
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
    /// What is known of a stream that has begun.
    begun: Option<(Whereabouts, Option<Moment>)>,
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

    /// Is a stream that has begun at `whereabouts`, with what its interceptors made of its `deadline`.
    pub(super) fn begin(&self, whereabouts: Whereabouts, deadline: Option<Moment>) {
        self.lock().begun = Some((whereabouts, deadline));
    }

    /// Where it is, when it has come so far.
    pub(super) fn whereabouts(&self) -> Option<Whereabouts> {
        let now = self.lock();
        let begun = now.begun.as_ref().map(|(at, _)| at.clone());
        begun.or_else(|| now.node.clone().map(Whereabouts::new))
    }

    /// The deadline of a stream behind its interceptors.
    pub(super) fn inner_deadline(&self) -> Option<Moment> {
        self.lock()
            .begun
            .as_ref()
            .and_then(|(_, deadline)| *deadline)
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
    // Our own side refuses what was to be sent while the reply is waited for.
    let stage = match error.is_of_sending() {
        true => Stage::Send,
        false => stage,
    };
    let (stage, text, id) = (stage.name(), error.message(), &node.id);
    let text = format!("{stage}: {text} (node {id} of {service:?} in registry {registry})");
    error.reworded(text)
}
