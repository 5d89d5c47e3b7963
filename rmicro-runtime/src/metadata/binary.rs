//! Bytes as the value of a header (gRPC's `PROTOCOL-HTTP2.md`, "Custom-Metadata").

use bytes::Bytes;
use http::HeaderValue;

use super::base64;

/// Writes `bytes` as base64 without padding.
pub(super) fn write(bytes: &[u8]) -> HeaderValue {
    // Base64 is always a header value; the fallback only keeps a panic out.
    HeaderValue::from_maybe_shared(Bytes::from(base64::encode(bytes)))
        .unwrap_or(HeaderValue::from_static(""))
}

/// Reads the values that were joined by commas in one; padding may be there, what is no base64 is
/// left out.
pub(super) fn read(value: &HeaderValue) -> impl Iterator<Item = Bytes> {
    let parts = value.as_bytes().split(|&byte| byte == b',');
    parts.filter_map(|part| base64::decode(part.trim_ascii()).map(Bytes::from))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn values(text: &'static str) -> Vec<Bytes> {
        read(&HeaderValue::from_static(text)).collect()
    }

    #[test]
    fn values_are_written_without_padding_and_read_with_or_without() {
        assert_eq!(write(b"\x00\xff\x10\x80"), "AP8QgA");
        assert_eq!(values("AP8QgA"), [&b"\x00\xff\x10\x80"[..]]);
        assert_eq!(values("AP8QgA=="), [&b"\x00\xff\x10\x80"[..]]);
    }

    #[test]
    fn values_that_were_joined_are_parted_and_odd_ones_left_out() {
        assert_eq!(values("YQ==,Yg, !,,Yw"), ["a", "b", "", "c"]);
        assert_eq!(values(""), [""]);
    }
}
