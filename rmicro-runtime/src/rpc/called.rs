//! What was called, as the errors of a call name it.

use std::fmt;
use std::sync::Arc;

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
    pub(crate) node: Option<Arc<Node>>,
}

impl Called {
    /// The error of a call whose deadline passed at `stage`.
    pub(crate) fn late(&self, stage: &str) -> Error {
        Error::deadline_exceeded(format!("{stage}: the deadline passed; called {self}"))
    }
}

impl fmt::Display for Called {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (service, method, name) = (self.service, self.method, &self.name);
        write!(f, "{service}/{method} of {name:?}")?;
        if let Some(node) = &self.node {
            write!(f, " at node {}", node.id)?;
        }
        write!(f, " in registry {}", self.registry)
    }
}

/// When a caller stops waiting for its stream, and what it called.
#[derive(Clone, Debug)]
pub(crate) struct Deadline {
    pub(crate) at: Moment,
    pub(crate) called: Called,
}

impl Deadline {
    /// `error` as the caller is to see it, now that a peer has given it.
    ///
    /// A peer keeps the deadline too and may be the first to end the call: grpc-go resets the stream then, and tonic says
    /// CANCELLED. When the deadline has passed that is what happened.
    pub(crate) fn told(&self, error: Error) -> Error {
        if error.code() == Code::Cancelled && self.at <= Clock::default().now() {
            self.called.late("wait").source(error)
        } else {
            error
        }
    }
}
