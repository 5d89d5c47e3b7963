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
    Error::internal(format!(
        "what is known of {service:?} cannot be written for mdns"
    ))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::registry::ValueInfo;

    const MINIMAL: &str = "789cab56f24d2d494c492c4954b2aaaed5510a4e2d2acb4c4e55b2524a54d2510a4b\
        2d2acecccf03f20c813cd7bc9482fcccbc926225abbcd29c9c5a0055b413ce";
    const GREETER: &str = "789c8d90bd6ec3300c84df85b36124abf7225dbaa44097a08362138e50995248da40\
        60f8dd4bb9ca0f9a0e9d247db8e39d38c31baaeb9c3a68663872fc4286064eaa092a481c35b6311819c63613c6de8bf2\
        25938ec488204faba728941d498aacd7314b05efa6f12d1ae919514d5ec107b2f848c6b6f5a6de1879a12e454f2ad01c\
        664b3a8f289a6b911bb2f7154388fb822de892fea0930b765b2714db7adce456de53ff20a43184e573c95fb3da24f89c\
        58f8efc81b7ece1c50c4f5ff8a1deefbb757f1ef7ed654af4960ba6fa6f29006";

    fn text_of(json: &str) -> String {
        let mut deflated = ZlibEncoder::new(Vec::new(), Compression::default());
        deflated.write_all(json.as_bytes()).unwrap();
        to_hex(&deflated.finish().unwrap())
    }

    fn value(name: &str, type_name: &str, values: Vec<ValueInfo>) -> ValueInfo {
        ValueInfo {
            name: name.into(),
            type_name: type_name.into(),
            values,
        }
    }

    fn greeter() -> Said {
        let field = |name| vec![value(name, "string", Vec::new())];
        let metadata = [
            "broker=http",
            "protocol=mucp",
            "registry=mdns",
            "server=mucp",
            "transport=http",
        ];
        let pair = |pair: &str| pair.split_once('=').map(|(k, v)| (k.into(), v.into()));
        Said {
            service: "greeter".into(),
            version: "1.0.0".into(),
            metadata: metadata.into_iter().filter_map(pair).collect(),
            endpoints: vec![EndpointInfo {
                name: "Greeter.Hello".into(),
                request: Some(value("HelloRequest", "HelloRequest", field("name"))),
                response: Some(value("HelloResponse", "HelloResponse", field("message"))),
                metadata: BTreeMap::new(),
            }],
        }
    }

    #[test]
    fn the_golden_text_is_read() {
        assert_eq!(decode(GREETER).unwrap(), greeter());
        let minimal = decode(MINIMAL).unwrap();
        assert_eq!((&*minimal.service, &*minimal.version), ("a", "1"));
    }

    #[test]
    fn the_golden_json_is_written_byte_for_byte() {
        let deflated = from_hex(GREETER.as_bytes()).unwrap();
        let mut golden = String::new();
        let mut inflated = ZlibDecoder::new(&*deflated);
        inflated.read_to_string(&mut golden).unwrap();
        assert_eq!(golden.len(), 424);
        let ours = serde_json::to_string(&Text::from(&greeter())).unwrap();
        assert_eq!(ours, golden);
    }

    #[test]
    fn what_was_encoded_comes_back() {
        let said = greeter();
        assert_eq!(decode(&encode(&said).unwrap()).unwrap(), said);
    }

    #[test]
    fn a_stream_of_go_with_its_empty_last_block_is_inflated() {
        let golden = from_hex(b"789c32d433d03300040000ffff02ce00ee").unwrap();
        let mut text = String::new();
        ZlibDecoder::new(&*golden)
            .read_to_string(&mut text)
            .unwrap();
        assert_eq!(text, "1.0.0");
    }

    #[test]
    fn null_missing_and_lower_case_are_read() {
        let nulls = r#"{"Service":"a","Version":null,"Endpoints":[null,{"name":null,"request":null}],"Metadata":null}"#;
        let said = decode(&text_of(nulls)).unwrap();
        assert_eq!((&*said.service, &*said.version), ("a", ""));
        assert_eq!(said.endpoints, [EndpointInfo::default()]);
        let lower = r#"{"service":"a","metadata":{"k":null,"l":"m"},"More":1}"#;
        let said = decode(&text_of(lower)).unwrap();
        assert_eq!((&*said.metadata["k"], &*said.metadata["l"]), ("", "m"));
    }

    #[test]
    fn a_bomb_is_not_inflated() {
        let bomb = text_of(&format!(r#"{{"Service":"{}"}}"#, "a".repeat(4 << 20)));
        assert!(bomb.len() < LARGEST_TXT);
        assert_eq!(decode(&bomb), None);
    }

    #[test]
    fn nesting_without_end_is_refused() {
        let deep = format!(r#"{{"Endpoints":{}"#, "[".repeat(100_000));
        assert_eq!(decode(&text_of(&deep)), None);
    }

    #[test]
    fn what_is_no_text_of_go_micro_is_refused() {
        for text in [
            "",
            "7",
            "zz",
            "ab=1",
            "txtvers=1",
            "789c",
            "é1",
            "00ff",
            &MINIMAL[..64],
        ] {
            assert_eq!(decode(text), None, "{text}");
        }
    }

    #[test]
    fn a_text_beyond_nine_thousand_bytes_is_an_error() {
        let mut said = greeter();
        let chance = crate::seam::Chance::from_seed(3);
        for number in 0..300 {
            said.metadata.insert(number.to_string(), chance.uuid());
        }
        let error = encode(&said).unwrap_err();
        assert!(error.message().contains("9000 are possible"), "{error}");
    }
}
