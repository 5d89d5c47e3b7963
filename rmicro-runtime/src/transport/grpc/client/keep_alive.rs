//! Whether the peer is still there (gRPC's `keepalive.md`).
//!
//! Invariant: it is asked only while calls run and after it was silent, so a connection without calls stays, and costs nothing.

use std::io;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use h2::{Ping, PingPong};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use crate::seam::{Clock, Moment, Sleep, Socket};

/// When the peer was last heard.
#[derive(Clone)]
pub(super) struct Heard(Arc<Mutex<Moment>>);

impl Heard {
    pub(super) fn new(now: Moment) -> Self {
        Self(Arc::new(Mutex::new(now)))
    }

    fn set(&self, now: Moment) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = now;
    }

    fn last(&self) -> Moment {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Asks a silent peer for a sign of life.
pub(super) struct KeepAlive {
    pings: PingPong,
    heard: Heard,
    clock: Clock,
    interval: Duration,
    timeout: Duration,
    state: State,
}

enum State {
    /// No call runs.
    Idle,
    /// Until the peer may have been silent for too long.
    Waiting(Sleep),
    /// The peer was asked at this moment, and has until the sleep ends.
    Asked(Moment, Sleep),
}

impl KeepAlive {
    /// Asks by `pings` after `interval` of silence, and waits for `timeout`.
    pub(super) fn new(
        pings: PingPong,
        heard: Heard,
        clock: Clock,
        interval: Duration,
        timeout: Duration,
    ) -> Self {
        Self {
            pings,
            heard,
            clock,
            interval,
            timeout,
            state: State::Idle,
        }
    }

    /// Ready when the peer is given up; to be polled after the connection, and whenever a call begins.
    pub(super) fn poll(&mut self, cx: &mut Context<'_>, calls_run: bool) -> Poll<()> {
        loop {
            let now = self.clock.now();
            match &mut self.state {
                State::Idle if !calls_run => return Poll::Pending,
                State::Idle => self.wait_until(now.after(self.interval)),
                State::Waiting(sleep) => {
                    ready!(Pin::new(sleep).poll(cx));
                    let due = self.heard.last().after(self.interval);
                    if !calls_run {
                        self.state = State::Idle;
                    } else if due > now {
                        self.wait_until(due);
                    } else {
                        self.ask(now);
                    }
                }
                State::Asked(at, sleep) => {
                    // Whatever came is a sign of life, the answer or not; it is taken so that the next question can be put.
                    let answered = self.pings.poll_pong(cx).is_ready();
                    if !answered && self.heard.last() <= *at {
                        return Pin::new(sleep).poll(cx);
                    }
                    self.state = State::Idle;
                }
            }
        }
    }

    fn wait_until(&mut self, moment: Moment) {
        self.state = State::Waiting(self.clock.sleep_until(moment));
    }

    fn ask(&mut self, now: Moment) {
        // An error means that the last question has no answer yet, or that the connection is over, which is seen there.
        let _ = self.pings.send_ping(Ping::opaque());
        let limit = now.after(self.timeout);
        self.state = State::Asked(now, self.clock.sleep_until(limit));
    }
}

/// A socket that notes when its peer is heard.
pub(super) struct Listening {
    socket: Box<dyn Socket>,
    heard: Heard,
    clock: Clock,
}

impl Listening {
    pub(super) fn new(socket: Box<dyn Socket>, heard: Heard, clock: Clock) -> Self {
        Self {
            socket,
            heard,
            clock,
        }
    }
}

impl AsyncRead for Listening {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        ready!(Pin::new(&mut *self.socket).poll_read(cx, buffer))?;
        if buffer.filled().len() > before {
            self.heard.set(self.clock.now());
        }
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Listening {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut *self.socket).poll_write(cx, bytes)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut *self.socket).poll_write_vectored(cx, slices)
    }

    fn is_write_vectored(&self) -> bool {
        self.socket.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut *self.socket).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut *self.socket).poll_shutdown(cx)
    }
}
