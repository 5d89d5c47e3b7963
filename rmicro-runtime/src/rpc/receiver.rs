//! The receiving half of a stream.

use std::fmt;
use std::future::poll_fn;
use std::marker::PhantomData;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use futures_core::Stream;

use crate::call::FrameStream;
use crate::error::{Error, Result};
use crate::metadata::Metadata;
use crate::rpc::{Coding, Deadline};
use crate::seam::{Clock, Sleep};

/// Receives messages from the other side of a stream; it is also a [`Stream`] of results.
///
/// Dropping a client's receiver before the end cancels the call.
pub struct Receiver<T> {
    frames: Box<dyn FrameStream>,
    coding: Coding,
    deadline: Option<Deadline>,
    sleep: Option<Sleep>,
    ended: bool,
    messages: PhantomData<fn() -> T>,
}

impl<T: prost::Message + Default + 'static> Receiver<T> {
    /// The receiver of `frames`; whoever waits stops at `deadline`.
    pub(crate) fn new(
        frames: Box<dyn FrameStream>,
        coding: Coding,
        deadline: Option<Deadline>,
    ) -> Self {
        Self {
            frames,
            coding,
            deadline,
            sleep: None,
            ended: false,
            messages: PhantomData,
        }
    }

    /// The next message; `None` after the last.
    ///
    /// An error is the peer's status, or what broke; the stream is at its end then. Cancel safe: a message that was not given is
    /// given by the next call.
    pub async fn recv(&mut self) -> Result<Option<T>> {
        poll_fn(|cx| self.poll_recv(cx)).await
    }

    /// The server's metadata; waits for it. On a server it is empty: there the [`Context`](crate::Context) has the metadata.
    pub async fn metadata(&mut self) -> Result<&Metadata> {
        poll_fn(|cx| match self.frames.poll_metadata(cx) {
            Poll::Pending => self.poll_deadline(cx).map(Err),
            Poll::Ready(begun) => Poll::Ready(begun.map_err(|error| self.told(error))),
        })
        .await?;
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
        if self.ended {
            return Poll::Ready(Ok(None));
        }
        let next = match self.frames.poll_frame(cx) {
            Poll::Ready(next) => next.transpose().map_err(|error| self.told(error)),
            Poll::Pending => Err(ready!(self.poll_deadline(cx))),
        };
        let message =
            next.and_then(|frame| frame.map(|frame| self.coding.decode(frame)).transpose());
        self.ended = !matches!(message, Ok(Some(_)));
        Poll::Ready(message)
    }

    fn told(&self, error: Error) -> Error {
        match &self.deadline {
            Some(deadline) => deadline.told(error),
            None => error,
        }
    }

    fn poll_deadline(&mut self, cx: &mut Context<'_>) -> Poll<Error> {
        let Some(deadline) = &self.deadline else {
            return Poll::Pending;
        };
        let sleep = self
            .sleep
            .get_or_insert_with(|| Clock::default().sleep_until(deadline.at));
        let late = Pin::new(sleep).poll(cx);
        late.map(|()| deadline.called.late("wait"))
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
