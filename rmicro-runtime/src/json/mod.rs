//! Messages as JSON, by the mapping that protobuf defines (<https://protobuf.dev/programming-guides/json/>).
//!
//! Every generated message is serde's `Serialize` and `Deserialize` by this mapping, with the defaults of [`EncodeOptions`] and
//! [`DecodeOptions`]; [`encode`] and [`decode`] take others, and any serializer or deserializer of serde that knows names.
//!
//! Generated code says which fields there are and what they hold ([`JsonMessage`], [`JsonEnum`]). Invariant: how those become
//! JSON is decided here alone, so that no bug in it needs code to be generated again; options travel with the values as an
//! argument, never by a global.
//!
//! What is read is bounded: messages and values nest at most [`MAX_DEPTH`] deep. An error says which field it is about, as in
//! `field "items[3].price": invalid type: …`.

mod any;
mod base64;
mod content;
#[cfg(any(feature = "http", feature = "nats"))]
mod envelope;
mod format;
#[cfg(all(fuzzing, any(feature = "http", feature = "nats")))]
#[doc(hidden)]
pub mod fuzzed;
mod integer;
mod key;
mod list;
mod lookup;
mod map;
mod message;
mod nullable;
mod object;
mod options;
mod reader;
mod scalar;
mod state;
mod trail;
mod types;
mod whole;
mod writer;

#[cfg(any(feature = "http", feature = "nats"))]
pub(crate) use envelope::Envelope;

pub use any::{AnyPart, read_any, write_any};
pub use format::{Enum, Format, Found, Message, enumeration};
pub use key::Key;
pub use list::{read_list, write_list};
pub use map::{Map, read_map, write_map};
pub use message::{EnumNames, Fields, JsonEnum, JsonMessage, ReadResult, WriteResult};
pub use options::{DecodeOptions, EncodeOptions};
pub use reader::Reader;
pub use scalar::{Scalar, ScalarValue};
pub use state::{Decoding, Encoding, MAX_DEPTH};
pub use types::TypeRegistry;
pub use whole::{decode, deserialize, encode, serialize};
#[cfg(feature = "json")]
pub use whole::{from_slice, to_vec};
pub use writer::Writer;

#[cfg(all(test, feature = "json"))]
mod tests;
