//! The head of a request, and why one is refused (gRPC's `PROTOCOL-HTTP2.md`, "Requests").

use std::net::SocketAddr;
use std::sync::Arc;

use http::header::{CONTENT_TYPE, HeaderValue, TE};
use http::request::Parts;
use http::{Method, Response, StatusCode};

use super::body::ReplyBody;
use super::respond;
use crate::call::{CallHead, Route, Routes};
use crate::error::{Error, Result};
use crate::metadata::Metadata;
use crate::seam::Clock;
use crate::transport::grpc::{head, timeout};

/// A request that reaches no endpoint.
#[derive(Debug)]
pub(super) enum Refusal {
    /// It is no gRPC: an HTTP status says so.
    Http(StatusCode, Error),
    /// It is gRPC, and gets a status.
    Grpc(Error),
}

impl Refusal {
    /// What the peer is answered.
    pub(super) fn response(self) -> Response<ReplyBody> {
        match self {
            Self::Grpc(error) => respond::refused(&error),
            Self::Http(status, error) => {
                let mut response = respond::refused(&error);
                *response.status_mut() = status;
                response
            }
        }
    }
}

impl From<Error> for Refusal {
    fn from(error: Error) -> Self {
        Self::Grpc(error)
    }
}

/// Finds the route of a request and reads its head; the headers become the metadata.
pub(super) fn read(
    parts: Parts,
    routes: &dyn Routes,
    peer: SocketAddr,
    clock: &Clock,
) -> Result<(Arc<Route>, CallHead), Refusal> {
    let codec = codec(&parts)?;
    let route = routes.route(parts.uri.path())?;
    let mut headers = parts.headers;
    headers.remove(TE);
    let deadline = match headers.remove(head::GRPC_TIMEOUT) {
        Some(text) => Some(clock.now().after(timeout::decode(&text)?)),
        None => None,
    };
    let mut head = CallHead::new(route.service.clone(), route.method.clone());
    if codec != "proto" {
        head.codec = codec.into();
    }
    head.metadata = Metadata::from_headers(headers);
    head.deadline = deadline;
    head.peer = Some(peer);
    Ok((route, head))
}

fn codec(parts: &Parts) -> Result<String, Refusal> {
    if parts.method != Method::POST {
        let message = format!(
            "a gRPC call is a POST request, this one is {}",
            parts.method
        );
        return Err(Refusal::Http(
            StatusCode::METHOD_NOT_ALLOWED,
            Error::internal(message),
        ));
    }
    let content_type = parts.headers.get(CONTENT_TYPE).map(HeaderValue::to_str);
    let codec = content_type.and_then(Result::ok).and_then(head::codec);
    codec.map(str::to_owned).ok_or_else(|| {
        let told = parts.headers.get(CONTENT_TYPE);
        let message =
            format!("a gRPC call has the content type application/grpc, this one {told:?}");
        Refusal::Http(StatusCode::UNSUPPORTED_MEDIA_TYPE, Error::internal(message))
    })
}
