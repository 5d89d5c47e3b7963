//! Protobuf, the default.

use bytes::{Bytes, BytesMut};

use super::{Codec, Message};
use crate::error::Result;

/// The codec `proto`: the protobuf wire format.
#[derive(Clone, Copy, Debug, Default)]
pub struct Proto;

impl Codec for Proto {
    fn name(&self) -> &'static str {
        "proto"
    }

    fn encode(&self, message: &dyn Message, buffer: &mut BytesMut) -> Result<()> {
        message.encode_proto(buffer);
        Ok(())
    }

    fn decode(&self, bytes: Bytes, message: &mut dyn Message) -> Result<()> {
        message.merge_proto(bytes)
    }
}
