//! The replies of a streaming call, which may still go to another node.
//!
//! Invariant: only a call whose one message is at hand is sent again, only before anything of the reply came, and only with proof
//! that no handler has seen it, or where its proto allows that.

use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::Bytes;

use super::placing::{Placed, Placing};
use super::progress::{Progress, Stage, told};
use super::stub::Stub;
use super::way::Way;
use crate::call::{BoxFuture, FrameStream};
use crate::error::{Error, Result};
use crate::metadata::Metadata;
use crate::registry::Node;
use crate::rpc::{Method, Whereabouts};
use crate::seam::Moment;
use crate::transport::ClientCall;

/// What comes back; its errors name the node.
pub(super) struct Replies {
    stub: Stub,
    whereabouts: Whereabouts,
    state: State,
    /// What is sent again where that is safe.
    again: Option<Box<Again>>,
    ended: bool,
    none: Metadata,
}

/// A call that can be sent once more.
pub(super) struct Again {
    pub(super) call: ClientCall,
    pub(super) method: &'static Method,
    pub(super) way: Way,
    pub(super) patient: bool,
    pub(super) dial_timeout: Option<Duration>,
    /// How long a node may still be looked for, where the call has no deadline.
    pub(super) left: Duration,
}

enum State {
    Running(Box<dyn FrameStream>),
    Placing(BoxFuture<'static, Result<(Placed, Box<Again>)>>),
    Over,
}

impl Replies {
    pub(super) fn new(stub: Stub, placed: Placed, again: Option<Again>) -> Self {
        Self {
            stub,
            whereabouts: Whereabouts::new(placed.node),
            state: State::Running(placed.frames),
            again: again.map(Box::new),
            ended: false,
            none: Metadata::new(),
        }
    }

    /// The node that replies, whichever it will be.
    pub(super) fn whereabouts(&self) -> Whereabouts {
        self.whereabouts.clone()
    }

    /// What `poll` gives of the reply; a call that was not processed begins again.
    fn poll<T>(
        &mut self,
        cx: &mut Context<'_>,
        poll: impl Fn(&mut dyn FrameStream, &mut Context<'_>) -> Poll<Result<T>>,
    ) -> Poll<Result<T>> {
        loop {
            match &mut self.state {
                State::Over => {
                    return Poll::Ready(Err(Error::internal("the call has ended before")));
                }
                State::Placing(placing) => match ready!(placing.as_mut().poll(cx)) {
                    Ok((placed, again)) => {
                        self.whereabouts.change(placed.node);
                        self.state = State::Running(placed.frames);
                        self.again = Some(again);
                    }
                    Err(error) => {
                        self.state = State::Over;
                        return Poll::Ready(Err(error));
                    }
                },
                State::Running(frames) => {
                    let polled = ready!(poll(&mut **frames, cx));
                    let error = match polled {
                        Ok(polled) => {
                            self.begun();
                            return Poll::Ready(Ok(polled));
                        }
                        Err(error) => error,
                    };
                    self.mark(Some(&error));
                    self.begin_again(error)?;
                }
            }
        }
    }

    /// Goes to another node after `error`, or gives it back.
    fn begin_again(&mut self, error: Error) -> Result<()> {
        let (service, registry) = (
            self.stub.target().name(),
            self.stub.client().0.registry.name(),
        );
        let node = self.whereabouts.node();
        let error = told(error, Stage::Wait, &node, service, registry);
        self.ended = true;
        let Some(again) = self.again.take() else {
            return Err(error);
        };
        if !error.is_unprocessed() && !again.method.idempotency_level().may_repeat() {
            return Err(error);
        }
        self.ended = false;
        let stub = self.stub.clone();
        self.state = State::Placing(Box::pin(place(stub, again, node, error)));
        Ok(())
    }

    /// Something of the reply has come.
    fn begun(&mut self) {
        let again = self.again.take();
        if again.is_some_and(|again| again.method.idempotency_level().may_repeat()) {
            self.stub.target().budget.earn();
        }
    }

    /// Tells the selector once how the call ended.
    fn mark(&self, failure: Option<&Error>) {
        let selector = &self.stub.client().0.selector;
        let (service, node) = (self.stub.target().name(), self.whereabouts.node());
        selector.mark(service, &node, failure);
    }
}

/// Places the call again, which failed at `node` with `error`, or gives `error` back; before its deadline, and a call without
/// one in what is left of the time in which a node may be looked for.
async fn place(
    stub: Stub,
    mut again: Box<Again>,
    node: Arc<Node>,
    error: Error,
) -> Result<(Placed, Box<Again>)> {
    let (clock, progress) = (stub.client().0.seam.clock, Progress::default());
    let limit = again.limit(clock.now());
    let placed = clock.until(limit, again.place(&stub, &progress, &node, error));
    let placed = placed.await;
    again.left = limit.since(clock.now());
    match placed {
        Some(placed) => Ok((placed?, again)),
        None => Err(again.overtaken(&stub, &progress)),
    }
}

impl Again {
    fn limit(&self, now: Moment) -> Moment {
        let deadline = self.call.head.deadline;
        deadline.unwrap_or_else(|| now.after(self.left))
    }

    async fn place(
        &mut self,
        stub: &Stub,
        progress: &Progress,
        node: &Arc<Node>,
        error: Error,
    ) -> Result<Placed> {
        let placing = Placing {
            client: &stub.client().0,
            target: stub.target(),
            method: self.method,
            progress,
            patient: self.patient,
            dial_timeout: self.dial_timeout,
        };
        if error.is_unprocessed() {
            self.way.fail(node, error)?;
        } else {
            let repeated = placing.repeat(&self.call, &mut self.way, node, error);
            repeated.await?;
        }
        placing.place(&self.call, &mut self.way).await
    }

    /// The error of a call whose time was over on the way to another node.
    fn overtaken(&mut self, stub: &Stub, progress: &Progress) -> Error {
        let called = stub.called(self.method, progress.whereabouts());
        let late = called.late(progress.stage().name());
        match progress.obstacle().or_else(|| self.way.failure()) {
            Some(obstacle) => late.source(obstacle),
            None => late,
        }
    }
}

impl FrameStream for Replies {
    fn poll_metadata(&mut self, cx: &mut Context<'_>) -> Poll<Result<()>> {
        self.poll(cx, |frames, cx| frames.poll_metadata(cx))
    }

    fn poll_frame(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Bytes>>> {
        let next = ready!(self.poll(cx, |frames, cx| {
            frames.poll_frame(cx).map(Option::transpose)
        }));
        if matches!(next, Ok(None)) && !std::mem::replace(&mut self.ended, true) {
            self.mark(None);
        }
        Poll::Ready(next.transpose())
    }

    fn metadata(&mut self) -> &mut Metadata {
        match &mut self.state {
            State::Running(frames) => frames.metadata(),
            _ => &mut self.none,
        }
    }

    fn trailers(&mut self) -> &mut Metadata {
        match &mut self.state {
            State::Running(frames) => frames.trailers(),
            _ => &mut self.none,
        }
    }
}
