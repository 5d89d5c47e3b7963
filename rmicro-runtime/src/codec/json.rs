//! JSON, by the mapping that protobuf defines.

use bytes::{Bytes, BytesMut};

use super::{Codec, Message};
use crate::error::{Error, Result};
use crate::json::{DecodeOptions, EncodeOptions};

/// The codec `json`: what [`json`](crate::json) makes of a message, without white space.
///
/// Fields that are not known are passed over, as protobuf's own encoding does it, so that a peer with a newer `.proto` can call
/// one with an older. go-micro's codecs refuse them (`client/grpc/codec.go`), and so does this one with
/// [`refuse_unknown`](Self::refuse_unknown). No bytes at all are an empty message, as in go-micro.
///
/// It reads and writes messages [`WithJson`](super::WithJson) alone; calls have that from their descriptors.
#[derive(Clone, Debug)]
pub struct Json {
    encode: EncodeOptions,
    decode: DecodeOptions,
}

impl Json {
    /// Refuses fields, and names of enum values, that are not known.
    #[must_use]
    pub fn refuse_unknown(mut self) -> Self {
        self.decode = self.decode.ignore_unknown(false);
        self
    }

    /// Writes as `options` say: with zeros, with the names of the `.proto`, or with more types in an `Any`.
    #[must_use]
    pub fn encode_options(mut self, options: EncodeOptions) -> Self {
        self.encode = options;
        self
    }

    /// Reads as `options` say, which refuse what is not known when they say nothing else.
    #[must_use]
    pub fn decode_options(mut self, options: DecodeOptions) -> Self {
        self.decode = options;
        self
    }
}

impl Default for Json {
    fn default() -> Self {
        Self {
            encode: EncodeOptions::default(),
            decode: DecodeOptions::default().ignore_unknown(true),
        }
    }
}

impl Codec for Json {
    fn name(&self) -> &'static str {
        "json"
    }

    fn encode(&self, message: &dyn Message, buffer: &mut BytesMut) -> Result<()> {
        message.encode_json(&self.encode, buffer)
    }

    fn decode(&self, bytes: Bytes, message: &mut dyn Message) -> Result<()> {
        if bytes.is_empty() {
            return Ok(());
        }
        message.read_json(&bytes, &self.decode).map_err(|error| {
            let text = format!("a message cannot be decoded as JSON: {}", error.message());
            Error::new(error.code(), text)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::codec::{JsonType, WithJson};
    use crate::error::Code;
    use crate::types::SourceContext;

    fn decode(codec: &Json, json: &'static str) -> Result<SourceContext> {
        let mut message = SourceContext::default();
        let mut with_json = WithJson::new(&mut message, JsonType::of::<SourceContext>());
        codec.decode(Bytes::from_static(json.as_bytes()), &mut with_json)?;
        Ok(message)
    }

    #[test]
    fn what_is_not_known_is_passed_over_or_refused() {
        let json = r#"{"fileName": "a.proto", "line": 7}"#;
        let message = decode(&Json::default(), json).unwrap();
        assert_eq!(message.file_name, "a.proto");
        let error = decode(&Json::default().refuse_unknown(), json).unwrap_err();
        assert_eq!(error.code(), Code::InvalidArgument);
        let told = "a message cannot be decoded as JSON: field \"line\": ";
        assert!(error.message().starts_with(told), "{error}");
    }

    #[test]
    fn no_bytes_are_an_empty_message_and_white_space_is_none() {
        assert_eq!(
            decode(&Json::default(), "").unwrap(),
            SourceContext::default()
        );
        assert!(decode(&Json::default(), " ").is_err());
    }

    #[test]
    fn a_message_without_json_says_so() {
        let mut buffer = BytesMut::new();
        let error = Json::default()
            .encode(&SourceContext::default(), &mut buffer)
            .unwrap_err();
        assert_eq!(error.code(), Code::Unimplemented);
        assert!(buffer.is_empty());
    }

    #[test]
    fn the_json_of_another_type_is_an_error_and_no_other_message() {
        let mut message = crate::types::FieldMask::default();
        let mut other = WithJson::new(&mut message, JsonType::of::<SourceContext>());
        let error = Json::default()
            .decode(Bytes::from_static(b"{}"), &mut other)
            .unwrap_err();
        assert_eq!(error.code(), Code::Internal);
        assert!(
            error.message().contains("google.protobuf.SourceContext"),
            "{error}"
        );
    }
}
