//! The head of a call as HTTP/2 headers (gRPC's `PROTOCOL-HTTP2.md`, "Requests").

use std::sync::LazyLock;

use bytes::{BufMut, Bytes, BytesMut};
use http::header::{self, HeaderMap, HeaderName, HeaderValue};
use http::uri::{Authority, Parts, PathAndQuery, Scheme};
use http::{Method, Request, Uri, Version};

#[cfg(feature = "gzip")]
use super::encoding::{GRPC_ACCEPT_ENCODING, GRPC_ENCODING, accepted};
use super::{limit as limits, timeout};
use crate::call::CallHead;
use crate::error::{Error, Result};
use crate::metadata::strip_reserved;
use crate::seam::Clock;

const GRPC_TIMEOUT: HeaderName = HeaderName::from_static("grpc-timeout");

const USER_AGENT: &str = concat!("rmicro/", env!("CARGO_PKG_VERSION"));

/// The content type of messages in the codec with this name: `application/grpc` alone stands for `proto`.
pub(super) fn content_type(codec: &str) -> Result<HeaderValue> {
    match codec {
        "proto" => return Ok(HeaderValue::from_static("application/grpc")),
        "json" => return Ok(HeaderValue::from_static("application/grpc+json")),
        _ => {}
    }
    HeaderValue::try_from(format!("application/grpc+{codec}")).map_err(|_| {
        Error::invalid_argument(format!("codec name {codec:?} cannot be in a content type"))
    })
}

/// The codec that a content type names, `proto` where it names none; `None` when it is not gRPC's.
///
/// gRPC-Web, whose content type begins alike, is not gRPC.
pub(super) fn codec(content_type: &str) -> Option<&str> {
    const GRPC: &str = "application/grpc";
    let (prefix, rest) = content_type.split_at_checked(GRPC.len())?;
    if !prefix.eq_ignore_ascii_case(GRPC) {
        return None;
    }
    let name = rest.split(';').next().unwrap_or_default().trim_end();
    match name.strip_prefix('+') {
        Some(name) if !name.is_empty() => Some(name),
        None if name.is_empty() => Some("proto"),
        _ => None,
    }
}

/// The request that opens a call, whose messages may be in gzip if `compress`; the metadata is moved into it.
///
/// Headers longer than `limit` are [`Code::ResourceExhausted`](crate::Code::ResourceExhausted).
pub(super) fn request(
    head: CallHead,
    compress: bool,
    limit: usize,
    authority: &Authority,
    clock: &Clock,
) -> Result<Request<()>> {
    let uri = uri(&head, authority)?;
    let timeout = head
        .deadline
        .map(|deadline| timeout::encode(deadline.since(clock.now())));
    let headers = match timeout {
        Some(timeout) if head.metadata.is_empty() && head.codec == "proto" && !compress => {
            usual(timeout)
        }
        timeout => {
            let content_type = content_type(&head.codec)?;
            headers(
                head.metadata.into_headers(),
                content_type,
                compress,
                timeout,
            )
        }
    };
    limits::check_list(&headers, "headers", limit)?;
    let mut request = Request::new(());
    *request.method_mut() = Method::POST;
    *request.uri_mut() = uri;
    *request.version_mut() = Version::HTTP_2;
    *request.headers_mut() = headers;
    Ok(request)
}

/// What most requests have: no metadata, protobuf, and a deadline. To clone that costs half of what it takes to build it.
fn usual(timeout: HeaderValue) -> HeaderMap {
    static USUAL: LazyLock<HeaderMap> = LazyLock::new(|| {
        let content_type = HeaderValue::from_static("application/grpc");
        let timeout = HeaderValue::from_static("0n");
        headers(HeaderMap::new(), content_type, false, Some(timeout))
    });
    let mut headers = USUAL.clone();
    headers.insert(GRPC_TIMEOUT, timeout);
    headers
}

/// One header, to be cloned for every call that has no other: that costs less than to build it.
///
/// It has more room than it needs: h2 and hyper ask for a dozen headers that are not there, and that is quick in a wide map alone.
pub(super) fn usual_of(name: HeaderName, value: HeaderValue) -> HeaderMap {
    let mut headers = HeaderMap::with_capacity(6);
    headers.insert(name, value);
    headers
}

/// Our own headers beside the caller's `metadata`.
fn headers(
    mut metadata: HeaderMap,
    content_type: HeaderValue,
    compress: bool,
    timeout: Option<HeaderValue>,
) -> HeaderMap {
    strip_reserved(&mut metadata);
    // Once, instead of growing one by one.
    metadata.reserve(OWN_HEADERS);
    metadata.insert(header::TE, HeaderValue::from_static("trailers"));
    metadata.insert(header::CONTENT_TYPE, content_type);
    metadata
        .entry(header::USER_AGENT)
        .or_insert(HeaderValue::from_static(USER_AGENT));
    #[cfg(feature = "gzip")]
    {
        metadata.insert(GRPC_ACCEPT_ENCODING, accepted());
        if compress {
            metadata.insert(GRPC_ENCODING, HeaderValue::from_static("gzip"));
        }
    }
    #[cfg(not(feature = "gzip"))]
    let _ = compress;
    if let Some(timeout) = timeout {
        metadata.insert(GRPC_TIMEOUT, timeout);
    }
    metadata
}

const OWN_HEADERS: usize = 5;

fn uri(head: &CallHead, authority: &Authority) -> Result<Uri> {
    let (service, endpoint) = (head.service.as_bytes(), head.endpoint.as_bytes());
    let mut path = BytesMut::with_capacity(service.len() + endpoint.len() + 2);
    path.put_u8(b'/');
    path.put_slice(service);
    path.put_u8(b'/');
    path.put_slice(endpoint);
    let mut parts = Parts::default();
    parts.scheme = Some(Scheme::HTTP);
    parts.authority = Some(authority.clone());
    parts.path_and_query = Some(path_of(path.freeze(), head)?);
    Uri::from_parts(parts).map_err(|error| no_path(head).source(error))
}

fn path_of(path: Bytes, head: &CallHead) -> Result<PathAndQuery> {
    // A `?` or `#` would end the path early, and the wrong method would be called.
    if path.iter().any(|byte| matches!(byte, b'?' | b'#')) {
        return Err(no_path(head));
    }
    PathAndQuery::from_maybe_shared(path).map_err(|error| no_path(head).source(error))
}

fn no_path(head: &CallHead) -> Error {
    Error::invalid_argument(format!(
        "service {:?} and endpoint {:?} cannot be in a path",
        head.service, head.endpoint
    ))
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::error::Code;

    fn build(head: CallHead) -> Result<Request<()>> {
        let authority = Authority::from_static("127.0.0.1:8080");
        request(head, false, 16 * 1024, &authority, &Clock::default())
    }

    fn sorted(headers: &HeaderMap) -> Vec<String> {
        let lines = headers.iter();
        let lines = lines.map(|(name, value)| format!("{name}: {}", value.to_str().unwrap()));
        let mut lines: Vec<_> = lines.collect();
        lines.sort();
        lines
    }

    #[tokio::test(start_paused = true)]
    async fn a_request_has_what_grpc_asks_for() {
        let mut head = CallHead::new("greet.v1.Greeter", "Hello");
        head.metadata.insert("trace", "7").unwrap();
        head.deadline = Some(Clock::default().now().after(Duration::from_secs(2)));
        let request = build(head).unwrap();
        assert_eq!(request.method(), Method::POST);
        assert_eq!(
            request.uri(),
            "http://127.0.0.1:8080/greet.v1.Greeter/Hello"
        );
        assert_eq!(
            sorted(request.headers()),
            [
                "content-type: application/grpc",
                "grpc-accept-encoding: identity,gzip",
                "grpc-timeout: 2000000u",
                "te: trailers",
                "trace: 7",
                "user-agent: rmicro/0.1.0",
            ]
        );
    }

    #[test]
    fn what_is_reserved_stays_behind_whatever_brought_it() {
        let mut head = CallHead::new("a.B", "C");
        for name in [
            "content-length",
            "content-type",
            "host",
            "connection",
            "grpc-encoding",
            "grpc-timeout",
            "te",
            "timeout",
            "trace",
        ] {
            let headers = head.metadata.headers_mut();
            headers.insert(name, HeaderValue::from_static("1"));
        }
        assert_eq!(
            sorted(build(head).unwrap().headers()),
            [
                "content-type: application/grpc",
                "grpc-accept-encoding: identity,gzip",
                "te: trailers",
                "trace: 1",
                "user-agent: rmicro/0.1.0",
            ]
        );
    }

    #[test]
    fn another_codec_is_named() {
        let mut head = CallHead::new("a.B", "C");
        head.codec = "json".into();
        let request = build(head).unwrap();
        assert_eq!(request.headers()["content-type"], "application/grpc+json");
    }

    #[test]
    fn the_callers_user_agent_stays() {
        let mut head = CallHead::new("a.B", "C");
        head.metadata.insert("user-agent", "mine").unwrap();
        assert_eq!(build(head).unwrap().headers()["user-agent"], "mine");
    }

    #[test]
    fn names_that_are_no_path_are_refused() {
        for (service, endpoint) in [("a b", "C"), ("a.B", "C?d"), ("a.B", "C#"), ("ä", "C\n")] {
            let error = build(CallHead::new(service, endpoint)).unwrap_err();
            assert_eq!(error.code(), Code::InvalidArgument, "{service}/{endpoint}");
        }
    }

    #[test]
    fn content_types_name_their_codec() {
        for (content_type, name) in [
            ("application/grpc", Some("proto")),
            ("Application/gRPC", Some("proto")),
            ("application/grpc+json", Some("json")),
            ("application/grpc+proto; charset=utf-8", Some("proto")),
            ("application/grpc;x", Some("proto")),
            ("application/grpc-web", None),
            ("application/grpc+", None),
            ("application/json", None),
            ("text", None),
        ] {
            assert_eq!(codec(content_type), name, "{content_type}");
        }
    }
}
