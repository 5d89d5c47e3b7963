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

pub fn write(body: &[u8]) -> Outcome<Vec<u8>> {
    let (name, value) = HEADER;
    let envelope = Envelope {
        header: BTreeMap::from([(name.to_owned(), value.to_owned())]),
        body: STANDARD.encode(body),
    };
    Ok(serde_json::to_vec(&envelope)?)
}

/// The body of what [`write`] wrote.
pub fn read(json: &[u8]) -> Outcome<Vec<u8>> {
    let envelope: Envelope = serde_json::from_slice(json)?;
    Ok(STANDARD.decode(envelope.body)?)
}
