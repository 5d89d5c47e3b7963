//! A listener and a connection to it, and the client's end of a call.

use std::future::poll_fn;
use std::sync::Arc;
use std::task::Poll;

use bytes::{BufMut, Bytes, BytesMut};

use super::probe::Probe;
use super::served::{Method, table};
use crate::call::{CallHead, FrameStream, Kind, SendBuffer, write_frame};
use crate::error::{Error, Result};
use crate::metadata::Metadata;
use crate::transport::{Body, ClientCall, Connection, Listener, Refused, Transport};

/// Where the checks listen: an address that every transport can take, and that is reached by what the listener tells.
pub(super) const ANY: &str = "127.0.0.1:0";
pub(super) const SERVICE: &str = "conformance.v1.Transport";
pub(super) const KINDS: [Kind; 4] = [
    Kind::Unary,
    Kind::ClientStreaming,
    Kind::ServerStreaming,
    Kind::BidiStreaming,
];

/// A listener, a connection to it, and what its handlers do.
pub(super) struct Pair {
    pub(super) listener: Box<dyn Listener>,
    pub(super) connection: Arc<dyn Connection>,
    pub(super) probe: Probe,
}

impl Pair {
    /// Serves the `methods`, one of a kind at most, and the method `Echo`.
    pub(super) async fn new<T: Transport>(transport: &T, methods: Vec<Method>) -> Self {
        let probe = Probe::default();
        let listener = transport
            .listen(ANY, table(methods, &probe))
            .await
            .expect("a free address can be listened on");
        let connection = transport
            .dial(listener.address())
            .await
            .expect("a listener can be dialled");
        Self {
            listener,
            connection,
            probe,
        }
    }

    /// Calls the method of `kind` with one message.
    pub(super) async fn one(&self, kind: Kind, message: &[u8]) -> Client {
        self.start(head(kind), kind, Body::One(frame(message)))
            .await
    }

    /// Calls the method of `kind` with what will be sent.
    pub(super) async fn stream(&self, kind: Kind) -> Client {
        let requests = SendBuffer::new();
        self.start(head(kind), kind, Body::Stream(requests)).await
    }

    /// Calls the method of `kind` in the way of its kind; a stream is left open.
    pub(super) async fn any(&self, head: CallHead, kind: Kind) -> Client {
        let body = if kind.client_streams() {
            Body::Stream(SendBuffer::new())
        } else {
            Body::One(frame(b"request"))
        };
        self.start(head, kind, body).await
    }

    /// Starts a call, and waits where the connection is busy.
    pub(super) async fn start(&self, head: CallHead, kind: Kind, body: Body) -> Client {
        start(&*self.connection, head, kind, body).await
    }

    /// Calls `Echo` once.
    pub(super) async fn echo(&self) {
        Self::echo_on(&*self.connection).await;
    }

    /// Calls `Echo` once, on a connection of the check's own.
    pub(super) async fn echo_on(connection: &dyn Connection) {
        let head = CallHead::new(SERVICE, "Echo");
        let mut call = start(connection, head, Kind::Unary, Body::One(frame(b"echo"))).await;
        assert_eq!(call.recv().await.unwrap().as_deref(), Some(&b"echo"[..]));
    }
}

/// The client's end of a call.
pub(super) struct Client {
    pub(super) replies: Box<dyn FrameStream>,
    pub(super) requests: SendBuffer,
}

impl Client {
    pub(super) async fn recv(&mut self) -> Result<Option<Bytes>> {
        poll_fn(|cx| self.replies.poll_frame(cx)).await.transpose()
    }

    pub(super) async fn send(&self, message: &[u8]) -> Result<()> {
        push(&self.requests, message).await
    }

    pub(super) fn end(&self) {
        self.requests.end();
    }

    /// Waits for the reply's metadata.
    pub(super) async fn metadata(&mut self) -> Metadata {
        poll_fn(|cx| self.replies.poll_metadata(cx))
            .await
            .expect("metadata comes");
        std::mem::take(self.replies.metadata())
    }

    pub(super) fn trailers(&mut self) -> Metadata {
        std::mem::take(self.replies.trailers())
    }

    /// Every reply until the end, and the end.
    pub(super) async fn rest(&mut self) -> (Vec<Bytes>, Result<()>) {
        let mut replies = Vec::new();
        loop {
            match self.recv().await {
                Ok(Some(reply)) => replies.push(reply),
                Ok(None) => return (replies, Ok(())),
                Err(error) => return (replies, Err(error)),
            }
        }
    }

    /// The error that the call ends with.
    pub(super) async fn error(&mut self) -> Error {
        self.rest().await.1.expect_err("the call fails")
    }

    /// Waits for `event`, and polls the call meanwhile, as a caller would; nothing may come back before.
    pub(super) async fn until(&mut self, event: impl Future<Output = ()>) {
        let mut event = std::pin::pin!(event);
        poll_fn(|cx| {
            if event.as_mut().poll(cx).is_ready() {
                return Poll::Ready(());
            }
            if let Poll::Ready(early) = self.replies.poll_frame(cx) {
                panic!("this came back before it could: {early:?}");
            }
            Poll::Pending
        })
        .await;
    }
}

/// One frame with `message` in it.
pub(super) fn frame(message: &[u8]) -> Bytes {
    let mut run = BytesMut::new();
    write_frame(&mut run, |bytes| {
        bytes.put_slice(message);
        Ok(())
    })
    .expect("a short message fits a frame");
    run.freeze()
}

/// The head of a call of the method of `kind`.
pub(super) fn head(kind: Kind) -> CallHead {
    CallHead::new(SERVICE, name(kind))
}

/// Puts `message` into `buffer`, and waits for room.
pub(super) async fn push(buffer: &SendBuffer, message: &[u8]) -> Result<()> {
    poll_fn(|cx| {
        buffer.poll_push(cx, |bytes| {
            bytes.put_slice(message);
            Ok(())
        })
    })
    .await
}

async fn start(connection: &dyn Connection, head: CallHead, kind: Kind, body: Body) -> Client {
    let requests = match &body {
        Body::One(_) => SendBuffer::new(),
        Body::Stream(requests) => requests.clone(),
    };
    let mut call = ClientCall::new(head, kind, body);
    loop {
        match connection.start(call) {
            Ok(replies) => return Client { replies, requests },
            Err(Refused::Busy(back)) => call = *back,
            Err(Refused::Closed(error, _)) => panic!("an open connection refuses: {error}"),
        }
        call.turn = Some(connection.ready().await.expect("it is ready at last"));
    }
}

/// The name of the method of `kind`.
pub(super) fn name(kind: Kind) -> &'static str {
    match kind {
        Kind::Unary => "Unary",
        Kind::ClientStreaming => "ClientStreaming",
        Kind::ServerStreaming => "ServerStreaming",
        Kind::BidiStreaming => "BidiStreaming",
    }
}
