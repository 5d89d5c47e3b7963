//! A call that streams: the handler is polled by the response body itself.
//!
//! Dropping the body, as HTTP/2 does when the client resets the stream or the connection breaks, drops the handler.

use std::future::poll_fn;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use bytes::Bytes;
use http::{HeaderMap, Response};
use hyper::body::Frame;

use super::answering::Answering;
use super::body::ReplyBody;
use super::inbox::Inbox;
use super::respond;
use super::service::Accepted;
use crate::call::{CallState, Guarded, Request, SendBuffer, ServerCall};
use crate::error::{Code, Result};

/// A handler that runs, and what it has sent.
pub(super) struct Streaming {
    handler: Guarded<'static>,
    state: Arc<CallState>,
    replies: Option<SendBuffer>,
    answering: Answering,
    inbox: Inbox,
    /// Whether the headers leave as soon as the handler waits. Clients that wait for them before they send (tonic's does) would
    /// hang otherwise; a server stream follows Go, whose headers come with the first message.
    headers_early: bool,
    taken: Option<Bytes>,
    ended: Option<Result<()>>,
    trailers: Option<HeaderMap>,
    over: bool,
}

impl Streaming {
    /// Starts the endpoint; `first` is the message that opens a server stream.
    pub(super) fn new(call: Accepted, first: Option<Request>) -> Box<Self> {
        let Accepted {
            route,
            state,
            inbound,
            answering,
            inbox,
            clock,
        } = call;
        let request = first.unwrap_or_else(|| Request::Stream(Box::new(inbound)));
        let replies = route.kind.server_streams().then(SendBuffer::new);
        let call = ServerCall::new(state.clone(), request, replies.clone());
        let headers_early = route.kind.client_streams();
        let handler = Box::pin(async move { route.serve(call).await });
        let handler = Guarded::new(handler, state.head(), clock);
        Box::new(Self {
            handler,
            state,
            replies,
            answering,
            inbox,
            headers_early,
            taken: None,
            ended: None,
            trailers: None,
            over: false,
        })
    }

    /// The response, as soon as its headers may leave.
    pub(super) async fn respond(mut self: Box<Self>) -> Response<ReplyBody> {
        poll_fn(|cx| self.poll_headers(cx)).await;
        if self.taken.is_none()
            && let Some(ended) = self.ended.take()
        {
            return respond::whole(ended, &self.state, &self.answering, &self.inbox);
        }
        let (metadata, state) = (self.state.take_metadata(), self.state.clone());
        if let Err(error) = self.answering.check_metadata(&metadata) {
            return respond::whole(Err(error), &state, &self.answering, &self.inbox);
        }
        let codec = &state.head().codec;
        let response = respond::headers_first(metadata, codec, &self.answering, ReplyBody::empty());
        response.map(|_| ReplyBody::streaming(self))
    }

    fn poll_headers(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        self.poll_handler(cx);
        self.taken = self.poll_replies(cx);
        if self.ended.is_some() || self.taken.is_some() || self.headers_early {
            return Poll::Ready(());
        }
        Poll::Pending
    }

    /// The next piece of the body: all that was sent by now as one piece, the trailers when the handler has ended.
    pub(super) fn poll_frame(&mut self, cx: &mut Context<'_>) -> Poll<Option<Frame<Bytes>>> {
        if let Some(run) = self.taken.take() {
            return self.data(run);
        }
        if self.over {
            return Poll::Ready(None);
        }
        if let Some(trailers) = self.trailers.take() {
            self.over = true;
            return Poll::Ready(Some(Frame::trailers(trailers)));
        }
        self.poll_handler(cx);
        if let Some(run) = self.poll_replies(cx) {
            return self.data(run);
        }
        let Some(ended) = self.ended.take() else {
            return Poll::Pending;
        };
        let reply = self.state.finish();
        // The reply of a client stream goes only with success.
        let message = ended.and_then(|()| {
            let run = reply.message.map(|run| self.answering.outgoing(run));
            run.transpose()
        });
        let trailers = self
            .answering
            .trailers(message.as_ref().map(drop), reply.trailers);
        if let Ok(Some(run)) = message {
            self.trailers = Some(trailers);
            return self.data(run);
        }
        self.over = true;
        Poll::Ready(Some(Frame::trailers(trailers)))
    }

    fn poll_handler(&mut self, cx: &mut Context<'_>) {
        if self.ended.is_some() {
            return;
        }
        if let Some(replies) = &self.replies {
            replies.forget_reader();
        }
        if let Poll::Ready(ended) = Pin::new(&mut self.handler).poll(cx) {
            self.ended = Some(ended);
            self.close_replies();
        }
    }

    /// All that was sent by now; when there is nothing, the next send wakes this task. A message that is too long ends the call.
    fn poll_replies(&mut self, cx: &mut Context<'_>) -> Option<Bytes> {
        let Poll::Ready(run) = self.replies.as_ref()?.poll_take(cx) else {
            return None;
        };
        match self.answering.outgoing(run?) {
            Ok(run) => Some(run),
            Err(error) => {
                self.ended = Some(Err(error));
                self.close_replies();
                None
            }
        }
    }

    fn data(&self, run: Bytes) -> Poll<Option<Frame<Bytes>>> {
        self.inbox.wrote(run.len());
        Poll::Ready(Some(Frame::data(run)))
    }

    /// Tells whoever keeps the sender beyond the call.
    fn close_replies(&self) {
        if let Some(replies) = &self.replies {
            replies.close(Code::Cancelled, "the call has ended");
        }
    }
}

impl Drop for Streaming {
    fn drop(&mut self) {
        self.close_replies();
    }
}
