//! A message of any type, as codecs see it.

use bytes::{Bytes, BytesMut};

use crate::error::{Error, Result};
#[cfg(feature = "json")]
use crate::json::{DecodeOptions, EncodeOptions};

/// A message behind a pointer: a [`prost::Message`], which knows protobuf alone, or one [`WithJson`](super::WithJson).
///
/// Implemented here alone, so that later formats can be added without breaking anybody.
pub trait Message: Send + private::Sealed {
    /// How long the message is as protobuf.
    fn proto_len(&self) -> usize;

    /// Appends the message as protobuf.
    fn encode_proto(&self, buffer: &mut BytesMut);

    /// Merges protobuf bytes into the message.
    fn merge_proto(&mut self, bytes: Bytes) -> Result<()>;

    /// Appends the message as JSON; [`Code::Unimplemented`](crate::Code::Unimplemented) where its type is not known to have any.
    #[cfg(feature = "json")]
    fn encode_json(&self, options: &EncodeOptions, buffer: &mut BytesMut) -> Result<()> {
        let _ = (options, buffer);
        Err(no_json())
    }

    /// Reads JSON into the message, which is empty; [`Code::Unimplemented`](crate::Code::Unimplemented) where its type is not
    /// known to have any.
    #[cfg(feature = "json")]
    fn read_json(&mut self, json: &[u8], options: &DecodeOptions) -> Result<()> {
        let _ = (json, options);
        Err(no_json())
    }
}

impl<M: prost::Message + Default + 'static> Message for M {
    fn proto_len(&self) -> usize {
        prost::Message::encoded_len(self)
    }

    fn encode_proto(&self, buffer: &mut BytesMut) {
        // One pass for the length instead of the two that `encode` takes: a `BytesMut` grows, so there is nothing to check.
        buffer.reserve(prost::Message::encoded_len(self));
        self.encode_raw(buffer);
    }

    fn merge_proto(&mut self, bytes: Bytes) -> Result<()> {
        prost::Message::merge(self, bytes).map_err(|error| {
            Error::invalid_argument(format!("a message cannot be decoded as protobuf: {error}"))
        })
    }
}

/// The error of a message whose type is not known to have JSON.
#[cfg(feature = "json")]
fn no_json() -> Error {
    Error::unimplemented("a message of this type is not known to have JSON")
}

pub(super) mod private {
    pub trait Sealed {}

    impl<M: prost::Message + Default + 'static> Sealed for M {}
}
