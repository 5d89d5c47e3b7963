//! The task of one connection.
//!
//! hyper's executor only queues. This task polls the connection (it reads, and the queue fills), then polls each new call once
//! itself; every 16 calls or 32 KiB of replies it polls the connection again, so that replies leave while the peer can still work
//! on them. What is pending after its first poll goes on elsewhere: a unary call in a task of its own, because it may compute, a
//! stream in a set that this task owns, because its messages then leave together.

use std::net::SocketAddr;
use std::pin::Pin;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use hyper::server::conn::http2;
use hyper_util::rt::TokioIo;

use super::accept::{Shared, drain_begins};
use super::apart;
use super::expiring::Expiring;
use super::inbox::{Arrival, Head, Inbox};
use super::preface::{self, Prefaced};
use super::service::CallService;
use super::stream_set::StreamSet;
use crate::call::{BoxFuture, Kind, SlowMark};
use crate::seam::{Clock, Socket};
use crate::transport::grpc::GrpcConfig;
use crate::transport::grpc::limit::kept_by_h2;

/// How many calls may run at a time on one connection, where nobody said it. hyper's own 200 is little for clients that, like
/// ours, have one connection to a node.
const STREAMS: u32 = 1000;
/// After how much silence a peer is asked for a sign of life, where nobody said it: grpc-go's.
const KEEP_ALIVE: Duration = Duration::from_secs(2 * 3600);
/// What counts as for ever: hyper adds it to the time.
const FOR_EVER: Duration = Duration::from_secs(30 * 365 * 24 * 3600);
/// How many calls are polled between two flushes.
const CALLS: usize = 16;
/// How many bytes of replies are gathered between two flushes.
const BYTES: usize = 32 * 1024;
/// How many rounds one poll of the task may take before others on its worker have a turn.
const ROUNDS: usize = 64;

/// Serves one connection until it ends.
pub(super) async fn serve(shared: Shared, socket: Box<dyn Socket>, peer: SocketAddr) {
    let clock = shared.grpc.seam.clock;
    let limit = clock.now().after(shared.grpc.config.handshake_timeout);
    let mut draining = shared.draining.clone();
    let socket = tokio::select! {
        biased;
        greeted = clock.until(limit, preface::await_preface(socket)) => match greeted {
            Some(Ok(socket)) => socket,
            Some(Err(reason)) => return tracing::debug!(%peer, reason, "a peer was turned away"),
            None => return tracing::debug!(%peer, "a peer said nothing"),
        },
        () = drain_begins(&mut draining) => return,
    };
    let inbox = Inbox::default();
    let service = CallService::new(&shared, inbox.clone(), peer);
    let builder = builder(&shared.grpc.config, clock, inbox.clone());
    let http = builder.serve_connection(TokioIo::new(socket), service);
    let connection = Connection {
        http,
        inbox,
        streams: StreamSet::new(clock, shared.grpc.config.slow_after),
        since_flush: 0,
        slow_after: shared.grpc.config.slow_after,
        clock,
        drain: Some(Box::pin(async move { drain_begins(&mut draining).await })),
    };
    if let Err(error) = connection.await {
        tracing::debug!(%peer, %error, "a connection ended");
    }
}

fn builder(config: &GrpcConfig, clock: Clock, inbox: Inbox) -> http2::Builder<Inbox> {
    let streams = match config.max_concurrent_streams {
        0 => STREAMS,
        streams => streams,
    };
    let silence = config.keep_alive_interval.unwrap_or(KEEP_ALIVE);
    let mut builder = http2::Builder::new(inbox);
    // h2 ends a connection whose unread small frames cost more than half of its window: one of each call must have room.
    let small_frames = config
        .max_concurrent_streams
        .saturating_mul(SMALL_FRAME_COST);
    let window = config.connection_window.max(small_frames);
    builder
        .initial_stream_window_size(config.stream_window)
        .initial_connection_window_size(window.clamp(SMALLEST_WINDOW, LARGEST_WINDOW))
        .max_header_list_size(kept_by_h2(config.max_header_list_size, KEPT_TIMES))
        .auto_date_header(false)
        // Cancels that come with their own HEADERS in one read count against this; the default of 20 cuts honest peers.
        .max_pending_accept_reset_streams(1024)
        .max_local_error_reset_streams(None)
        .max_concurrent_streams(streams)
        .timer(clock)
        .keep_alive_interval(Some(silence).filter(|silence| *silence < FOR_EVER))
        .keep_alive_timeout(config.keep_alive_timeout.min(FOR_EVER));
    builder
}

/// How many times the limit the headers of a request may be and still get an answer of gRPC: half as much more gets HTTP 431. It is less
/// than on a client, because anybody may connect.
const KEPT_TIMES: u32 = 4;
/// The window of a connection at its beginning (RFC 9113, section 6.9.2); it cannot be made smaller.
const SMALLEST_WINDOW: u32 = 65_535;
/// The largest window (RFC 9113, section 6.9.1); h2 panics above it.
const LARGEST_WINDOW: u32 = (1 << 31) - 1;
/// How much of the window one unread small frame costs, at most.
const SMALL_FRAME_COST: u32 = 2 * 256;

struct Connection {
    http: http2::Connection<TokioIo<Prefaced>, CallService, Inbox>,
    inbox: Inbox,
    streams: StreamSet,
    since_flush: usize,
    slow_after: Duration,
    clock: Clock,
    drain: Option<BoxFuture<'static, ()>>,
}

impl Future for Connection {
    type Output = hyper::Result<()>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.get_mut();
        this.streams.enter();
        this.poll_drain(cx);
        for _ in 0..ROUNDS {
            if let Poll::Ready(ended) = this.flush(cx) {
                return Poll::Ready(ended);
            }
            match this.round(cx) {
                Poll::Ready(Some(ended)) => return Poll::Ready(ended),
                Poll::Ready(None) => {}
                Poll::Pending if this.streams.leave(cx) => return Poll::Pending,
                Poll::Pending => this.streams.enter(),
            }
        }
        cx.waker().wake_by_ref();
        Poll::Pending
    }
}

impl Connection {
    /// Polls what is new and what was woken, with a flush whenever the budget is used up.
    ///
    /// Pending when there was nothing to do; ready with the end of the connection, or with `None` to go on.
    fn round(&mut self, cx: &mut Context<'_>) -> Poll<Option<hyper::Result<()>>> {
        let mut idle = true;
        while let Some(arrival) = self.inbox.pop() {
            idle = false;
            self.start(arrival);
            if let Poll::Ready(ended) = self.spend(cx) {
                return Poll::Ready(Some(ended));
            }
        }
        if self.streams.begin_round() {
            idle = false;
            while self.streams.poll_next() {
                if let Poll::Ready(ended) = self.spend(cx) {
                    return Poll::Ready(Some(ended));
                }
            }
        }
        if idle {
            Poll::Pending
        } else {
            Poll::Ready(None)
        }
    }

    /// Lets HTTP/2 read and write.
    fn flush(&mut self, cx: &mut Context<'_>) -> Poll<hyper::Result<()>> {
        self.since_flush = 0;
        self.inbox.take_written();
        Pin::new(&mut self.http).poll(cx)
    }

    /// Counts one poll, and flushes when the budget is used up.
    fn spend(&mut self, cx: &mut Context<'_>) -> Poll<hyper::Result<()>> {
        self.since_flush += 1;
        if self.since_flush < CALLS && self.inbox.written() < BYTES {
            return Poll::Pending;
        }
        self.flush(cx)
    }

    fn start(&mut self, arrival: Arrival) {
        let Arrival { mut future, head } = arrival;
        let Some(Head { route, deadline }) = head else {
            // Refused before it had a route: its reply is ready.
            return self.streams.start(future, None);
        };
        let streams = route.kind != Kind::Unary;
        if streams && let Some(deadline) = deadline {
            future = Box::pin(Expiring::new(future, deadline, self.clock));
        }
        if route.slow.is_set() {
            return apart::spawn(future, false, route, self.clock, self.slow_after);
        }
        if streams {
            return self.streams.start(future, Some(route));
        }
        let begun = self.clock.now();
        // Whoever takes the future over polls it again, so nothing is lost with this waker.
        let polled = future
            .as_mut()
            .poll(&mut Context::from_waker(Waker::noop()));
        let took = self.clock.now().since(begun);
        route.slow.observe(took > self.slow_after);
        route
            .slow
            .observe_long(took > self.slow_after * SlowMark::LONG);
        if polled.is_pending() {
            apart::spawn(future, true, route, self.clock, self.slow_after);
        }
    }

    fn poll_drain(&mut self, cx: &mut Context<'_>) {
        if let Some(drain) = &mut self.drain
            && drain.as_mut().poll(cx).is_ready()
        {
            self.drain = None;
            Pin::new(&mut self.http).graceful_shutdown();
        }
    }
}
