//! go-micro's own error, `errors.Error`, and its codes (go-micro `errors/errors.proto`,
//! `client/grpc/error.go`).
//!
//! A go-micro client reads the first detail of a status as this message, and ends its process over
//! some others, so it gets no other. A go-micro server sends it as a detail, and as JSON where
//! `grpc-message` should be text.

use http::StatusCode;
use prost::Message;

use crate::error::{Code, Detail, Error};

const TYPE_URL: &str = "type.googleapis.com/errors.Error";

/// `errors.Error`.
#[derive(Clone, PartialEq, prost::Message, serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct MicroError {
    #[prost(string, tag = "1")]
    #[serde(default)]
    id: String,
    #[prost(int32, tag = "2")]
    code: i32,
    #[prost(string, tag = "3")]
    detail: String,
    #[prost(string, tag = "4")]
    #[serde(default)]
    status: String,
}

/// `error` as the detail that a go-micro client reads, raised by `service` unless it names another.
pub(super) fn detail(error: &Error, service: &str) -> Detail {
    if let Some(own) = error.details().iter().find(|detail| is_own(detail)) {
        return own.clone();
    }
    let status = http_status(error.code());
    let told = MicroError {
        id: error.service_id().unwrap_or(service).to_owned(),
        code: status.as_u16().into(),
        detail: error.message().to_owned(),
        status: status.canonical_reason().unwrap_or_default().to_owned(),
    };
    Detail::new(TYPE_URL, told.encode_to_vec())
}

/// The error with `code`, `message` and `details`, where what go-micro said is put in its place.
pub(super) fn read(code: Code, message: String, mut details: Vec<Detail>) -> Error {
    let at = details.iter().position(is_own);
    let told = at.and_then(|at| MicroError::decode(details[at].value.clone()).ok());
    if let (Some(at), Some(_)) = (at, &told) {
        details.remove(at);
    }
    let error = match told.or_else(|| from_text(&message)) {
        Some(told) => told.into_error(code),
        None => Error::new(code, message),
    };
    details.into_iter().fold(error, Error::detail)
}

impl MicroError {
    fn into_error(self, sent: Code) -> Error {
        let error = Error::new(code(self.code).unwrap_or(sent), self.detail);
        if self.id.is_empty() {
            return error;
        }
        error.service(self.id)
    }
}

/// The error in a `grpc-message` that is go-micro's JSON and nothing else.
fn from_text(message: &str) -> Option<MicroError> {
    if !message.starts_with('{') {
        return None;
    }
    let told: MicroError = serde_json::from_str(message).ok()?;
    (told.code > 0).then_some(told)
}

fn is_own(detail: &Detail) -> bool {
    let name = detail.type_url.rsplit('/').next();
    name == Some("errors.Error")
}

/// The code that go-micro's clients know for a gRPC code.
fn http_status(code: Code) -> StatusCode {
    match code {
        Code::Ok => StatusCode::OK,
        Code::InvalidArgument => StatusCode::BAD_REQUEST,
        Code::DeadlineExceeded => StatusCode::REQUEST_TIMEOUT,
        Code::NotFound => StatusCode::NOT_FOUND,
        Code::AlreadyExists => StatusCode::CONFLICT,
        Code::PermissionDenied => StatusCode::FORBIDDEN,
        Code::Unauthenticated => StatusCode::UNAUTHORIZED,
        Code::FailedPrecondition => StatusCode::PRECONDITION_FAILED,
        Code::Unimplemented => StatusCode::NOT_IMPLEMENTED,
        Code::Unavailable => StatusCode::SERVICE_UNAVAILABLE,
        _ => StatusCode::INTERNAL_SERVER_ERROR,
    }
}

/// The gRPC code that go-micro's servers know for one of their own; `None` where they know none.
fn code(number: i32) -> Option<Code> {
    Some(match number {
        400 => Code::InvalidArgument,
        401 => Code::Unauthenticated,
        403 => Code::PermissionDenied,
        404 => Code::NotFound,
        408 => Code::DeadlineExceeded,
        409 => Code::AlreadyExists,
        412 => Code::FailedPrecondition,
        500 => Code::Internal,
        501 => Code::Unimplemented,
        503 => Code::Unavailable,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_has_a_number_and_go_micros_come_back() {
        for sent in Code::ALL.into_iter().skip(1) {
            let detail = detail(&Error::new(sent, "why"), "greeter");
            let read = read(sent, String::new(), vec![detail]);
            let known = i32::from(http_status(sent).as_u16());
            assert_eq!(Some(read.code()), code(known), "{sent}");
            assert_eq!(
                (read.message(), read.service_id()),
                ("why", Some("greeter"))
            );
            assert_eq!(read.details(), []);
        }
    }

    #[test]
    fn an_error_that_names_its_service_keeps_it() {
        let error = Error::not_found("why").service("teller");
        let read = read(
            Code::NotFound,
            String::new(),
            vec![detail(&error, "greeter")],
        );
        assert_eq!(read.service_id(), Some("teller"));
    }

    #[test]
    fn json_that_is_go_micros_becomes_text_and_other_json_stays() {
        let text = r#"{"id":"greeter","code":404,"detail":"a \u003c b","status":"Not Found"}"#;
        let error = read(Code::Unknown, text.into(), Vec::new());
        assert_eq!((error.code(), error.message()), (Code::NotFound, "a < b"));
        assert_eq!(error.service_id(), Some("greeter"));
        for text in [
            r#"{"code":5,"message":"another's"}"#,
            r#"{"code":5}"#,
            r#"{"code":0,"detail":"x"}"#,
            "{",
        ] {
            let error = read(Code::Unknown, text.into(), Vec::new());
            assert_eq!((error.code(), error.message()), (Code::Unknown, text));
        }
    }

    #[test]
    fn what_others_say_beside_it_stays() {
        let other = Detail::new("type.googleapis.com/google.rpc.RetryInfo", "x");
        let micro = detail(&Error::not_found("why"), "greeter");
        let broken = Detail::new(TYPE_URL, &b"\xff"[..]);
        let error = read(Code::NotFound, "text".into(), vec![other.clone(), micro]);
        assert_eq!((error.message(), error.details()), ("why", &[other][..]));
        let error = read(Code::NotFound, "text".into(), vec![broken.clone()]);
        assert_eq!((error.message(), error.details()), ("text", &[broken][..]));
    }
}
