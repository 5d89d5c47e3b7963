//! Bodies of requests and answers: one piece of bytes each way.

use std::convert::Infallible;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::{Bytes, BytesMut};
use http_body::{Body, Frame, SizeHint};
use hyper::body::Incoming;

/// A body that is known whole.
#[derive(Debug)]
pub(super) struct Whole(Option<Bytes>);

impl Whole {
    pub(super) fn new(bytes: impl Into<Bytes>) -> Self {
        Self(Some(bytes.into()).filter(|bytes| !bytes.is_empty()))
    }
}

impl Body for Whole {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        Poll::Ready(self.0.take().map(|bytes| Ok(Frame::data(bytes))))
    }

    fn is_end_stream(&self) -> bool {
        self.0.is_none()
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.0.as_ref().map_or(0, Bytes::len) as u64)
    }
}

/// Why a body was not read.
#[derive(Debug)]
pub(super) enum Unread {
    /// It has more bytes than were allowed.
    TooLong,
    /// It broke off.
    Broken(hyper::Error),
}

/// All of `body`, which may have `limit` bytes; one that says to have more is not read at all.
pub(super) async fn collect(mut body: Incoming, limit: usize) -> Result<Bytes, Unread> {
    let said = usize::try_from(body.size_hint().lower()).unwrap_or(usize::MAX);
    if said > limit {
        return Err(Unread::TooLong);
    }
    let mut all = Bytes::new();
    let mut more = BytesMut::new();
    while let Some(frame) = std::future::poll_fn(|cx| Pin::new(&mut body).poll_frame(cx)).await {
        let Ok(data) = frame.map_err(Unread::Broken)?.into_data() else {
            continue; // Trailers say nothing here.
        };
        if all.len() + more.len() + data.len() > limit {
            return Err(Unread::TooLong);
        }
        // Most come in one piece, which is not copied.
        if all.is_empty() && more.is_empty() {
            all = data;
        } else {
            if more.is_empty() {
                more.reserve(said.max(all.len() + data.len()));
                more.extend_from_slice(&std::mem::take(&mut all));
            }
            more.extend_from_slice(&data);
        }
    }
    Ok(if more.is_empty() { all } else { more.freeze() })
}
