//! The JSON in which go-micro's brokers put a message on the wire (`broker/broker.go`, `Message`, through Go's `encoding/json`).
//!
//! It is `{"Header":{…},"Body":"<base64>"}`, and either may be null. It is read as Go reads it: without regard to the order or to the
//! case of the two names, with unknown names passed over; of two bodies the last one counts, and a second header adds to the first.

use std::fmt;

use serde::Serializer;
use serde::de::{self, Deserialize, Deserializer, IgnoredAny, MapAccess, Visitor};

use super::base64;

/// A message of go-micro's brokers, as it was read.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Envelope {
    /// The names and values in their order; of a name that is there twice the last value counts.
    pub(crate) header: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
}

impl Envelope {
    /// Reads `json`, all of it.
    pub(crate) fn read(json: &[u8]) -> serde_json::Result<Self> {
        serde_json::from_slice(json)
    }

    /// Writes `header`, in its order, and `body`.
    pub(crate) fn write<'a>(
        header: impl Iterator<Item = (&'a str, &'a str)> + Clone,
        body: &[u8],
    ) -> serde_json::Result<Vec<u8>> {
        let mut json = Vec::with_capacity(length(header.clone(), body));
        json.extend_from_slice(br#"{"Header":"#);
        serde_json::Serializer::new(&mut json).collect_map(header)?;
        json.extend_from_slice(br#","Body":"#);
        if body.is_empty() {
            json.extend_from_slice(b"null");
        } else {
            json.push(b'"');
            base64::append(&mut json, body);
            json.push(b'"');
        }
        json.push(b'}');
        Ok(json)
    }
}

/// How many bytes a message takes, if nothing in its header has to be escaped: one of some kilobytes would be moved again and again as
/// it grows.
fn length<'a>(header: impl Iterator<Item = (&'a str, &'a str)>, body: &[u8]) -> usize {
    let pairs = header.map(|(name, value)| r#""":"","#.len() + name.len() + value.len());
    let pairs = pairs.sum::<usize>().saturating_sub(",".len());
    let body = match body.len() {
        0 => "null".len(),
        bytes => r#""""#.len() + base64::length(bytes),
    };
    r#"{"Header":{},"Body":}"#.len() + pairs + body
}

impl<'de> Deserialize<'de> for Envelope {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(ReadingEnvelope)
    }
}

struct ReadingEnvelope;

impl<'de> Visitor<'de> for ReadingEnvelope {
    type Value = Envelope;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a message of go-micro's")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Envelope, A::Error> {
        let mut envelope = Envelope::default();
        while let Some(part) = map.next_key()? {
            match part {
                Part::Header => match map.next_value::<Option<Pairs>>()? {
                    Some(Pairs(mut more)) => envelope.header.append(&mut more),
                    None => envelope.header.clear(),
                },
                Part::Body => {
                    let body: Option<Body> = map.next_value()?;
                    envelope.body = body.map(|Body(bytes)| bytes).unwrap_or_default();
                }
                Part::Unknown => {
                    let IgnoredAny = map.next_value()?;
                }
            }
        }
        Ok(envelope)
    }
}

/// What a name at the top says will follow.
enum Part {
    Header,
    Body,
    Unknown,
}

impl<'de> Deserialize<'de> for Part {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_str(ReadingPart)
    }
}

struct ReadingPart;

impl Visitor<'_> for ReadingPart {
    type Value = Part;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a name")
    }

    fn visit_str<E: de::Error>(self, name: &str) -> Result<Part, E> {
        Ok(if name.eq_ignore_ascii_case("Header") {
            Part::Header
        } else if name.eq_ignore_ascii_case("Body") {
            Part::Body
        } else {
            Part::Unknown
        })
    }
}

/// The names and values of a header; null stands for an empty value.
struct Pairs(Vec<(String, String)>);

impl<'de> Deserialize<'de> for Pairs {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(ReadingPairs)
    }
}

struct ReadingPairs;

impl<'de> Visitor<'de> for ReadingPairs {
    type Value = Pairs;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a header of texts")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Pairs, A::Error> {
        let mut pairs = Vec::new();
        while let Some((name, value)) = map.next_entry::<String, Option<String>>()? {
            pairs.push((name, value.unwrap_or_default()));
        }
        Ok(Pairs(pairs))
    }
}

/// A body that is decoded where it stands, without a string in between.
struct Body(Vec<u8>);

impl<'de> Deserialize<'de> for Body {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_str(ReadingBody)
    }
}

struct ReadingBody;

impl Visitor<'_> for ReadingBody {
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

    fn pair(name: &str, value: &str) -> (String, String) {
        (name.to_owned(), value.to_owned())
    }

    fn written(envelope: &Envelope) -> String {
        let header = envelope.header.iter().map(|(k, v)| (&**k, &**v));
        let json = Envelope::write(header, &envelope.body).unwrap();
        assert_eq!(json.len(), json.capacity(), "it was moved");
        String::from_utf8(json).unwrap()
    }

    #[test]
    fn a_message_is_written_as_go_writes_it_and_read_back() {
        let message = Envelope::read(GO.as_bytes()).unwrap();
        assert_eq!(message.body, b"{\"name\":\"John\"}\n");
        assert_eq!(message.header[2], pair("Micro-Topic", "greeter.events"));
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
        assert_eq!(message.header, [pair("a", "")]);
        assert_eq!(message.body, b"hi");
    }

    /// As Go's `json.Unmarshal` fills a `broker.Message`.
    #[test]
    fn any_case_and_parts_that_are_there_twice_are_read_as_go_reads_them() {
        let json =
            br#"{"HEADER":{"a":"1","b":"2"},"bOdY":"aGk=","Body":"aG8=","header":{"a":"3"}}"#;
        let message = Envelope::read(json).unwrap();
        let pairs = [pair("a", "1"), pair("b", "2"), pair("a", "3")];
        assert_eq!(
            (&message.header[..], &message.body[..]),
            (&pairs[..], &b"ho"[..])
        );
        let json = br#"{"Header":{"a":"1"},"Body":"aGk=","header":null,"body":null}"#;
        assert_eq!(Envelope::read(json).unwrap(), Envelope::default());
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
            r#"[{},"aGk="]"#,
            r#"{"Body":"aGk="} x"#,
        ] {
            assert!(Envelope::read(json.as_bytes()).is_err(), "{json}");
        }
    }
}
