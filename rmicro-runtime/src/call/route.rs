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
///
/// A method whose polls take long, [`SlowMark::LONG`] times as long as that, has a second mark of the same kind: its polls are
/// not even to hold a worker of the runtime.
#[derive(Debug, Default)]
pub struct SlowMark {
    slow: Probation,
    long: Probation,
}

impl SlowMark {
    /// How long a poll may take where a transport is told nothing else.
    pub const LIMIT: Duration = Duration::from_millis(1);
    /// How many times the limit a poll may take before it is long.
    pub const LONG: u32 = 8;

    /// Marks the method for good, as slow and as long.
    pub fn set(&self) {
        self.slow.set();
        self.long.set();
    }

    /// Whether calls get a task of their own.
    pub fn is_set(&self) -> bool {
        self.slow.is_set()
    }

    /// Whether polls are not to hold a worker.
    pub fn is_long(&self) -> bool {
        self.long.is_set()
    }

    /// Tells whether the first poll of a call was slow.
    pub fn observe(&self, was_slow: bool) {
        self.slow.observe(was_slow);
    }

    /// Tells whether the first poll of a call, or a slow one, was long.
    pub fn observe_long(&self, was_long: bool) {
        self.long.observe(was_long);
    }
}

/// How many good observations in a row are wanted until a mark is taken back.
#[derive(Debug, Default)]
struct Probation(AtomicU32);

impl Probation {
    const LENGTH: u32 = 64;
    const FOREVER: u32 = u32::MAX;

    fn set(&self) {
        self.0.store(Self::FOREVER, Ordering::Relaxed);
    }

    fn is_set(&self) -> bool {
        self.0.load(Ordering::Relaxed) > 0
    }

    fn observe(&self, bad: bool) {
        let left = self.0.load(Ordering::Relaxed);
        // A lost update between two connections only moves the end of the probation by a call.
        if bad && left != Self::FOREVER {
            self.0.store(Self::LENGTH, Ordering::Relaxed);
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
