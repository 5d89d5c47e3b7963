//! From a path to what serves it.

use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use super::BoxFuture;
use super::head::Kind;
use super::state::ServerCall;
use super::tally::Tally;
use crate::error::Result;

/// Where a transport looks up what it is asked for.
pub trait Routes: Send + Sync + 'static {
    /// What serves `path`, which is `/service/method`; [`Code::Unimplemented`](crate::Code::Unimplemented) when nothing does.
    fn route(&self, path: &str) -> Result<Arc<Route>>;

    /// The name of the service that serves, for callers that are told who raised an error.
    fn service_id(&self) -> Option<Arc<str>> {
        None
    }
}

/// Something that serves calls.
pub trait Endpoint: Send + Sync + 'static {
    /// Serves one call; the reply is in the call's state or in its buffer when the future is ready.
    fn call<'a>(&'a self, call: ServerCall) -> BoxFuture<'a, Result<()>>;
}

/// One method and the endpoint that serves it.
pub struct Route {
    /// The full proto name of the service.
    pub service: Cow<'static, str>,
    /// The name of the method in the proto.
    pub method: Cow<'static, str>,
    /// The kind of its calls.
    pub kind: Kind,
    /// What serves it.
    pub endpoint: Arc<dyn Endpoint>,
    /// Whether its calls get a task of their own.
    pub slow: SlowMark,
    /// How many calls it had; whoever polls a handler counts it.
    pub tally: Tally,
}

impl Route {
    /// The route of a method that has had no call yet.
    pub fn new(
        service: impl Into<Cow<'static, str>>,
        method: impl Into<Cow<'static, str>>,
        kind: Kind,
        endpoint: Arc<dyn Endpoint>,
    ) -> Self {
        Self {
            service: service.into(),
            method: method.into(),
            kind,
            endpoint,
            slow: SlowMark::default(),
            tally: Tally::default(),
        }
    }

    /// Serves one call and counts it.
    pub async fn serve(&self, call: ServerCall) -> Result<()> {
        let counted = self.tally.begin();
        counted.end(self.endpoint.call(call).await)
    }
}

impl fmt::Debug for Route {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Route(/{}/{})", self.service, self.method)
    }
}

/// The guard of handlers that compute before they wait.
///
/// A handler is first polled in the task of its connection. One that takes longer than [`SlowMark::LIMIT`] for that, or a stream
/// that later takes so long for a message, marks its method: later calls get a task of their own, so that the others on the
/// connection do not wait. After 64 quick calls in a row the mark is taken back, because a busy machine makes every handler look
/// slow now and then; a mark that the user set stays.
#[derive(Debug, Default)]
pub struct SlowMark(AtomicU32);

impl SlowMark {
    /// How long a poll may take where a transport is told nothing else.
    pub const LIMIT: Duration = Duration::from_millis(1);
    const PROBATION: u32 = 64;
    const FOREVER: u32 = u32::MAX;

    /// Marks the method for good.
    pub fn set(&self) {
        self.0.store(Self::FOREVER, Ordering::Relaxed);
    }

    /// Whether calls get a task of their own.
    pub fn is_set(&self) -> bool {
        self.0.load(Ordering::Relaxed) > 0
    }

    /// Tells whether the first poll of a call was slow.
    pub fn observe(&self, was_slow: bool) {
        let left = self.0.load(Ordering::Relaxed);
        // A lost update between two connections only moves the end of the probation by a call.
        if was_slow && left != Self::FOREVER {
            self.0.store(Self::PROBATION, Ordering::Relaxed);
        } else if left > 0 && left != Self::FOREVER {
            self.0.store(left - 1, Ordering::Relaxed);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slow_first_poll_marks_until_it_was_quick_often_enough() {
        let mark = SlowMark::default();
        mark.observe(false);
        assert!(!mark.is_set());
        mark.observe(true);
        for _ in 0..64 {
            assert!(mark.is_set());
            mark.observe(false);
        }
        assert!(!mark.is_set());
    }

    #[test]
    fn the_users_mark_stays() {
        let mark = SlowMark::default();
        mark.set();
        for _ in 0..200 {
            mark.observe(false);
        }
        assert!(mark.is_set());
    }
}
