//! What may be a name or a value (gRPC's `PROTOCOL-HTTP2.md`, "Custom-Metadata").

#[cfg(feature = "grpc")]
use http::header::HeaderMap;
use http::header::{HeaderName, HeaderValue};

use crate::error::{Error, Result};

/// How names end whose values are bytes.
const BINARY: &str = "-bin";

/// Whether the protocols keep `name`, which is lower case, for themselves: gRPC's `PROTOCOL-HTTP2.md`,
/// RFC 9113 section 8.2.2, and go-micro's `client/grpc/grpc.go` for the last two.
pub(crate) fn is_reserved(name: &str) -> bool {
    name.starts_with("grpc-")
        || matches!(
            name,
            "content-type"
                | "te"
                | "connection"
                | "keep-alive"
                | "proxy-connection"
                | "transfer-encoding"
                | "upgrade"
                | "content-length"
                | "host"
                | "timeout"
                | "x-content-type"
        )
}

/// Takes what is reserved out of `headers`; where nothing is, it only looks at each name.
///
/// Transports do so with what a peer has sent: those headers framed the peer's message, and would break the next one if they were
/// passed on. They do so with what is sent, too, as a map that was taken as it is may have any name.
#[cfg(feature = "grpc")]
pub(crate) fn strip_reserved(headers: &mut HeaderMap) {
    let names = headers.keys().filter(|name| is_reserved(name.as_str()));
    // A list of nothing costs nothing.
    let names: Vec<HeaderName> = names.cloned().collect();
    for name in names {
        headers.remove(name);
    }
}

/// The name of a value that is text.
pub(super) fn text_name(name: &str) -> Result<HeaderName> {
    let header = checked(name)?;
    if header.as_str().ends_with(BINARY) {
        return Err(Error::invalid_argument(format!(
            "metadata name {name:?} is for bytes, as it ends in {BINARY:?}: use insert_bin, \
            append_bin or metadata_bin"
        )));
    }
    Ok(header)
}

/// The name of a value that is bytes.
pub(super) fn binary_name(name: &str) -> Result<HeaderName> {
    let header = checked(name)?;
    if !header.as_str().ends_with(BINARY) {
        return Err(Error::invalid_argument(format!(
            "metadata name {name:?} is for text: a name for bytes must end in {BINARY:?}"
        )));
    }
    Ok(header)
}

/// The value of `name`, which is text.
pub(super) fn text_value(name: &str, value: &str) -> Result<HeaderValue> {
    let printable = value.bytes().all(|byte| matches!(byte, b' '..=b'~'));
    let value_of = |value| HeaderValue::from_str(value).ok();
    Some(value)
        .filter(|_| printable)
        .and_then(value_of)
        .ok_or_else(|| {
            Error::invalid_argument(format!(
                "the value of metadata {name:?} is not printable ASCII: {value:?}"
            ))
        })
}

fn checked(name: &str) -> Result<HeaderName> {
    let legal = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.');
    let header = HeaderName::from_bytes(name.as_bytes())
        .ok()
        .filter(|_| name.bytes().all(legal))
        .ok_or_else(|| {
            Error::invalid_argument(format!(
                "metadata name {name:?} is not of letters, digits, '-', '_' and '.'"
            ))
        })?;
    if is_reserved(header.as_str()) {
        return Err(Error::invalid_argument(format!(
            "metadata name {name:?} is reserved by the protocol"
        )));
    }
    Ok(header)
}
