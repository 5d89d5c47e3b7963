//! The JSON of a message whose type does not say that it has one.
//!
//! Invariant: public signatures ask for `prost::Message` alone, so that messages of other generators work; what JSON there is
//! travels beside them, from the descriptor of a method.

use std::any::Any;
use std::fmt;

use bytes::{Bytes, BytesMut};

use super::message::private::Sealed;
use super::{Codec, Message};
use crate::error::{Error, Result};
use crate::json::{self, DecodeOptions, EncodeOptions, JsonMessage};

/// How the messages of one type are JSON, as a value.
pub struct JsonType {
    name: &'static str,
    write: fn(&dyn Any, &EncodeOptions) -> Result<Vec<u8>>,
    read: fn(&mut dyn Any, &[u8], &DecodeOptions) -> Result<()>,
    recode: fn(&'static JsonType, Bytes, [&dyn Codec; 2], &mut BytesMut) -> Result<()>,
}

impl JsonType {
    /// The JSON of the messages of type `M`.
    pub const fn of<M: JsonMessage + 'static>() -> &'static Self {
        &const {
            Self {
                name: M::NAME,
                write: write::<M>,
                read: read::<M>,
                recode: recode::<M>,
            }
        }
    }

    /// Appends in the second codec what `bytes` are in the first.
    pub(crate) fn recode(
        &'static self,
        bytes: Bytes,
        codecs: [&dyn Codec; 2],
        buffer: &mut BytesMut,
    ) -> Result<()> {
        (self.recode)(self, bytes, codecs, buffer)
    }
}

impl fmt::Debug for JsonType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("JsonType").field(&self.name).finish()
    }
}

/// A message with its JSON, for a codec that writes or reads it.
#[derive(Debug)]
pub struct WithJson<'a, M> {
    message: &'a mut M,
    json: &'static JsonType,
}

impl<'a, M> WithJson<'a, M> {
    /// The message `message`, whose JSON `json` knows; of another type than `json` it has none.
    pub fn new(message: &'a mut M, json: &'static JsonType) -> Self {
        Self { message, json }
    }
}

impl<M: prost::Message + Default + 'static> Sealed for WithJson<'_, M> {}

impl<M: prost::Message + Default + 'static> Message for WithJson<'_, M> {
    fn proto_len(&self) -> usize {
        self.message.proto_len()
    }

    fn encode_proto(&self, buffer: &mut BytesMut) {
        self.message.encode_proto(buffer);
    }

    fn merge_proto(&mut self, bytes: Bytes) -> Result<()> {
        self.message.merge_proto(bytes)
    }

    fn encode_json(&self, options: &EncodeOptions, buffer: &mut BytesMut) -> Result<()> {
        let json = (self.json.write)(&*self.message, options)?;
        buffer.extend_from_slice(&json);
        Ok(())
    }

    fn read_json(&mut self, json: &[u8], options: &DecodeOptions) -> Result<()> {
        (self.json.read)(self.message, json, options)
    }
}

fn write<M: JsonMessage + 'static>(message: &dyn Any, options: &EncodeOptions) -> Result<Vec<u8>> {
    let message = message.downcast_ref::<M>();
    json::to_vec(message.ok_or_else(other_type::<M>)?, options)
}

fn read<M: JsonMessage + 'static>(
    message: &mut dyn Any,
    json: &[u8],
    options: &DecodeOptions,
) -> Result<()> {
    let message = message.downcast_mut::<M>();
    *message.ok_or_else(other_type::<M>)? = json::from_slice(json, options)?;
    Ok(())
}

fn recode<M: JsonMessage + 'static>(
    json: &'static JsonType,
    bytes: Bytes,
    [from, to]: [&dyn Codec; 2],
    buffer: &mut BytesMut,
) -> Result<()> {
    let mut message = M::default();
    let mut message = WithJson::new(&mut message, json);
    from.decode(bytes, &mut message)?;
    to.encode(&message, buffer)
}

fn other_type<M: JsonMessage>() -> Error {
    let name = M::NAME;
    Error::internal(format!(
        "the descriptor of the method says {name}, and its message is of another type"
    ))
}
