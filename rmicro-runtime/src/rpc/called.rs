//! What was called, as the errors of a call name it.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use crate::error::{Code, Error};
use crate::registry::Node;
use crate::seam::{Clock, Moment};

/// A call by its names; a cheap clone.
#[derive(Clone, Debug)]
pub(crate) struct Called {
    /// The full proto name.
    pub(crate) service: &'static str,
    pub(crate) method: &'static str,
    /// The name in the registry.
    pub(crate) name: Arc<str>,
    pub(crate) registry: &'static str,
    /// Where the call went, when it had come so far.
    pub(crate) whereabouts: Option<Whereabouts>,
}

impl Called {
    /// The error of a call whose deadline passed at `stage`.
    pub(crate) fn late(&self, stage: &str) -> Error {
        Error::deadline_exceeded(format!("{stage}: the deadline passed; called {self}"))
    }

    /// The error of a send after the deadline, while the call's status waits to be received.
    pub(crate) fn late_send(&self) -> Error {
        let text = "send: the deadline passed, and recv has the status; called";
        Error::deadline_exceeded(format!("{text} {self}"))
    }

    /// The error of a call that did not begin because of `error`.
    pub(crate) fn refused(&self, error: Error) -> Error {
        let text = format!("send: {}; called {self}", error.message());
        error.reworded(text)
    }

    /// The error of a reply that broke the rules as `text` says.
    pub(crate) fn broken(&self, text: &str) -> Error {
        Error::internal(format!("wait: {text}; called {self}"))
    }

    /// The error of a reply that could not be decoded, as `error` says: the fault is the peer's, and not the caller's.
    pub(crate) fn undecodable(&self, error: Error) -> Error {
        match error.code() {
            Code::InvalidArgument => self.broken(error.message()),
            _ => {
                let text = format!("wait: {}; called {self}", error.message());
                error.reworded(text)
            }
        }
    }
}

impl fmt::Display for Called {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (service, method, name) = (self.service, self.method, &self.name);
        write!(f, "{service}/{method} of {name:?}")?;
        if let Some(whereabouts) = &self.whereabouts {
            write!(f, " at node {}", whereabouts.node().id)?;
        }
        write!(f, " in registry {}", self.registry)
    }
}

/// The node where a call is; all clones learn of it when the call goes to another one.
#[derive(Clone, Debug)]
pub(crate) struct Whereabouts(Arc<Mutex<Arc<Node>>>);

impl Whereabouts {
    pub(crate) fn new(node: Arc<Node>) -> Self {
        Self(Arc::new(Mutex::new(node)))
    }

    pub(crate) fn node(&self) -> Arc<Node> {
        Arc::clone(&self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Says that the call is at `node` now.
    pub(crate) fn change(&self, node: Arc<Node>) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = node;
    }
}

/// What a caller knows of its stream: what it called, and when it stops waiting.
#[derive(Clone, Debug)]
pub(crate) struct Caller {
    pub(crate) called: Called,
    pub(crate) deadline: Option<Moment>,
}

impl Caller {
    /// Whether the deadline has passed.
    pub(crate) fn is_late(&self) -> bool {
        self.deadline
            .is_some_and(|deadline| deadline <= Clock::default().now())
    }

    /// `error` as the caller is to see it, now that a peer has given it.
    ///
    /// A peer keeps the deadline too and may be the first to end the call: grpc-go resets the stream then, and tonic says
    /// CANCELLED. When the deadline has passed that is what happened.
    pub(crate) fn told(&self, error: Error) -> Error {
        if error.code() == Code::Cancelled && self.is_late() {
            self.called.late("wait").source(error)
        } else {
            error
        }
    }
}
