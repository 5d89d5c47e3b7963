//! One connection to a subscriber, for one request after the other.
//!
//! Invariant: it has no task. Whoever has it drives it while a request of his is under way, so that an answer wakes nobody but him;
//! between two requests nobody does, and what the peer did meanwhile shows before the next one leaves. The connection knows one waker
//! as long as it lasts, a bell: to have each of its parts learn of another task costs more than to tell the bell.

use std::fmt;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use bytes::Bytes;
use http::{Request, Response};
use hyper::body::Incoming;
use hyper::client::conn::TrySendError;
use hyper::client::conn::http1::{Connection, SendRequest, handshake};
use hyper_util::rt::TokioIo;

use super::bell::Bell;
use super::body::{Unread, Whole, collect};
use crate::seam::Socket;

/// What is left of the connection: the half that has the socket, until it has ended.
pub(super) struct Line {
    sender: SendRequest<Whole>,
    driven: Driven,
}

/// The connection as it is driven.
struct Driven {
    connection: Option<Connection<TokioIo<Box<dyn Socket>>, Whole>>,
    bell: Arc<Bell>,
    /// The bell as a waker.
    waker: Waker,
}

/// Has the bell call nobody when it is dropped.
struct Called<'a>(&'a mut Driven);

/// The head of an answer, or why there is none.
pub(super) type Answered = Result<Response<Incoming>, TrySendError<Request<Whole>>>;

impl Line {
    /// A connection over `socket` that nothing has been sent on.
    pub(super) async fn over(socket: Box<dyn Socket>) -> hyper::Result<Self> {
        let (sender, connection) = handshake(TokioIo::new(socket)).await?;
        let bell = Arc::new(Bell::new());
        let driven = Driven {
            connection: Some(connection),
            waker: bell.clone().into(),
            bell,
        };
        Ok(Self { sender, driven })
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
        self.driven.until(begun)
    }

    /// All of the body of an answer, as [`collect`] reads it.
    pub(super) async fn collect(&mut self, body: Incoming, limit: usize) -> Result<Bytes, Unread> {
        self.driven.until(pin!(collect(body, limit))).await
    }

    /// Waits until it can take the next request; `false` where it never will.
    pub(super) async fn ready(&mut self) -> bool {
        let ready = pin!(self.sender.ready());
        self.driven.until(ready).await.is_ok()
    }

    /// Whether it can take the next request now.
    pub(super) fn is_ready(&self) -> bool {
        self.sender.is_ready()
    }

    /// Whether the peer has left it open, as far as is known here; for one that no request is under way on.
    pub(super) fn is_open(&mut self) -> bool {
        self.driven.drive();
        self.driven.connection.is_some()
    }
}

impl Driven {
    /// Waits for `output`, which the connection brings about; whoever waits is woken by it meanwhile.
    fn until<T>(&mut self, mut output: impl Future<Output = T> + Unpin) -> impl Future<Output = T> {
        let called = Called(self);
        let mut task = None;
        std::future::poll_fn(move |cx| {
            called.0.bell.calls(cx.waker(), &mut task);
            called.0.drive();
            // Only what was driven brings it about, and would wake this task, which is here already.
            Pin::new(&mut output).poll(&mut Context::from_waker(Waker::noop()))
        })
    }

    /// Reads and writes what can be; nothing is left of a connection that ends by it, and whoever waits for it learns that.
    fn drive(&mut self) {
        let mut cx = Context::from_waker(&self.waker);
        if let Some(open) = &mut self.connection
            && let Poll::Ready(ended) = Pin::new(open).poll(&mut cx)
        {
            if let Err(error) = ended {
                tracing::debug!(%error, "Broker [http] a connection to a subscriber ended");
            }
            self.connection = None;
        }
    }
}

impl Drop for Called<'_> {
    fn drop(&mut self) {
        self.0.bell.calls_nobody();
    }
}

impl fmt::Debug for Line {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Line(open: {})", self.driven.connection.is_some())
    }
}
