//! The end of a call as trailers, both ways (gRPC's `PROTOCOL-HTTP2.md`, "Responses").

use std::borrow::Cow;
use std::sync::LazyLock;

use bytes::Bytes;
use http::header::{HeaderMap, HeaderName, HeaderValue};
use http::{StatusCode, header};
use prost::Message;

use super::go_micro;
use super::head::usual_of;
use crate::error::{Code, Detail, Error, Result};
use crate::metadata::{Metadata, base64, is_reserved, strip_reserved};

pub(super) const GRPC_STATUS: HeaderName = HeaderName::from_static("grpc-status");
const GRPC_MESSAGE: HeaderName = HeaderName::from_static("grpc-message");
const GRPC_DETAILS: HeaderName = HeaderName::from_static("grpc-status-details-bin");

/// The trailers that say how a call ended: the handler's own, the error's metadata, and the status.
///
/// Where the caller is go-micro, `go_micro` is the name of our service.
pub(super) fn trailers(
    result: Result<(), &Error>,
    user_trailers: Metadata,
    go_micro: Option<&str>,
) -> HeaderMap {
    /// What most calls end with.
    static USUAL: LazyLock<HeaderMap> =
        LazyLock::new(|| usual_of(GRPC_STATUS, HeaderValue::from_static("0")));
    let mut trailers = user_trailers.into_headers();
    match result {
        Ok(()) if trailers.is_empty() => return USUAL.clone(),
        Ok(()) => {
            trailers.insert(GRPC_STATUS, HeaderValue::from_static("0"));
        }
        Err(error) => write_error(error, &mut trailers, go_micro),
    }
    trailers
}

/// The trailers instead of those that were `too_long`: the code of the error, if it was one, and as much of its message as is sure
/// to fit.
pub(super) fn instead(error: Option<&Error>, too_long: &Error) -> HeaderMap {
    const SURE: usize = 512;
    let (code, message) = match error {
        Some(error) => (
            error.code(),
            format!("{} ({too_long})", cut(error.message(), SURE)),
        ),
        None => (too_long.code(), too_long.message().to_owned()),
    };
    trailers(Err(&Error::new(code, message)), Metadata::new(), None)
}

/// What trailers say: the peer's own ones, and how the call ended.
///
/// An error carries the peer's trailers as its metadata, and its details in order. Without `grpc-status`, with one that is no
/// number, or with several that differ, the call failed as [`Code::Unknown`].
pub(super) fn from_trailers(mut trailers: HeaderMap) -> (Metadata, Result<()>) {
    // Most trailers have one value for each name, and to see that costs nothing.
    let differ = trailers.len() > trailers.keys_len() && statuses_differ(&trailers);
    let status = trailers.remove(GRPC_STATUS);
    let message = trailers.remove(GRPC_MESSAGE);
    let details = trailers.remove(GRPC_DETAILS);
    strip_reserved(&mut trailers);
    let metadata = Metadata::from_headers(trailers);
    let message = || message.as_ref().map(decode_message).unwrap_or_default();
    let error = match status.as_ref().map(|status| (status, number(status))) {
        _ if differ => broken(
            "the peer ended the call with several grpc-status",
            &message(),
        ),
        Some((_, Some(0))) => return (metadata, Ok(())),
        Some((_, Some(number))) => {
            let details = details.as_ref().map(read_details).unwrap_or_default();
            go_micro::read(Code::from_number(number), message(), details).answered()
        }
        Some((status, None)) => {
            let text = format!("the peer's grpc-status {status:?} is no number");
            broken(&text, &message())
        }
        None => broken("the peer ended the call without grpc-status", &message()),
    };
    let error = error.with_metadata(metadata.clone());
    (metadata, Err(error))
}

/// Whether `headers` say that the call was a success.
pub(super) fn is_success(headers: &HeaderMap) -> bool {
    headers.get(GRPC_STATUS).and_then(number) == Some(0)
}

fn statuses_differ(trailers: &HeaderMap) -> bool {
    let mut statuses = trailers.get_all(GRPC_STATUS).iter();
    let first = statuses.next();
    statuses.any(|status| Some(status) != first)
}

/// The end of a call that says no status, with the text that the peer gave all the same.
fn broken(what: &str, message: &str) -> Error {
    Error::unknown(match message {
        "" => what.to_owned(),
        message => format!("{what}, and said: {}", cut(message, 1024)),
    })
}

/// The error for trailers that were `too_long` to be taken, where they said that the call had ended as `result`.
pub(super) fn not_taken(too_long: &Error, result: &Result<()>) -> Error {
    let code = result.as_ref().map_or_else(Error::code, |()| Code::Ok);
    let text = too_long.message();
    Error::new(
        too_long.code(),
        format!("{text}; the peer's status was {code}"),
    )
}

/// The error for an HTTP response that does not come from a gRPC server (gRPC's `http-grpc-status-mapping.md`).
pub(super) fn from_http(status: StatusCode) -> Error {
    let code = match status.as_u16() {
        400 => Code::Internal,
        401 => Code::Unauthenticated,
        403 => Code::PermissionDenied,
        404 => Code::Unimplemented,
        429 | 502 | 503 | 504 => Code::Unavailable,
        _ => Code::Unknown,
    };
    Error::new(
        code,
        format!("the peer answered with HTTP {status} and no gRPC status"),
    )
}

fn write_error(error: &Error, trailers: &mut HeaderMap, go_micro: Option<&str>) {
    for (name, value) in error.metadata().headers() {
        // Metadata that somebody passes on may be from anywhere.
        if !is_reserved(name.as_str()) {
            trailers.append(name, value.clone());
        }
    }
    trailers.insert(GRPC_STATUS, HeaderValue::from(error.code().number()));
    trailers.remove(GRPC_MESSAGE);
    if !error.message().is_empty() {
        trailers.insert(GRPC_MESSAGE, encode_message(error.message()));
    }
    trailers.remove(GRPC_DETAILS);
    let details = match go_micro {
        Some(service) => write_details(error, &[go_micro::detail(error, service)]),
        None if error.details().is_empty() => return,
        None => write_details(error, error.details()),
    };
    if let Ok(value) = HeaderValue::from_maybe_shared(Bytes::from(details)) {
        trailers.insert(GRPC_DETAILS, value);
    }
}

fn number(status: &HeaderValue) -> Option<u32> {
    let digits = status.to_str().ok()?;
    // A sign would be read as well.
    let plain = digits.bytes().all(|digit| digit.is_ascii_digit());
    plain.then(|| digits.parse().ok()).flatten()
}

/// Escapes what gRPC does not let through in `grpc-message`: bytes outside of 0x20 to 0x7E, and `%`.
///
/// A message is cut where it would take more than 4 KiB with its escapes, which a letter outside of ASCII makes three times as long or
/// more: peers refuse, or end the connection for, headers that are much longer (gRPC's C core begins to at 8 KiB), and a text that
/// echoes what a caller sent may have any length.
fn encode_message(message: &str) -> HeaderValue {
    let message = cut(message, sure_end(message));
    const HEX: &[u8; 16] = b"0123456789ABCDEF";
    let mut text = Vec::with_capacity(message.len());
    for &byte in message.as_bytes() {
        match byte {
            b'%' | ..0x20 | 0x7f.. => {
                let (high, low) = (usize::from(byte >> 4), usize::from(byte & 15));
                text.extend_from_slice(&[b'%', HEX[high], HEX[low]]);
            }
            _ => text.push(byte),
        }
    }
    // What was escaped is printable ASCII; the fallback only keeps a panic out.
    HeaderValue::from_maybe_shared(Bytes::from(text)).unwrap_or(HeaderValue::from_static(""))
}

const MAX_MESSAGE: usize = 4096;

/// Where what takes no more than `MAX_MESSAGE` bytes with its escapes ends.
fn sure_end(message: &str) -> usize {
    let mut sent = 0;
    let is_beyond = |letter: char| {
        let is_plain = matches!(letter, ' '..='~') && letter != '%';
        sent += if is_plain { 1 } else { 3 * letter.len_utf8() };
        sent > MAX_MESSAGE
    };
    message.find(is_beyond).unwrap_or(message.len())
}

/// The first `length` bytes of `text`, or a little less, and how long it was; all of a text that is no longer.
fn cut(text: &str, length: usize) -> Cow<'_, str> {
    if text.len() <= length {
        return Cow::Borrowed(text);
    }
    let end = (0..=length).rev().find(|end| text.is_char_boundary(*end));
    let start = &text[..end.unwrap_or_default()];
    Cow::Owned(format!("{start}... ({} bytes in all)", text.len()))
}

/// Takes escapes back; what is no escape stays as it is, what is no UTF-8 becomes the replacement character.
fn decode_message(value: &HeaderValue) -> String {
    let mut bytes = Vec::with_capacity(value.len());
    let mut text = value.as_bytes();
    while let Some((&first, rest)) = text.split_first() {
        if let (b'%', Some((byte, rest))) = (first, hex_pair(rest)) {
            bytes.push(byte);
            text = rest;
        } else {
            bytes.push(first);
            text = rest;
        }
    }
    String::from_utf8(bytes)
        .unwrap_or_else(|error| String::from_utf8_lossy(error.as_bytes()).into_owned())
}

fn hex_pair(text: &[u8]) -> Option<(u8, &[u8])> {
    let (pair, rest) = text.split_first_chunk::<2>()?;
    let digit = |letter: u8| char::from(letter).to_digit(16);
    let byte = digit(pair[0])? * 16 + digit(pair[1])?;
    Some((byte as u8, rest))
}

fn write_details(error: &Error, details: &[Detail]) -> Vec<u8> {
    let details = details.iter().map(|detail| Any {
        type_url: detail.type_url.clone(),
        value: detail.value.clone(),
    });
    let status = Status {
        code: error.code().number() as i32,
        message: error.message().to_owned(),
        details: details.collect(),
    };
    base64::encode(&status.encode_to_vec())
}

/// The details in a `google.rpc.Status`; none where it cannot be read, because the status itself is in plain trailers.
fn read_details(value: &HeaderValue) -> Vec<Detail> {
    let status = base64::decode(value.as_bytes())
        .and_then(|bytes| Status::decode(Bytes::from(bytes)).ok())
        .unwrap_or_default();
    let details = status.details.into_iter();
    details
        .map(|any| Detail::new(any.type_url, any.value))
        .collect()
}

/// `google.rpc.Status`.
#[derive(Clone, PartialEq, prost::Message)]
struct Status {
    #[prost(int32, tag = "1")]
    code: i32,
    #[prost(string, tag = "2")]
    message: String,
    #[prost(message, repeated, tag = "3")]
    details: Vec<Any>,
}

/// `google.protobuf.Any`.
#[derive(Clone, PartialEq, prost::Message)]
struct Any {
    #[prost(string, tag = "1")]
    type_url: String,
    #[prost(bytes = "bytes", tag = "2")]
    value: Bytes,
}

/// Takes what only frames a reply out of its headers, so that metadata is left.
pub(super) fn strip_reply(headers: &mut HeaderMap) {
    // Every reply has it, and most have nothing else.
    headers.remove(header::CONTENT_TYPE);
    strip_reserved(headers);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn round_trip(error: &Error) -> Error {
        let (_, result) = from_trailers(trailers(Err(error), Metadata::new(), None));
        result.unwrap_err()
    }

    #[test]
    fn success_is_a_zero() {
        let mut own = Metadata::new();
        own.insert("rows", "3").unwrap();
        let trailers = trailers(Ok(()), own, None);
        assert_eq!(trailers["grpc-status"], "0");
        let (metadata, result) = from_trailers(trailers);
        assert!(result.is_ok());
        assert_eq!(metadata.iter().collect::<Vec<_>>(), [("rows", "3")]);
    }

    #[test]
    fn every_code_comes_back() {
        for code in Code::ALL.into_iter().skip(1) {
            let error = round_trip(&Error::new(code, "why"));
            assert_eq!((error.code(), error.message()), (code, "why"));
        }
    }

    #[test]
    fn messages_travel_escaped() {
        for (message, text) in [
            ("plain ~ text", "plain ~ text"),
            ("100 %", "100 %25"),
            ("é\n\u{7f}", "%C3%A9%0A%7F"),
            ("☺", "%E2%98%BA"),
        ] {
            let error = Error::internal(message);
            let trailers = trailers(Err(&error), Metadata::new(), None);
            assert_eq!(trailers["grpc-message"], text);
            assert_eq!(round_trip(&error).message(), message);
        }
    }

    #[test]
    fn a_message_is_cut_by_what_it_takes_on_the_wire() {
        for (text, whole) in [("x", 4096), ("%", 1365), ("語", 455), ("\u{1f980}", 341)] {
            let fits = round_trip(&Error::internal(text.repeat(whole)));
            assert_eq!(fits.message(), text.repeat(whole));
            let long = Error::internal(text.repeat(whole + 1));
            assert!(encode_message(long.message()).len() <= MAX_MESSAGE + 32);
            let told = format!("... ({} bytes in all)", text.len() * (whole + 1));
            assert_eq!(round_trip(&long).message(), text.repeat(whole) + &told);
        }
    }

    #[test]
    fn what_is_no_escape_stays() {
        for (text, message) in [
            ("100%", "100%"),
            ("%zz %2", "%zz %2"),
            ("%c3%a9", "é"),
            ("%FF", "\u{fffd}"),
        ] {
            assert_eq!(decode_message(&HeaderValue::from_static(text)), message);
        }
    }

    #[test]
    fn details_and_metadata_come_back() {
        let mut metadata = Metadata::new();
        metadata.insert("retry", "no").unwrap();
        let details = [
            Detail::new("t/a", "one"),
            Detail::new("t/b", &b"\x00\xff"[..]),
        ];
        let error = details
            .iter()
            .cloned()
            .fold(Error::aborted("again"), Error::detail)
            .with_metadata(metadata.clone());
        let error = round_trip(&error);
        assert_eq!(error.details(), details);
        assert_eq!(error.metadata(), &metadata);
    }

    #[test]
    fn padded_details_are_read_and_broken_ones_ignored() {
        let error = Error::aborted("again").detail(Detail::new("t/a", "four"));
        let mut text = base64::encode(
            &Status {
                details: vec![Any::default()],
                ..Status::default()
            }
            .encode_to_vec(),
        );
        text.extend_from_slice(&b"=="[..(4 - text.len() % 4) % 4]);
        assert_eq!(text.last(), Some(&b'='));
        let padded = HeaderValue::from_bytes(&text).unwrap();
        assert_eq!(read_details(&padded), [Detail::new("", "")]);

        let mut trailers = trailers(Err(&error), Metadata::new(), None);
        trailers.insert(GRPC_DETAILS, HeaderValue::from_static("!"));
        let error = from_trailers(trailers).1.unwrap_err();
        assert_eq!((error.code(), error.details()), (Code::Aborted, &[][..]));
    }

    /// go-micro-wire.md, GV13: what a go-micro server sends.
    const FROM_GO: [(&str, &str); 3] = [
        ("grpc-status", "5"),
        (
            "grpc-message",
            r#"{"id":"greeter","code":404,"detail":"user not found","status":"Not Found"}"#,
        ),
        (
            "grpc-status-details-bin",
            "CAUSSnsiaWQiOiJncmVldGVyIiwiY29kZSI6NDA0LCJkZXRhaWwiOiJ1c2VyIG5vdCBmb3VuZCIsInN0YXR1cyI6Ik5vdCBGb3VuZCJ9GksKIHR5cGUuZ29vZ2xlYXBpcy5jb20vZXJyb3JzLkVycm9yEicKB2dyZWV0ZXIQlAMaDnVzZXIgbm90IGZvdW5kIglOb3QgRm91bmQ",
        ),
    ];

    #[test]
    fn a_go_micro_servers_error_is_read_with_and_without_its_detail() {
        for count in [3, 2] {
            let headers = FROM_GO.into_iter().take(count).map(|(name, value)| {
                let name = HeaderName::from_static(name);
                (name, HeaderValue::from_static(value))
            });
            let error = from_trailers(headers.collect()).1.unwrap_err();
            assert_eq!(error.code(), Code::NotFound);
            assert_eq!(error.message(), "user not found");
            assert_eq!(error.service_id(), Some("greeter"));
            assert_eq!(error.details(), []);
        }
    }

    #[test]
    fn a_go_micro_caller_gets_its_own_error_as_the_only_detail() {
        let error = Error::not_found("user not found").detail(Detail::new("t/a", "one"));
        let trailers = trailers(Err(&error), Metadata::new(), Some("greeter"));
        assert_eq!(trailers["grpc-message"], "user not found");
        let details = read_details(&trailers["grpc-status-details-bin"]);
        let bytes = b"\n\x07greeter\x10\x94\x03\x1a\x0euser not found\x22\x09Not Found";
        let own = Detail::new("type.googleapis.com/errors.Error", &bytes[..]);
        assert_eq!(details, [own]);
    }

    #[test]
    fn trailers_without_a_status_are_a_failure() {
        let error = from_trailers(HeaderMap::new()).1.unwrap_err();
        assert_eq!(error.code(), Code::Unknown);
        for text in ["no", "", "+0", "-0", " 0", "0, 0", "4294967296"] {
            let mut trailers = HeaderMap::new();
            trailers.insert(GRPC_STATUS, HeaderValue::from_static(text));
            trailers.insert(GRPC_MESSAGE, HeaderValue::from_static("why%21"));
            let error = from_trailers(trailers).1.unwrap_err();
            assert_eq!(error.code(), Code::Unknown);
            assert!(error.message().contains(&format!("{text:?}")), "{error}");
            assert!(error.message().ends_with("why!"), "{error}");
        }
    }

    #[test]
    fn a_status_that_is_there_twice_counts_if_it_is_the_same() {
        for (statuses, code) in [
            (["0", "0"], None),
            (["5", "5"], Some(Code::NotFound)),
            (["0", "5"], Some(Code::Unknown)),
            (["5", "0"], Some(Code::Unknown)),
        ] {
            let statuses = statuses.map(|status| (GRPC_STATUS, HeaderValue::from_static(status)));
            let (metadata, result) = from_trailers(HeaderMap::from_iter(statuses));
            assert_eq!(result.err().map(|error| error.code()), code);
            assert!(metadata.is_empty());
        }
    }

    #[test]
    fn a_status_that_nobody_knows_is_unknown_and_keeps_its_text() {
        for number in ["17", "99", "4294967295"] {
            let mut trailers = HeaderMap::new();
            trailers.insert(GRPC_STATUS, HeaderValue::from_static(number));
            trailers.insert(GRPC_MESSAGE, HeaderValue::from_static("why"));
            let error = from_trailers(trailers).1.unwrap_err();
            assert_eq!((error.code(), error.message()), (Code::Unknown, "why"));
        }
    }

    #[test]
    fn no_reserved_name_travels_either_way() {
        let strange = [
            ("content-length", "1"),
            ("grpc-encoding", "gzip"),
            ("x-own", "2"),
        ];
        let strange = strange.map(|(name, value)| {
            let name = HeaderName::from_static(name);
            (name, HeaderValue::from_static(value))
        });
        let passed_on = Metadata::from_headers(HeaderMap::from_iter(strange.clone()));
        let error = Error::aborted("again").with_metadata(passed_on);
        let sent = trailers(Err(&error), Metadata::new(), None);
        let mut names: Vec<_> = sent.keys().map(HeaderName::as_str).collect();
        names.sort_unstable();
        assert_eq!(names, ["grpc-message", "grpc-status", "x-own"]);

        let mut came = sent;
        came.extend(strange.map(|(name, value)| (Some(name), value)));
        let (metadata, result) = from_trailers(came);
        assert_eq!(metadata.iter().collect::<Vec<_>>(), [("x-own", "2")]);
        assert_eq!(result.unwrap_err().metadata(), &metadata);
    }

    #[test]
    fn http_statuses_have_their_codes() {
        for (status, code) in [
            (400, Code::Internal),
            (401, Code::Unauthenticated),
            (403, Code::PermissionDenied),
            (404, Code::Unimplemented),
            (429, Code::Unavailable),
            (502, Code::Unavailable),
            (503, Code::Unavailable),
            (504, Code::Unavailable),
            (200, Code::Unknown),
            (500, Code::Unknown),
        ] {
            let error = from_http(StatusCode::from_u16(status).unwrap());
            assert_eq!(error.code(), code);
            assert!(error.message().contains(&status.to_string()));
        }
    }
}
