//! A message of any type, as codecs see it.

use bytes::{Bytes, BytesMut};

use crate::error::{Error, Result};

/// A protobuf message behind a pointer; every [`prost::Message`] is one.
///
/// Implemented here alone, so that later formats can be added without breaking anybody.
pub trait Message: Send + private::Sealed {
    /// How long the message is as protobuf.
    fn proto_len(&self) -> usize;

    /// Appends the message as protobuf.
    fn encode_proto(&self, buffer: &mut BytesMut);

    /// Merges protobuf bytes into the message.
    fn merge_proto(&mut self, bytes: Bytes) -> Result<()>;
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

mod private {
    pub trait Sealed {}

    impl<M: prost::Message + Default + 'static> Sealed for M {}
}
