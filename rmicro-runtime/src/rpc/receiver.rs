//! The receiving half of a stream.
//!
//! Invariant: on the side of the caller an error is the end of the call, which is given up then, whoever still holds the receiver.

use std::fmt;
use std::future::poll_fn;
use std::marker::PhantomData;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use futures_core::Stream;

use crate::call::{FrameStream, OneFrame};
use crate::error::{Error, Result};
use crate::metadata::Metadata;
use crate::rpc::{Caller, Coding};
use crate::seam::{Clock, Sleep};

/// Receives messages from the other side of a stream; it is also a [`Stream`] of results.
///
/// Dropping a client's receiver before the end cancels the call.
pub struct Receiver<T> {
    frames: Box<dyn FrameStream>,
    coding: Coding,
    /// `None` on a server.
    caller: Option<Caller>,
    sleep: Option<Sleep>,
    ended: bool,
    /// How the call failed, where [`metadata`](Self::metadata) has told it and `recv` has not.
    failure: Option<Error>,
    messages: PhantomData<fn() -> T>,
}

impl<T: prost::Message + Default + 'static> Receiver<T> {
    /// The receiver of `frames`; a `caller` stops waiting at its deadline.
    pub(crate) fn new(
        frames: Box<dyn FrameStream>,
        coding: Coding,
        caller: Option<Caller>,
    ) -> Self {
        Self {
            frames,
            coding,
            caller,
            sleep: None,
            ended: false,
            failure: None,
            messages: PhantomData,
        }
    }

    /// The next message; `None` after the last.
    ///
    /// An error is the peer's status, or what broke; the stream is at its end then, and a client's call is given up: the server's
    /// handler is dropped, and nothing more can be sent. So it is with the deadline, after which no message is given. Cancel safe:
    /// a message that was not given is given by the next call.
    pub async fn recv(&mut self) -> Result<Option<T>> {
        poll_fn(|cx| self.poll_recv(cx)).await
    }

    /// The server's metadata; waits for it. On a server it is empty: there the [`Context`](crate::Context) has the metadata.
    ///
    /// An error is the end of the call, and [`recv`](Self::recv) gives it too. Cancel safe.
    pub async fn metadata(&mut self) -> Result<&Metadata> {
        let begun = poll_fn(|cx| match self.frames.poll_metadata(cx) {
            Poll::Pending => self.poll_deadline(cx).map(Err),
            Poll::Ready(begun) => Poll::Ready(begun.map_err(|error| self.told(error))),
        });
        if let Err(error) = begun.await {
            self.failure = (!self.ended).then(|| error.copy());
            self.give_up();
            return Err(error);
        }
        Ok(self.frames.metadata())
    }

    /// The trailers, once the stream has ended; empty before.
    pub fn trailers(&mut self) -> &Metadata {
        self.frames.trailers()
    }

    pub(crate) fn metadata_mut(&mut self) -> &mut Metadata {
        self.frames.metadata()
    }

    pub(crate) fn trailers_mut(&mut self) -> &mut Metadata {
        self.frames.trailers()
    }

    fn poll_recv(&mut self, cx: &mut Context<'_>) -> Poll<Result<Option<T>>> {
        if let Some(failure) = self.failure.take() {
            return Poll::Ready(Err(failure));
        }
        if self.ended {
            return Poll::Ready(Ok(None));
        }
        let next = match self.frames.poll_frame(cx) {
            Poll::Ready(next) => next.transpose().map_err(|error| self.told(error)),
            Poll::Pending => Err(ready!(self.poll_deadline(cx))),
        };
        let message = next.and_then(|frame| frame.map(|frame| self.decode(frame)).transpose());
        match &message {
            Ok(Some(_)) => {}
            Ok(None) => self.ended = true,
            Err(_) => self.give_up(),
        }
        Poll::Ready(message)
    }

    /// The message in `frame`; a caller gets none after its deadline, however fast they come.
    fn decode(&self, frame: Bytes) -> Result<T> {
        let Some(caller) = &self.caller else {
            return self.coding.decode(frame);
        };
        if caller.is_late() {
            return Err(caller.called.late("wait"));
        }
        let decoded = self.coding.decode(frame);
        decoded.map_err(|error| caller.called.undecodable(error))
    }

    /// Is at the end. A caller's call goes away, with what its peer still holds of it; a handler may still answer.
    fn give_up(&mut self) {
        self.ended = true;
        self.sleep = None;
        if self.caller.is_some() {
            let metadata = std::mem::take(self.frames.metadata());
            let trailers = std::mem::take(self.frames.trailers());
            self.frames = Box::new(OneFrame::ended(metadata, trailers));
        }
    }

    fn told(&self, error: Error) -> Error {
        match &self.caller {
            Some(caller) => caller.told(error),
            None => error,
        }
    }

    /// The error of a reply that broke the rules as `text` says.
    pub(crate) fn broken(&self, text: &'static str) -> Error {
        match &self.caller {
            Some(caller) => caller.called.broken(text),
            None => Error::internal(text),
        }
    }

    fn poll_deadline(&mut self, cx: &mut Context<'_>) -> Poll<Error> {
        let Some(caller) = &self.caller else {
            return Poll::Pending;
        };
        let Some(deadline) = caller.deadline else {
            return Poll::Pending;
        };
        let sleep = self
            .sleep
            .get_or_insert_with(|| Clock::default().sleep_until(deadline));
        let late = Pin::new(sleep).poll(cx);
        late.map(|()| caller.called.late("wait"))
    }
}

impl<T: prost::Message + Default + 'static> Stream for Receiver<T> {
    type Item = Result<T>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<T>>> {
        self.poll_recv(cx).map(Result::transpose)
    }
}

impl<T> fmt::Debug for Receiver<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Receiver")
            .field("ended", &self.ended)
            .finish_non_exhaustive()
    }
}

/// The only message of `frames`, whose end is awaited too, so that a status after the message is seen.
pub(crate) async fn decode_only<T>(coding: &Coding, frames: &mut dyn FrameStream) -> Result<T>
where
    T: prost::Message + Default + 'static,
{
    let first = poll_fn(|cx| frames.poll_frame(cx)).await.transpose()?;
    let first =
        first.ok_or_else(|| Error::internal("the peer ended the call without its only message"))?;
    match poll_fn(|cx| frames.poll_frame(cx)).await.transpose()? {
        None => coding.decode(first),
        Some(_) => Err(Error::internal(
            "the peer sent a second message where the method has one",
        )),
    }
}
