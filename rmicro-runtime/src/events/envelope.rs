//! The header of an event, as go-micro writes and reads it (`client/rpc_client.go`, `Publish`; `server/rpc_events.go`).

use http::header::{HeaderName, HeaderValue};

use crate::broker::Header;
use crate::metadata::Metadata;

/// What the body is.
pub(super) const CONTENT_TYPE: &str = "Content-Type";
/// The topic that the event was published to.
pub(super) const TOPIC: &str = "Micro-Topic";
/// The id of the event, a UUID.
pub(super) const ID: &str = "Micro-ID";

/// Adds `metadata` to `header`, each name as Go writes it: `trace-id` is `Trace-Id`. Several values of a name are joined by commas,
/// since a header has one.
pub(super) fn add(header: &mut Header, metadata: &Metadata) {
    for name in metadata.headers().keys() {
        let values: Vec<_> = metadata.get_all(name.as_str()).collect();
        if !values.is_empty() {
            header.insert(go_case(name.as_str()), values.join(", "));
        }
    }
}

/// What a handler gets as metadata: every name and value of `header` that may be metadata; others are left out.
pub(super) fn metadata(header: &Header) -> Metadata {
    let mut metadata = Metadata::new();
    for (name, value) in header.iter() {
        let name = HeaderName::from_bytes(name.as_bytes());
        let value = HeaderValue::from_bytes(value.as_bytes());
        if let (Ok(name), Ok(value)) = (name, value) {
            metadata.headers_mut().append(name, value);
        }
    }
    metadata
}

/// `name` with each word between `-` beginning with a capital, as Go's `textproto.CanonicalMIMEHeaderKey` has it.
fn go_case(name: &str) -> String {
    let mut begins = true;
    let letters = name.chars().map(|letter| {
        let cased = if begins {
            letter.to_ascii_uppercase()
        } else {
            letter.to_ascii_lowercase()
        };
        begins = letter == '-';
        cased
    });
    letters.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn metadata_travels_in_gos_case_and_comes_back() {
        let mut sent = Metadata::new();
        sent.insert("trace-id", "7").unwrap();
        sent.append("tag", "a").unwrap();
        sent.append("tag", "b").unwrap();
        sent.insert_bin("token-bin", [0, 255]).unwrap();
        let mut header = Header::new();
        add(&mut header, &sent);
        let names: Vec<_> = header.iter().collect();
        assert_eq!(
            names,
            [("Tag", "a, b"), ("Token-Bin", "AP8"), ("Trace-Id", "7")]
        );
        let got = metadata(&header);
        assert_eq!(
            (got.get("trace-id"), got.get("tag")),
            (Some("7"), Some("a, b"))
        );
        assert_eq!(got.get_bin("token-bin").as_deref(), Some(&[0, 255][..]));
    }

    #[test]
    fn what_cannot_be_metadata_is_left_out() {
        let header = [("a b", "1"), ("c", "line\nbreak"), ("d", "ok"), ("", "x")];
        let got = metadata(&header.into_iter().collect());
        assert_eq!(got.iter().collect::<Vec<_>>(), [("d", "ok")]);
    }
}
