//! Unary calls: the reply holds the handler, and polling the one polls the other.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use bytes::Bytes;

use super::node::Ticket;
use super::outcome::{Outcome, cut};
use crate::call::{
    BoxFuture, CallHead, CallState, FrameStream, Guarded, Request, Route, ServerCall, split_frame,
};
use crate::error::{Error, Result};
use crate::metadata::Metadata;

/// The reply to a unary call.
///
/// Dropping it drops the handler. A handler that computes holds up nobody but its caller, so the route's mark of slow methods
/// does not matter here.
pub(super) struct Unary {
    running: Option<Running>,
    outcome: Outcome,
}

struct Running {
    handler: Guarded<'static>,
    state: Arc<CallState>,
    ticket: Ticket,
    /// Made when the handler first waits.
    cut: Option<BoxFuture<'static, ()>>,
}

impl Unary {
    /// A call whose handler starts at the first poll.
    pub(super) fn new(route: Arc<Route>, head: CallHead, mut run: Bytes, ticket: Ticket) -> Self {
        let Some((_, message)) = split_frame(&mut run) else {
            return Self::refused(Error::internal("the body of the call is no frame"));
        };
        let state = Arc::new(CallState::new(head));
        let call = ServerCall::new(Arc::clone(&state), Request::One(message), None);
        let handler = Box::pin(async move { route.serve(call).await });
        Self {
            running: Some(Running {
                handler: Guarded::new(handler, state.head(), ticket.node().clock()),
                state,
                ticket,
                cut: None,
            }),
            outcome: Outcome::default(),
        }
    }

    /// A call that reaches no handler.
    pub(super) fn refused(error: Error) -> Self {
        Self {
            running: None,
            outcome: Outcome::failed(error.answered()),
        }
    }

    fn poll_end(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        if let Some(running) = &mut self.running {
            self.outcome = ready!(running.poll(cx));
            self.running = None;
        }
        Poll::Ready(())
    }
}

impl Running {
    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Outcome> {
        if let Poll::Ready(result) = Pin::new(&mut self.handler).poll(cx) {
            return Poll::Ready(Outcome::new(result, self.state.finish()));
        }
        let ticket = &self.ticket;
        let cut_off = self.cut.get_or_insert_with(|| Box::pin(ticket.cut()));
        ready!(cut_off.as_mut().poll(cx));
        self.state.finish();
        Poll::Ready(Outcome::failed(cut()))
    }
}

impl FrameStream for Unary {
    fn poll_metadata(&mut self, cx: &mut Context<'_>) -> Poll<Result<()>> {
        self.poll_end(cx).map(Ok)
    }

    fn poll_frame(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Bytes>>> {
        ready!(self.poll_end(cx));
        Poll::Ready(match self.outcome.error.take() {
            Some(error) => Some(Err(error)),
            None => self.outcome.message.take().map(Ok),
        })
    }

    fn metadata(&mut self) -> &mut Metadata {
        &mut self.outcome.metadata
    }

    fn trailers(&mut self) -> &mut Metadata {
        &mut self.outcome.trailers
    }
}
