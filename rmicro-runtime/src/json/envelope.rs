//! The JSON in which go-micro's brokers put a message on the wire (`broker/broker.go`, `Message`, through Go's `encoding/json`).
//!
//! It is `{"Header":{…},"Body":"<base64>"}`, and either may be null. Read without regard to the order, with unknown names passed
//! over; Go takes the two names in any case, and so are they taken here in lower case as well.

use std::collections::BTreeMap;
use std::fmt;

use serde::Serialize;
use serde::de::{self, Deserialize, Deserializer, Visitor};

use super::base64::{self, Base64};

/// A message of go-micro's brokers, as it was read.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Envelope {
    pub(crate) header: BTreeMap<String, String>,
    pub(crate) body: Vec<u8>,
}

impl Envelope {
    /// Reads `json`, all of it.
    pub(crate) fn read(json: &[u8]) -> serde_json::Result<Self> {
        let incoming: Incoming = serde_json::from_slice(json)?;
        let header = incoming.header.unwrap_or_default().into_iter();
        Ok(Self {
            header: header
                .map(|(name, value)| (name, value.unwrap_or_default()))
                .collect(),
            body: incoming.body.map(|body| body.0).unwrap_or_default(),
        })
    }

    /// Writes `header`, in its order, and `body`.
    pub(crate) fn write<'a>(
        header: impl Iterator<Item = (&'a str, &'a str)> + Clone,
        body: &[u8],
    ) -> serde_json::Result<Vec<u8>> {
        serde_json::to_vec(&Outgoing {
            header: Names(header),
            body: (!body.is_empty()).then_some(Letters(body)),
        })
    }
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
#[serde(bound = "Names<I>: Serialize")]
struct Outgoing<'a, I> {
    header: Names<I>,
    body: Option<Letters<'a>>,
}

struct Names<I>(I);

impl<'a, I: Iterator<Item = (&'a str, &'a str)> + Clone> Serialize for Names<I> {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.0.clone())
    }
}

struct Letters<'a>(&'a [u8]);

impl Serialize for Letters<'_> {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&Base64(self.0))
    }
}

#[derive(serde::Deserialize)]
struct Incoming {
    #[serde(rename = "Header", alias = "header")]
    header: Option<BTreeMap<String, Option<String>>>,
    #[serde(rename = "Body", alias = "body")]
    body: Option<Body>,
}

/// A body that is decoded where it stands, without a string in between.
struct Body(Vec<u8>);

impl<'de> Deserialize<'de> for Body {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_str(Reading)
    }
}

struct Reading;

impl Visitor<'_> for Reading {
    type Value = Body;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a body in base64")
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<Body, E> {
        let body = base64::decode(text.as_bytes());
        body.map(Body)
            .ok_or_else(|| E::custom("the body is no base64"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What go-micro v5 sends for an event in JSON; see the golden vectors of the wire facts.
    const GO: &str = r#"{"Header":{"Content-Type":"application/json","Micro-ID":"2b1c0d9e-1111-4222-8333-444455556666","Micro-Topic":"greeter.events"},"Body":"eyJuYW1lIjoiSm9obiJ9Cg=="}"#;

    fn written(envelope: &Envelope) -> String {
        let header = envelope.header.iter().map(|(k, v)| (&**k, &**v));
        String::from_utf8(Envelope::write(header, &envelope.body).unwrap()).unwrap()
    }

    #[test]
    fn a_message_is_written_as_go_writes_it_and_read_back() {
        let message = Envelope::read(GO.as_bytes()).unwrap();
        assert_eq!(message.body, b"{\"name\":\"John\"}\n");
        assert_eq!(message.header["Micro-Topic"], "greeter.events");
        assert_eq!(written(&message), GO);
        assert_eq!(
            written(&Envelope::default()),
            r#"{"Header":{},"Body":null}"#
        );
    }

    #[test]
    fn null_and_nothing_are_taken_anywhere() {
        for json in [
            r#"{"Header":null,"Body":null}"#,
            "{}",
            r#"{"body":"","header":{},"more":[1]}"#,
        ] {
            assert_eq!(
                Envelope::read(json.as_bytes()).unwrap(),
                Envelope::default()
            );
        }
        let message = Envelope::read(br#"{"Header":{"a":null},"Body":"aGk\u003d"}"#).unwrap();
        assert_eq!(message.header["a"], "");
        assert_eq!(message.body, b"hi");
    }

    #[test]
    fn what_is_no_message_is_refused() {
        for json in [
            "",
            "null",
            "7",
            "{",
            r#"{"Body":"no base64"}"#,
            r#"{"Body":7}"#,
            r#"{"Header":{"a":7}}"#,
            r#"{"Header":["a"]}"#,
            r#"{"Body":"aGk="} x"#,
        ] {
            assert!(Envelope::read(json.as_bytes()).is_err(), "{json}");
        }
    }
}
