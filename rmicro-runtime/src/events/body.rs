//! What the body of an event is, by the content type in its header (go-micro `server/rpc_events.go` and
//! `server/grpc/subscriber.go`).

use bytes::{Buf, Bytes};

use crate::call::FRAME_PREFIX;
use crate::error::{Error, Result};

/// The format that a body is in.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Format {
    Proto,
    Json,
}

/// The formats by their content types: the two that are written, and what go-micro publishes besides, by its gRPC client
/// (`client/grpc/codec.go`), its mucp client (`client/rpc_codec.go`), or both.
const KNOWN: [(&str, Format, Framing); 9] = [
    ("application/protobuf", Format::Proto, Framing::Bare),
    ("application/json", Format::Json, Framing::Bare),
    ("application/grpc", Format::Proto, Framing::Either),
    ("application/grpc+proto", Format::Proto, Framing::Either),
    ("application/grpc+json", Format::Json, Framing::Either),
    ("application/proto", Format::Proto, Framing::Bare),
    ("application/octet-stream", Format::Proto, Framing::Bare),
    ("application/proto-rpc", Format::Proto, Framing::Bare),
    ("application/json-rpc", Format::Json, Framing::Bare),
];

/// Whether a gRPC frame may stand around the message. go-micro's gRPC publishers use these names for bare bodies, its mucp
/// publishers for frames.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Framing {
    Bare,
    Either,
}

impl Format {
    /// The content type to write.
    pub(super) fn content_type(self) -> &'static str {
        match self {
            Self::Proto => "application/protobuf",
            Self::Json => "application/json",
        }
    }

    /// The name of its codec.
    pub(super) fn codec(self) -> &'static str {
        match self {
            Self::Proto => "proto",
            Self::Json => "json",
        }
    }
}

/// The format that `body` is in by its `content_type`, and the message without the frame that may be around it.
///
/// Without a content type the body is protobuf, as with go-micro. An empty body is an empty message in every format, as
/// go-micro's gRPC subscribers have it. A content type that is not known is
/// [`Code::InvalidArgument`](crate::Code::InvalidArgument).
pub(super) fn read(content_type: Option<&str>, body: Bytes) -> Result<(Format, Bytes)> {
    let named = content_type.unwrap_or_default();
    let name = named.split(';').next().unwrap_or_default().trim();
    let known = KNOWN
        .iter()
        .find(|(known, ..)| known.eq_ignore_ascii_case(name));
    match known {
        Some(_) if body.is_empty() => Ok((Format::Proto, body)),
        Some((_, format, Framing::Bare)) => Ok((*format, body)),
        Some((_, format, Framing::Either)) => unframed(*format, body),
        None if name.is_empty() => Ok((Format::Proto, body)),
        None => Err(unknown(named)),
    }
}

/// The message in the one gRPC frame that `body` is, or `body` in the format that was `named` where it is none. There is no doubt:
/// a protobuf message does not begin with 0 or 1, and JSON neither.
///
/// In its frames go-micro writes protobuf whatever they are called (`codec/grpc/grpc.go`: an event has no content type there), so
/// a frame holds JSON only if it holds an object.
fn unframed(named: Format, mut body: Bytes) -> Result<(Format, Bytes)> {
    let Some(prefix) = body.get(..FRAME_PREFIX) else {
        return Ok((named, body));
    };
    let length = u32::from_be_bytes([prefix[1], prefix[2], prefix[3], prefix[4]]) as usize;
    match prefix[0] {
        0 if length == body.len() - FRAME_PREFIX => {
            body.advance(FRAME_PREFIX);
            let is_object = body.first() == Some(&b'{');
            Ok((if is_object { named } else { Format::Proto }, body))
        }
        1 => Err(Error::invalid_argument(
            "the body is a compressed frame, which is not understood in an event",
        )),
        _ => Ok((named, body)),
    }
}

fn unknown(content_type: &str) -> Error {
    let names: Vec<_> = KNOWN.iter().map(|(name, ..)| *name).collect();
    Error::invalid_argument(format!(
        "the content type {content_type:?} is not understood; understood are: {}",
        names.join(", ")
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(content_type: &str, body: &'static [u8]) -> (Format, Bytes) {
        read(Some(content_type), Bytes::from_static(body)).unwrap()
    }

    #[test]
    fn a_body_without_content_type_is_protobuf() {
        let body = Bytes::from_static(b"\x0a\x01a");
        assert_eq!(read(None, body.clone()).unwrap(), (Format::Proto, body));
    }

    #[test]
    fn names_have_no_case_and_may_have_parameters() {
        assert_eq!(
            told("Application/JSON; charset=utf-8", b"{}"),
            (Format::Json, "{}".into())
        );
        assert_eq!(told("application/protobuf", b"\0\0\0\0\0").1.len(), 5);
    }

    #[test]
    fn grpc_names_are_taken_framed_and_bare() {
        let message: &[u8] = b"\x0a\x01a";
        for name in ["application/grpc", "application/grpc+proto"] {
            assert_eq!(told(name, b"\x0a\x01a"), (Format::Proto, message.into()));
            assert_eq!(
                told(name, b"\0\0\0\0\x03\x0a\x01a"),
                (Format::Proto, message.into())
            );
            assert_eq!(told(name, b""), (Format::Proto, Bytes::new()));
            assert_eq!(told(name, b"\0\0\0\0\0"), (Format::Proto, Bytes::new()));
        }
        assert_eq!(
            told("application/grpc+json", b"\0\0\0\0\x02{}"),
            (Format::Json, "{}".into())
        );
        assert_eq!(
            told("application/grpc+json", b"{    }"),
            (Format::Json, "{    }".into())
        );
    }

    #[test]
    fn go_micro_writes_protobuf_into_frames_that_it_calls_json() {
        let message: &[u8] = b"\x0a\x01a";
        assert_eq!(
            told("application/grpc+json", b"\0\0\0\0\x03\x0a\x01a"),
            (Format::Proto, message.into())
        );
    }

    #[test]
    fn names_of_one_stack_of_go_micro_are_taken() {
        let message: &[u8] = b"\x0a\x01a";
        let proto = ["proto", "octet-stream", "proto-rpc"];
        for name in proto.map(|name| format!("application/{name}")) {
            assert_eq!(told(&name, message), (Format::Proto, message.into()));
        }
        let object: &[u8] = b"{}";
        assert_eq!(
            told("application/json-rpc", object),
            (Format::Json, object.into())
        );
    }

    #[test]
    fn an_empty_body_is_an_empty_message_in_every_format() {
        for (name, ..) in KNOWN {
            assert_eq!(told(name, b""), (Format::Proto, Bytes::new()));
        }
    }

    #[test]
    fn what_is_not_understood_is_named_with_what_is() {
        let error = read(Some("text/xml"), Bytes::new()).unwrap_err();
        assert_eq!(
            error.message(),
            "the content type \"text/xml\" is not understood; understood are: application/protobuf, application/json, \
             application/grpc, application/grpc+proto, application/grpc+json, application/proto, \
             application/octet-stream, application/proto-rpc, application/json-rpc"
        );
        let compressed = Bytes::from_static(b"\x01\0\0\0\x01x");
        assert!(read(Some("application/grpc"), compressed).is_err());
    }
}
