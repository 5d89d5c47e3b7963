//! What a request is answered with: nothing, or go-micro's error as JSON (go-micro `broker/http.go`, `ServeHTTP`).

use std::fmt::Display;

use http::header::{ALLOW, CONNECTION, CONTENT_TYPE, HeaderValue};
use http::{Response, StatusCode};
use serde::Serialize;

use super::body::Whole;

/// Who raised it, in go-micro's words.
const ID: &str = "go.micro.broker";

/// go-micro's `errors.Error`.
#[derive(Serialize)]
struct MicroError<'a> {
    id: &'a str,
    code: u16,
    detail: &'a str,
    status: &'a str,
}

/// The message was taken.
pub(super) fn taken() -> Response<Whole> {
    Response::new(Whole::new(""))
}

/// Nobody here has subscribed so, or not any more. go-micro says that all is well; its publishers do not look.
pub(super) fn gone(id: &str) -> Response<Whole> {
    let detail = format!("No subscription with id {id:?}");
    error(StatusCode::NOT_FOUND, 404, &detail)
}

/// Messages come by POST. The code inside is go-micro's own.
pub(super) fn not_allowed() -> Response<Whole> {
    let mut response = error(StatusCode::METHOD_NOT_ALLOWED, 400, "Method not allowed");
    let headers = response.headers_mut();
    headers.insert(ALLOW, HeaderValue::from_static("POST"));
    headers.insert(CONNECTION, HeaderValue::from_static("close"));
    response
}

/// The body is longer than is taken.
pub(super) fn too_long(limit: usize) -> Response<Whole> {
    let detail = format!("The request body has more than {limit} bytes");
    last(error(StatusCode::PAYLOAD_TOO_LARGE, 413, &detail))
}

/// The body did not come in time.
pub(super) fn too_slow() -> Response<Whole> {
    let detail = "The request body did not come in time";
    last(error(StatusCode::REQUEST_TIMEOUT, 408, detail))
}

/// Something was wrong in `stage`, which is told in go-micro's words.
pub(super) fn failed(stage: &str, why: impl Display) -> Response<Whole> {
    let detail = format!("{stage}: {why}");
    error(StatusCode::INTERNAL_SERVER_ERROR, 500, &detail)
}

/// No topic in the header.
pub(super) fn without_topic() -> Response<Whole> {
    error(StatusCode::INTERNAL_SERVER_ERROR, 500, "Topic not found")
}

/// `response`, after which the connection ends: what the peer is still sending is not read.
fn last(mut response: Response<Whole>) -> Response<Whole> {
    let close = HeaderValue::from_static("close");
    response.headers_mut().insert(CONNECTION, close);
    response
}

fn error(status: StatusCode, code: u16, detail: &str) -> Response<Whole> {
    let told = StatusCode::from_u16(code).ok();
    let told = told.and_then(|told| told.canonical_reason());
    let error = MicroError {
        id: ID,
        code,
        detail,
        status: told.unwrap_or_default(),
    };
    let json = serde_json::to_vec(&error).unwrap_or_default();
    let mut response = Response::new(Whole::new(json));
    *response.status_mut() = status;
    // As Go guesses it.
    let text = HeaderValue::from_static("text/plain; charset=utf-8");
    response.headers_mut().insert(CONTENT_TYPE, text);
    response
}
