//! The doors: a message to JSON and back.

use serde::{Deserializer, Serializer, de, ser};

use super::trail::Trail;
use super::{DecodeOptions, Decoding, EncodeOptions, Encoding, Format, JsonMessage, Message};
#[cfg(feature = "json")]
use crate::error::{Error, Result as Outcome};

/// Writes `message` to any serializer.
pub fn encode<M: JsonMessage, S: Serializer>(
    message: &M,
    options: &EncodeOptions,
    to: S,
) -> Result<S::Ok, S::Error> {
    let trail = Trail::default();
    let result = Message::write(message, Encoding::new(options, &trail), to);
    result.map_err(|error| match trail.path() {
        path if path.is_empty() => error,
        path => ser::Error::custom(format_args!("field \"{path}\": {error}")),
    })
}

/// Reads a message from any deserializer that knows the types of what it holds, as JSON's do.
///
/// The message is read to its end; whether something follows it is for the caller to see.
pub fn decode<'de, M: JsonMessage, D: Deserializer<'de>>(
    options: &DecodeOptions,
    from: D,
) -> Result<M, D::Error> {
    let trail = Trail::default();
    let mut message = M::default();
    match Message::read(&mut message, Decoding::new(options, &trail), from) {
        Ok(_) => Ok(message),
        Err(error) => Err(match trail.path() {
            path if path.is_empty() => error,
            path => de::Error::custom(format_args!("field \"{path}\": {error}")),
        }),
    }
}

/// Writes `message` canonically; serde's `Serialize` of generated messages.
pub fn serialize<M: JsonMessage, S: Serializer>(message: &M, to: S) -> Result<S::Ok, S::Error> {
    encode(message, &EncodeOptions::default(), to)
}

/// Reads a message canonically; serde's `Deserialize` of generated messages.
pub fn deserialize<'de, M: JsonMessage, D: Deserializer<'de>>(from: D) -> Result<M, D::Error> {
    decode(&DecodeOptions::default(), from)
}

/// The JSON of `message`, without white space.
///
/// An error is [`Code::Internal`](crate::Code::Internal): a message that has no JSON, for example a `Timestamp` out of range, or
/// an `Any` whose type is not in the [registry](EncodeOptions::types).
#[cfg(feature = "json")]
pub fn to_vec<M: JsonMessage>(message: &M, options: &EncodeOptions) -> Outcome<Vec<u8>> {
    let mut json = Vec::with_capacity(128);
    match encode(
        message,
        options,
        &mut serde_json::Serializer::new(&mut json),
    ) {
        Ok(()) => Ok(json),
        Err(error) => Err(Error::internal(error.to_string())),
    }
}

/// The message that `json` is.
///
/// An error is [`Code::InvalidArgument`](crate::Code::InvalidArgument), and says the field, what was expected, and the place.
#[cfg(feature = "json")]
pub fn from_slice<M: JsonMessage>(json: &[u8], options: &DecodeOptions) -> Outcome<M> {
    // Text that is known to be text need not be looked at string by string; what is none fails where it is none.
    match std::str::from_utf8(json) {
        Ok(text) => read(serde_json::Deserializer::from_str(text), options),
        Err(_) => read(serde_json::Deserializer::from_slice(json), options),
    }
}

#[cfg(feature = "json")]
fn read<'de, M: JsonMessage, R: serde_json::de::Read<'de>>(
    mut from: serde_json::Deserializer<R>,
    options: &DecodeOptions,
) -> Outcome<M> {
    // What is read has a bound of its own, which counts messages and not brackets; what is passed over takes no stack.
    from.disable_recursion_limit();
    let result = decode(options, &mut from).and_then(|message| {
        from.end()?;
        Ok(message)
    });
    result.map_err(|error| Error::invalid_argument(error.to_string()))
}
