//! go-micro's JSON around a message, as a user of the bare crates would write and read it: serde, and the crate `base64`.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};

use crate::Outcome;

/// The name and the value in the header of each message.
pub const HEADER: (&str, &str) = ("id", "0b9f7c1e-4b0e-4c7a-9a38-5a3c7a7a6f10");

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Envelope {
    header: BTreeMap<String, String>,
    body: String,
}

/// The name in the header under which go-micro's HTTP broker has the topic.
const TOPIC: &str = "Micro-Topic";

pub fn write(body: &[u8]) -> Outcome<Vec<u8>> {
    written(BTreeMap::from([header(HEADER)]), body)
}

/// With the topic in the header.
pub fn write_to(topic: &str, body: &[u8]) -> Outcome<Vec<u8>> {
    let header = BTreeMap::from([header((TOPIC, topic)), header(HEADER)]);
    written(header, body)
}

/// The body of what [`write`] wrote.
pub fn read(json: &[u8]) -> Outcome<Vec<u8>> {
    let envelope: Envelope = serde_json::from_slice(json)?;
    Ok(STANDARD.decode(envelope.body)?)
}

/// The topic and the body of what [`write_to`] wrote.
pub fn read_from(json: &[u8]) -> Outcome<(String, Vec<u8>)> {
    let mut envelope: Envelope = serde_json::from_slice(json)?;
    let topic = envelope.header.remove(TOPIC).ok_or("there is no topic")?;
    Ok((topic, STANDARD.decode(envelope.body)?))
}

fn header((name, value): (&str, &str)) -> (String, String) {
    (name.to_owned(), value.to_owned())
}

fn written(header: BTreeMap<String, String>, body: &[u8]) -> Outcome<Vec<u8>> {
    let body = STANDARD.encode(body);
    Ok(serde_json::to_vec(&Envelope { header, body })?)
}
