//! The text of a node: JSON, deflated, in hexadecimal (go-micro `registry/mdns_registry.go`, `encode`).
//!
//! Invariant: whatever arrives from the network is bounded before it is inflated or parsed.

use std::collections::BTreeMap;
use std::io::{Read, Write};

use flate2::Compression;
use flate2::read::ZlibDecoder;
use flate2::write::ZlibEncoder;

use super::json::Text;
use crate::error::{Error, Result};
use crate::registry::EndpointInfo;

/// The most that a text may inflate to.
const LARGEST_JSON: u64 = 256 * 1024;
/// The most that one TXT record may have to stay within a jumbo frame.
const LARGEST_TXT: usize = 9000;
/// What fits into an Ethernet frame beside the other records.
const UNFRAGMENTED_TXT: usize = 1300;

/// What a TXT record says about a node and its service.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Said {
    pub(super) service: String,
    pub(super) version: String,
    pub(super) metadata: BTreeMap<String, String>,
    pub(super) endpoints: Vec<EndpointInfo>,
}

/// The text for a TXT record, not yet cut into strings.
///
/// # Errors
///
/// [`ResourceExhausted`](crate::Code::ResourceExhausted) when it is longer than 9000 bytes.
pub(super) fn encode(said: &Said) -> Result<String> {
    let text = to_hex(&deflate(said).map_err(|e| unwritable(&said.service).source(e))?);
    if text.len() > LARGEST_TXT {
        return Err(Error::resource_exhausted(format!(
            "the endpoints and metadata of {:?} take {} bytes in mdns, {LARGEST_TXT} are possible; \
             describe fewer endpoints or choose another registry",
            said.service,
            text.len()
        )));
    }
    if text.len() > UNFRAGMENTED_TXT {
        tracing::debug!(
            service = said.service,
            bytes = text.len(),
            "the mdns record does not fit into one Ethernet frame"
        );
    }
    Ok(text)
}

/// What `text` says; `None` when it is not a text of go-micro, or too large.
pub(super) fn decode(text: &str) -> Option<Said> {
    let deflated = from_hex(text.as_bytes())?;
    let mut json = Vec::new();
    let mut inflated = ZlibDecoder::new(&*deflated).take(LARGEST_JSON + 1);
    inflated.read_to_end(&mut json).ok()?;
    if json.len() as u64 > LARGEST_JSON {
        return None;
    }
    serde_json::from_slice::<Text>(&json).ok().map(Said::from)
}

/// Whether a text of this length is worth a warning: it travels in fragments, which some networks drop.
pub(super) fn is_fragmented(text: &str) -> bool {
    text.len() > UNFRAGMENTED_TXT
}

fn deflate(said: &Said) -> std::io::Result<Vec<u8>> {
    let mut deflated = ZlibEncoder::new(Vec::new(), Compression::default());
    deflated.write_all(&serde_json::to_vec(&Text::from(said))?)?;
    deflated.finish()
}

fn to_hex(bytes: &[u8]) -> String {
    let digit = |value: u8| char::from_digit(u32::from(value), 16).unwrap_or('0');
    bytes
        .iter()
        .flat_map(|byte| [digit(byte >> 4), digit(byte & 15)])
        .collect()
}

fn from_hex(text: &[u8]) -> Option<Vec<u8>> {
    let digit = |byte: u8| char::from(byte).to_digit(16);
    let (pairs, []) = text.as_chunks::<2>() else {
        return None;
    };
    let byte = |&[high, low]: &[u8; 2]| u8::try_from(digit(high)? << 4 | digit(low)?).ok();
    pairs.iter().map(byte).collect()
}

fn unwritable(service: &str) -> Error {
    Error::internal(format!("what is known of {service:?} cannot be written for mdns"))
}
