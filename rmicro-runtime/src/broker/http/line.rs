//! One connection to a subscriber, for one request after the other.
//!
//! Invariant: it has no task. Whoever has it drives it while a request of his is under way, so that an answer wakes nobody but him;
//! between two requests nobody does, and what the peer did meanwhile shows before the next one leaves.

use std::fmt;
use std::pin::{Pin, pin};
use std::task::{Context, Poll, Waker};

use bytes::Bytes;
use http::{Request, Response};
use hyper::body::Incoming;
use hyper::client::conn::TrySendError;
use hyper::client::conn::http1::{Connection, SendRequest, handshake};
use hyper_util::rt::TokioIo;

use super::body::{Unread, Whole, collect};
use crate::seam::Socket;

/// What is left of the connection: the half that has the socket, until it has ended.
pub(super) struct Line {
    sender: SendRequest<Whole>,
    connection: Option<Connection<TokioIo<Box<dyn Socket>>, Whole>>,
}

/// The head of an answer, or why there is none.
pub(super) type Answered = Result<Response<Incoming>, TrySendError<Request<Whole>>>;

impl Line {
    /// A connection over `socket` that nothing has been sent on.
    pub(super) async fn over(socket: Box<dyn Socket>) -> hyper::Result<Self> {
        let (sender, connection) = handshake(TokioIo::new(socket)).await?;
        Ok(Self {
            sender,
            connection: Some(connection),
        })
    }

    /// Begins to send `request`; what is returned is to be given to [`answer`](Self::answer).
    pub(super) fn begin(
        &mut self,
        request: Request<Whole>,
    ) -> impl Future<Output = Answered> + use<> {
        self.sender.try_send_request(request)
    }

    /// Waits for the head of the answer to what was `begun`; the error has the request where that has not left.
    ///
    /// Dropping the future leaves the line in the middle of a request: only dropping it is of use then.
    pub(super) fn answer(
        &mut self,
        begun: impl Future<Output = Answered> + Unpin,
    ) -> impl Future<Output = Answered> {
        driven(&mut self.connection, begun)
    }

    /// All of the body of an answer, as [`collect`] reads it.
    pub(super) async fn collect(&mut self, body: Incoming, limit: usize) -> Result<Bytes, Unread> {
        driven(&mut self.connection, pin!(collect(body, limit))).await
    }

    /// Waits until it can take the next request; `false` where it never will.
    pub(super) async fn ready(&mut self) -> bool {
        let ready = pin!(self.sender.ready());
        driven(&mut self.connection, ready).await.is_ok()
    }

    /// Whether it can take the next request now.
    pub(super) fn is_ready(&self) -> bool {
        self.sender.is_ready()
    }

    /// Whether the peer has left it open, as far as is known here; for one that no request is under way on. Nobody is woken by it
    /// after that.
    pub(super) fn is_open(&mut self) -> bool {
        drive(
            &mut self.connection,
            &mut Context::from_waker(Waker::noop()),
        );
        self.connection.is_some()
    }
}

/// Waits for `output`, which `connection` brings about; pinned by the caller, who would have room for it twice otherwise.
fn driven<T>(
    connection: &mut Option<Connection<TokioIo<Box<dyn Socket>>, Whole>>,
    mut output: impl Future<Output = T> + Unpin,
) -> impl Future<Output = T> {
    std::future::poll_fn(move |cx| {
        drive(connection, cx);
        Pin::new(&mut output).poll(cx)
    })
}

/// Reads and writes what can be; nothing is left of a connection that ends by it, and whoever waits for it learns that.
fn drive(
    connection: &mut Option<Connection<TokioIo<Box<dyn Socket>>, Whole>>,
    cx: &mut Context<'_>,
) {
    if let Some(open) = connection
        && let Poll::Ready(ended) = Pin::new(open).poll(cx)
    {
        if let Err(error) = ended {
            tracing::debug!(%error, "Broker [http] a connection to a subscriber ended");
        }
        *connection = None;
    }
}

impl fmt::Debug for Line {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Line(open: {})", self.connection.is_some())
    }
}
