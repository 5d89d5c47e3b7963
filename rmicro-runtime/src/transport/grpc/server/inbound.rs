//! What a client sends, as frames.

use std::future::poll_fn;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use hyper::body::{Body, Incoming};

use crate::call::{FrameStream, Request};
use crate::error::{Error, Result};
use crate::metadata::Metadata;
use crate::seam::{Clock, Moment};
use crate::transport::grpc::deframe::Deframer;
use crate::transport::grpc::encoding::Encoding;

/// The body of a request, put together to messages.
pub(super) struct Inbound {
    body: Incoming,
    deframer: Deframer,
    ended: bool,
    /// A request's metadata is in the call's head, and its trailers mean nothing.
    nothing: Metadata,
}

impl Inbound {
    /// The messages in `body`, each of `limit` bytes at most, and compressed as `encoding` says.
    pub(super) fn new(body: Incoming, encoding: Encoding, limit: usize) -> Self {
        Self {
            body,
            deframer: Deframer::new(limit, encoding),
            ended: false,
            nothing: Metadata::new(),
        }
    }

    /// The only message of a unary call, when the client has ended its side.
    pub(super) async fn only(
        &mut self,
        clock: &Clock,
        deadline: Option<Moment>,
    ) -> Result<Request> {
        let read = std::pin::pin!(async {
            let first = self.first_frame().await?;
            if self.is_over() {
                return Ok(Request::One(first));
            }
            match poll_fn(|cx| self.poll_frame(cx)).await.transpose()? {
                None => Ok(Request::One(first)),
                Some(_) => Err(Error::internal(
                    "the client sent a second message where the method takes one",
                )),
            }
        });
        within(clock, deadline, read).await
    }

    /// The message that opens a server stream; clients need not end their side (go-micro's do not).
    pub(super) async fn first(
        &mut self,
        clock: &Clock,
        deadline: Option<Moment>,
    ) -> Result<Request> {
        let read = std::pin::pin!(async { self.first_frame().await.map(Request::One) });
        within(clock, deadline, read).await
    }

    /// Whether it has come already that nothing more comes; to see that costs less than to wait for it.
    fn is_over(&self) -> bool {
        self.body.is_end_stream() && self.deframer.finish().is_ok()
    }

    async fn first_frame(&mut self) -> Result<Bytes> {
        let first = poll_fn(|cx| self.poll_frame(cx)).await.transpose()?;
        first.ok_or_else(|| Error::internal("the client ended the call without a message"))
    }
}

async fn within<T>(
    clock: &Clock,
    deadline: Option<Moment>,
    read: Pin<&mut impl Future<Output = Result<T>>>,
) -> Result<T> {
    let Some(deadline) = deadline else {
        return read.await;
    };
    let late = || {
        Err(Error::deadline_exceeded(
            "the deadline passed before the request had come",
        ))
    };
    clock.until(deadline, read).await.unwrap_or_else(late)
}

impl FrameStream for Inbound {
    fn poll_metadata(&mut self, _cx: &mut Context<'_>) -> Poll<Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_frame(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Bytes>>> {
        loop {
            if self.ended {
                return Poll::Ready(None);
            }
            match self.deframer.next() {
                Ok(Some(message)) => return Poll::Ready(Some(Ok(message))),
                Ok(None) => {}
                Err(error) => return self.end(Some(error)),
            }
            match ready!(Pin::new(&mut self.body).poll_frame(cx)) {
                // Trailers of a request mean nothing in gRPC.
                Some(Ok(frame)) => {
                    if let Ok(data) = frame.into_data() {
                        self.deframer.push(data);
                    }
                }
                Some(Err(error)) => {
                    let lost =
                        Error::cancelled("the client gave up the call, or its connection broke");
                    return self.end(Some(lost.source(error)));
                }
                None => {
                    let cut = self.deframer.finish().err();
                    return self.end(cut);
                }
            }
        }
    }

    fn metadata(&mut self) -> &mut Metadata {
        &mut self.nothing
    }

    fn trailers(&mut self) -> &mut Metadata {
        &mut self.nothing
    }
}

impl Inbound {
    fn end(&mut self, error: Option<Error>) -> Poll<Option<Result<Bytes>>> {
        self.ended = true;
        Poll::Ready(error.map(Err))
    }
}
