//! Replies as HTTP/2 responses (gRPC's `PROTOCOL-HTTP2.md`, "Responses").

use http::header::{CONTENT_TYPE, HeaderMap, HeaderValue};
use http::{Response, Version};

use super::body::ReplyBody;
use super::inbox::Inbox;
use crate::call::CallState;
use crate::error::{Error, Result};
use crate::metadata::Metadata;
use crate::transport::grpc::{head, status};

/// The reply of a call that has ended before anything of it was sent.
pub(super) fn whole(ended: Result<()>, state: &CallState, inbox: &Inbox) -> Response<ReplyBody> {
    let reply = state.finish();
    let codec = &state.head().codec;
    let trailers = status::trailers(ended.as_ref().map(drop), reply.trailers);
    match (ended, reply.message) {
        (Ok(()), message) => {
            if let Some(run) = &message {
                inbox.wrote(run.len());
            }
            headers_first(reply.metadata, codec, ReplyBody::whole(message, trailers))
        }
        (Err(_), _) if reply.metadata.is_empty() => trailers_only(trailers, codec),
        (Err(_), _) => headers_first(reply.metadata, codec, ReplyBody::whole(None, trailers)),
    }
}

/// The reply to a request that reached no endpoint.
pub(super) fn refused(error: &Error) -> Response<ReplyBody> {
    trailers_only(
        status::trailers(Err(error), error.metadata().clone()),
        "proto",
    )
}

/// A response whose status comes after its messages.
pub(super) fn headers_first(
    metadata: Metadata,
    codec: &str,
    body: ReplyBody,
) -> Response<ReplyBody> {
    response(metadata.into_headers(), codec, body)
}

/// A response that is only a status, in one HEADERS frame.
pub(super) fn trailers_only(trailers: HeaderMap, codec: &str) -> Response<ReplyBody> {
    response(trailers, codec, ReplyBody::empty())
}

fn response(mut headers: HeaderMap, codec: &str, body: ReplyBody) -> Response<ReplyBody> {
    let plain = || HeaderValue::from_static("application/grpc");
    let content_type = head::content_type(codec).unwrap_or_else(|_| plain());
    headers.insert(CONTENT_TYPE, content_type);
    let mut response = Response::new(body);
    *response.version_mut() = Version::HTTP_2;
    *response.headers_mut() = headers;
    response
}
