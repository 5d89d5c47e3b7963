//! The reply of one call, as frames.

use std::sync::Arc;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use h2::RecvStream;
use h2::client::ResponseFuture;
use http::{HeaderMap, Response, StatusCode, header};

use super::outgoing::Outgoing;
use super::places::Place;
use crate::call::FrameStream;
use crate::error::{Error, Result};
use crate::metadata::Metadata;
use crate::transport::grpc::deframe::Deframer;
use crate::transport::grpc::encoding::Encoding;
use crate::transport::grpc::{GrpcConfig, head, limit, reset, status};

/// A call that runs. Dropping it before its end resets the stream with CANCEL.
pub(super) struct Exchange {
    state: State,
    metadata: Metadata,
    trailers: Metadata,
    outgoing: Option<Arc<Outgoing>>,
    place: Option<Place>,
    limit: usize,
    list_limit: usize,
}

enum State {
    Headers(ResponseFuture),
    Messages(RecvStream, Deframer),
    /// How the call ended, until that was told.
    Ended(Option<Error>),
}

impl Exchange {
    /// The call whose reply is `response`, with messages and lists of headers as long as `config` allows.
    pub(super) fn new(
        response: ResponseFuture,
        outgoing: Option<Arc<Outgoing>>,
        place: Place,
        config: &GrpcConfig,
    ) -> Self {
        Self {
            state: State::Headers(response),
            metadata: Metadata::new(),
            trailers: Metadata::new(),
            outgoing,
            place: Some(place),
            limit: config.max_receive_size,
            list_limit: config.max_header_list_size as usize,
        }
    }

    /// A call that was never sent.
    pub(super) fn failed(error: Error) -> Self {
        Self {
            state: State::Ended(Some(error)),
            metadata: Metadata::new(),
            trailers: Metadata::new(),
            outgoing: None,
            place: None,
            limit: 0,
            list_limit: 0,
        }
    }

    /// Reads the headers; an error is the end of the call.
    fn read_headers(&mut self, response: Response<RecvStream>) -> Result<()> {
        let (parts, body) = response.into_parts();
        let mut headers = parts.headers;
        if headers.contains_key(status::GRPC_STATUS)
            && (body.is_end_stream() || !status::is_success(&headers))
        {
            // Trailers-only: the headers are the end. A success that goes on has its status where it belongs, behind its messages.
            return self.read_trailers(headers);
        }
        limit::check_received(limit::list_size(&headers), "headers", self.list_limit)?;
        if parts.status != StatusCode::OK {
            return Err(status::from_http(parts.status));
        }
        check_content_type(&headers)?;
        let deframer = Deframer::new(self.limit, Encoding::take(&mut headers));
        status::strip_reply(&mut headers);
        self.metadata = Metadata::from_headers(headers);
        self.state = State::Messages(body, deframer);
        Ok(())
    }

    fn read_trailers(&mut self, trailers: HeaderMap) -> Result<()> {
        let size = limit::list_size(&trailers);
        let (trailers, result) = status::from_trailers(trailers);
        self.finish();
        limit::check_received(size, "trailers", self.list_limit)
            .map_err(|too_long| status::not_taken(&too_long, &result))?;
        self.trailers = trailers;
        result
    }

    /// Waits for the next message or the end; `Ok(None)` is the good one.
    fn poll_next(&mut self, cx: &mut Context<'_>) -> Poll<Result<Option<Bytes>>> {
        loop {
            let State::Messages(body, deframer) = &mut self.state else {
                return Poll::Ready(Ok(None));
            };
            if let Some(message) = deframer.next()? {
                return Poll::Ready(Ok(Some(message)));
            }
            match ready!(body.poll_data(cx)) {
                Some(Ok(chunk)) => {
                    // An error here means that the stream is over, which the next poll tells better.
                    let _ = body.flow_control().release_capacity(chunk.len());
                    deframer.push(chunk);
                }
                Some(Err(error)) => return Poll::Ready(Err(reset::call_error(error))),
                None => break,
            }
        }
        self.poll_end(cx).map_ok(|()| None)
    }

    /// Waits for the trailers, once all data was taken: h2 gives them only then.
    fn poll_end(&mut self, cx: &mut Context<'_>) -> Poll<Result<()>> {
        let State::Messages(body, deframer) = &mut self.state else {
            return Poll::Ready(Ok(()));
        };
        let trailers = ready!(body.poll_trailers(cx)).map_err(reset::call_error)?;
        let whole = deframer.finish();
        // A bad status says more than a message that was cut off by it.
        Poll::Ready(self.read_trailers(trailers.unwrap_or_default()).and(whole))
    }

    /// The peer has ended the call: nothing is reset.
    fn finish(&mut self) {
        if let Some(outgoing) = self.outgoing.take() {
            outgoing.finish();
        }
        self.release();
    }

    /// The call broke: what is still open of it is reset. The reason is the sender's, where it broke the call.
    fn fail(&mut self, error: Error) -> Error {
        let own = self.outgoing.take().and_then(|outgoing| outgoing.abandon());
        let given_up = self.place.as_ref().is_some_and(Place::is_given_up);
        self.release();
        if given_up {
            return Error::unavailable("the peer was silent and did not answer a ping")
                .source(error);
        }
        own.unwrap_or(error)
    }

    /// Gives the place back once h2 has seen that the stream is over.
    fn release(&mut self) {
        self.state = State::Ended(None);
        self.place = None;
    }
}

impl FrameStream for Exchange {
    fn poll_metadata(&mut self, cx: &mut Context<'_>) -> Poll<Result<()>> {
        let read = match &mut self.state {
            State::Headers(response) => match ready!(std::pin::Pin::new(response).poll(cx)) {
                Ok(response) => self.read_headers(response),
                Err(error) => Err(reset::call_error(error)),
            },
            State::Messages(..) => Ok(()),
            State::Ended(error) => error.take().map_or(Ok(()), Err),
        };
        Poll::Ready(read.map_err(|error| self.fail(error)))
    }

    fn poll_frame(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Bytes>>> {
        if let Err(error) = ready!(self.poll_metadata(cx)) {
            return Poll::Ready(Some(Err(error)));
        }
        let next = ready!(self.poll_next(cx));
        Poll::Ready(next.map_err(|error| self.fail(error)).transpose())
    }

    fn metadata(&mut self) -> &mut Metadata {
        &mut self.metadata
    }

    fn trailers(&mut self) -> &mut Metadata {
        &mut self.trailers
    }
}

impl Drop for Exchange {
    fn drop(&mut self) {
        if let Some(outgoing) = self.outgoing.take() {
            outgoing.abandon();
        }
        self.release();
    }
}

fn check_content_type(headers: &HeaderMap) -> Result<()> {
    let content_type = headers.get(header::CONTENT_TYPE);
    let text = content_type.and_then(|value| value.to_str().ok());
    if text.and_then(head::codec).is_some() {
        return Ok(());
    }
    Err(match content_type {
        Some(value) => Error::unknown(format!(
            "the peer answered with content type {value:?}, which is not gRPC"
        )),
        None => Error::unknown("the peer answered without a content type, which is not gRPC"),
    })
}
