//! Replies as HTTP/2 responses (gRPC's `PROTOCOL-HTTP2.md`, "Responses").

use std::sync::LazyLock;

use http::header::{CONTENT_TYPE, HeaderMap, HeaderValue};
use http::{Response, Version};

use super::answering::Answering;
use super::body::ReplyBody;
use super::inbox::Inbox;
use crate::call::CallState;
use crate::error::{Error, Result};
use crate::metadata::Metadata;
use crate::transport::grpc::encoding::GRPC_ENCODING;
use crate::transport::grpc::head;

/// The reply of a call that has ended before anything of it was sent.
pub(super) fn whole(
    ended: Result<()>,
    state: &CallState,
    answering: &Answering,
    inbox: &Inbox,
) -> Response<ReplyBody> {
    let reply = state.finish();
    let codec = &state.head().codec;
    let fits = answering.check_metadata(&reply.metadata);
    let metadata = if fits.is_ok() {
        reply.metadata
    } else {
        Metadata::new()
    };
    let message = fits.and(ended).and_then(|()| {
        let run = reply.message.map(|run| answering.outgoing(run));
        run.transpose()
    });
    let trailers = answering.trailers(message.as_ref().map(drop), reply.trailers);
    match message {
        Ok(message) => {
            if let Some(run) = &message {
                inbox.wrote(run.len());
            }
            let body = ReplyBody::whole(message, trailers);
            headers_first(metadata, codec, answering, body)
        }
        Err(_) if metadata.is_empty() => trailers_only(trailers, codec),
        Err(_) => {
            let body = ReplyBody::whole(None, trailers);
            headers_first(metadata, codec, answering, body)
        }
    }
}

/// The reply to a request in `codec` that reached no endpoint.
pub(super) fn refused(
    error: &Error,
    answering: &Answering,
    codec: Option<&str>,
) -> Response<ReplyBody> {
    let trailers = answering.trailers(Err(error), Metadata::new());
    trailers_only(trailers, codec.unwrap_or("proto"))
}

/// A response whose status comes after its messages.
pub(super) fn headers_first(
    metadata: Metadata,
    codec: &str,
    answering: &Answering,
    body: ReplyBody,
) -> Response<ReplyBody> {
    let mut headers = metadata.into_headers();
    if answering.compresses() {
        headers.insert(GRPC_ENCODING, HeaderValue::from_static("gzip"));
    }
    response(headers, codec, body)
}

/// A response that is only a status, in one HEADERS frame.
fn trailers_only(trailers: HeaderMap, codec: &str) -> Response<ReplyBody> {
    response(trailers, codec, ReplyBody::empty())
}

fn response(mut headers: HeaderMap, codec: &str, body: ReplyBody) -> Response<ReplyBody> {
    /// What most replies have.
    static USUAL: LazyLock<HeaderMap> = LazyLock::new(|| head::usual_of(CONTENT_TYPE, plain()));
    if headers.is_empty() && codec == "proto" {
        headers = USUAL.clone();
    } else {
        let content_type = head::content_type(codec).unwrap_or_else(|_| plain());
        headers.insert(CONTENT_TYPE, content_type);
    }
    let mut response = Response::new(body);
    *response.version_mut() = Version::HTTP_2;
    *response.headers_mut() = headers;
    response
}

fn plain() -> HeaderValue {
    HeaderValue::from_static("application/grpc")
}
