//! The body of a response.

use std::convert::Infallible;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use http::HeaderMap;
use hyper::body::{Body, Frame};

use super::streaming::Streaming;

/// What follows the headers of a response.
pub(super) struct ReplyBody(Inner);

enum Inner {
    /// Nothing: the headers were the trailers.
    Empty,
    /// What is known in full.
    Whole {
        message: Option<Bytes>,
        trailers: Option<HeaderMap>,
    },
    /// What a handler that still runs will send.
    Streaming(Box<Streaming>),
}

impl ReplyBody {
    pub(super) fn empty() -> Self {
        Self(Inner::Empty)
    }

    pub(super) fn whole(message: Option<Bytes>, trailers: HeaderMap) -> Self {
        Self(Inner::Whole {
            message,
            trailers: Some(trailers),
        })
    }

    pub(super) fn streaming(streaming: Box<Streaming>) -> Self {
        Self(Inner::Streaming(streaming))
    }
}

impl Body for ReplyBody {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        match &mut self.0 {
            Inner::Empty => Poll::Ready(None),
            Inner::Whole { message, trailers } => {
                let data = message.take().map(Frame::data);
                Poll::Ready(
                    data.or_else(|| trailers.take().map(Frame::trailers))
                        .map(Ok),
                )
            }
            Inner::Streaming(streaming) => streaming.poll_frame(cx).map(|frame| frame.map(Ok)),
        }
    }

    fn is_end_stream(&self) -> bool {
        matches!(self.0, Inner::Empty)
    }
}
