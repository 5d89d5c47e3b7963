//! The head of a request, and why one is refused (gRPC's `PROTOCOL-HTTP2.md`, "Requests").

use std::borrow::Cow;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use http::header::HeaderValue;
use http::request::Parts;
use http::{Method, Response, StatusCode};

use super::answering::Answering;
use super::body::ReplyBody;
use super::respond;
use super::said::Said;
use crate::call::{CallHead, Route, Routes};
use crate::error::{Error, Result};
use crate::metadata::Metadata;
use crate::seam::Clock;
use crate::transport::grpc::encoding::{Encoding, GRPC_ACCEPT_ENCODING, accepted};
use crate::transport::grpc::{GrpcConfig, head, limit, timeout};

/// A request that reaches no endpoint.
#[derive(Debug)]
pub(super) enum Refusal {
    /// It is no gRPC: an HTTP status says so.
    Http(StatusCode, Error),
    /// It is gRPC, and gets a status.
    Grpc(Error),
    /// Its messages are in an encoding that is not understood here: it is told which are.
    Encoding(Error),
}

impl Refusal {
    /// What the peer is answered.
    pub(super) fn response(self, answering: &Answering, said: &Said) -> Response<ReplyBody> {
        match self {
            Self::Grpc(error) => respond::refused(&error, answering, told_codec(said)),
            Self::Encoding(error) => {
                let mut response = respond::refused(&error, answering, told_codec(said));
                let headers = response.headers_mut();
                headers.insert(GRPC_ACCEPT_ENCODING, accepted());
                response
            }
            Self::Http(status, error) => {
                let mut response = respond::refused(&error, answering, None);
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
    said: &Said,
    routes: &dyn Routes,
    peer: SocketAddr,
    clock: &Clock,
) -> Result<(Arc<Route>, CallHead), Refusal> {
    let codec = match codec(&parts.method, said)? {
        "proto" => Cow::Borrowed("proto"),
        "json" => Cow::Borrowed("json"),
        other => Cow::Owned(other.to_owned()),
    };
    let route = routes.route(parts.uri.path())?;
    let timeout = timeout(said)?;
    if timeout.is_some_and(|timeout| timeout.is_zero()) {
        let late = "the deadline had passed when the call came";
        return Err(Error::deadline_exceeded(late).into());
    }
    let deadline = timeout.map(|timeout| clock.now().after(timeout));
    let mut head = CallHead::new(route.service.clone(), route.method.clone());
    head.codec = codec;
    head.metadata = Metadata::from_headers(parts.headers);
    head.deadline = deadline;
    head.peer = Some(peer);
    Ok((route, head))
}

/// gRPC's own timeout or go-micro's, whichever is shorter.
fn timeout(said: &Said) -> Result<Option<Duration>> {
    let grpc = said
        .grpc_timeout
        .as_ref()
        .map(timeout::decode)
        .transpose()?;
    let go_micro = said.timeout.as_ref().and_then(timeout::decode_nanos);
    Ok(match (grpc, go_micro) {
        (Some(grpc), Some(go_micro)) => Some(grpc.min(go_micro)),
        (grpc, go_micro) => grpc.or(go_micro),
    })
}

/// Refuses headers that are too long, and messages in an encoding that is not understood.
pub(super) fn check(said: &Said, encoding: &Encoding, config: &GrpcConfig) -> Result<(), Refusal> {
    let limit = config.max_header_list_size as usize;
    limit::check_received(said.list_size, "headers", limit)?;
    let Encoding::Unknown(name) = encoding else {
        return Ok(());
    };
    let message = format!("messages in the encoding {name:?} are not understood here");
    Err(Refusal::Encoding(Error::unimplemented(message)))
}

fn codec<'a>(method: &Method, said: &'a Said) -> Result<&'a str, Refusal> {
    if *method != Method::POST {
        let message = format!("a gRPC call is a POST request, this one is {method}");
        return Err(Refusal::Http(
            StatusCode::METHOD_NOT_ALLOWED,
            Error::internal(message),
        ));
    }
    told_codec(said).ok_or_else(|| {
        let told = &said.content_type;
        let message =
            format!("a gRPC call has the content type application/grpc, this one {told:?}");
        Refusal::Http(StatusCode::UNSUPPORTED_MEDIA_TYPE, Error::internal(message))
    })
}

fn told_codec(said: &Said) -> Option<&str> {
    let content_type = said.content_type.as_ref().map(HeaderValue::to_str);
    content_type.and_then(Result::ok).and_then(head::codec)
}
