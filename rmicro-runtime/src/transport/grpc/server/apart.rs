//! Calls that go on in tasks of their own, since they may compute.
//!
//! Invariant: a method that is known to compute for long keeps nobody from reading the sockets, where the runtime has several
//! threads. Its unary calls do not even hold a worker; a thread for each of its streams would cost more than it gives.

use std::future::poll_fn;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::runtime::{Handle, RuntimeFlavor};
use tokio::task::block_in_place;

use super::inbox::CallFuture;
use crate::call::{Kind, Route, SlowMark};
use crate::seam::Clock;

/// How many quick polls a call is still taken for a long one.
const WARY: u32 = 4;

/// Spawns `future`, a call of `route`, and goes on measuring it: a method may become slow, or quick.
///
/// The first poll of a call counts either way, unless that `was_polled` before; a later one only when it took longer than
/// `slow_after`.
pub(super) fn spawn(
    future: CallFuture,
    was_polled: bool,
    route: Arc<Route>,
    clock: Clock,
    slow_after: Duration,
) {
    let aside = Handle::current().runtime_flavor() == RuntimeFlavor::MultiThread;
    let mut call = Apart {
        wary: if aside && route.slow.is_long() {
            WARY
        } else {
            0
        },
        first: !was_polled,
        future,
        aside,
        route,
        clock,
        slow_after,
    };
    tokio::spawn(poll_fn(move |cx| call.poll(cx)));
}

struct Apart {
    future: CallFuture,
    route: Arc<Route>,
    first: bool,
    /// Whether there are other threads that could go on meanwhile.
    aside: bool,
    /// How many polls are still made aside: a busy machine makes every poll look long now and then, so this is forgotten soon.
    wary: u32,
    clock: Clock,
    slow_after: Duration,
}

impl Apart {
    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let begun = self.clock.now();
        // A worker that has just read from the sockets must not compute before another one takes that over: everybody would wait.
        let unary = self.route.kind == Kind::Unary;
        let polled = match self.wary {
            0 => self.future.as_mut().poll(cx),
            _ if unary => block_in_place(|| self.future.as_mut().poll(cx)),
            _ => {
                wake_another_worker();
                self.future.as_mut().poll(cx)
            }
        };
        self.observe(self.clock.now().since(begun));
        polled
    }

    fn observe(&mut self, took: Duration) {
        let (slow, long) = (
            took > self.slow_after,
            took > self.slow_after * SlowMark::LONG,
        );
        if std::mem::take(&mut self.first) || slow {
            self.route.slow.observe(slow);
            self.route.slow.observe_long(long);
        }
        self.wary = match long {
            true if self.aside => WARY,
            _ => self.wary.saturating_sub(1),
        };
    }
}

/// Makes sure that a worker is awake besides this one, if there is one: it will watch the sockets.
///
/// tokio keeps a task that a task spawns for the worker itself, and wakes another one only for the one before it.
fn wake_another_worker() {
    for _ in 0..2 {
        tokio::spawn(std::future::ready(()));
    }
}
