//! What is published and handled: protobuf messages, and raw messages.

use bytes::Bytes;

use super::body::{self, Format};
use super::envelope::CONTENT_TYPE;
use crate::broker::{Header, Message};
use crate::error::{Error, Result};
use crate::rpc::Coding;

/// What may be published, and what a handler may take: any [`prost::Message`], and a [`Message`] as it is.
///
/// Implemented here alone.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is no event",
    note = "an event is a protobuf message (`prost::Message`) or a `rmicro_runtime::broker::Message`"
)]
pub trait Event: sealed::Sealed {}

impl<E: sealed::Sealed> Event for E {}

/// Reads a JSON body.
pub(super) type ReadJson<E> = fn(&[u8]) -> Result<E>;
/// Writes a JSON body.
pub(super) type WriteJson<E> = fn(&E) -> Result<Vec<u8>>;

pub(super) mod sealed {
    use super::{Message, ReadJson, Result, WriteJson, Written};

    pub trait Sealed: Sized + Send + 'static {
        /// The event that `message` carries.
        fn read(message: Message, json: Option<ReadJson<Self>>) -> Result<Self>;

        /// The event on its way, as JSON where there is a way to write that.
        fn write(&self, json: Option<WriteJson<Self>>) -> Result<Written>;
    }
}

/// An event on its way.
pub struct Written {
    pub(super) header: Header,
    /// The format, where it is known.
    pub(super) format: Option<Format>,
    pub(super) body: Bytes,
}

impl<M: prost::Message + Default + 'static> sealed::Sealed for M {
    fn read(message: Message, json: Option<ReadJson<Self>>) -> Result<Self> {
        let content_type = message.header.get(CONTENT_TYPE);
        match (body::read(content_type, message.body)?, json) {
            ((Format::Proto, body), _) => Coding::PROTO.decode(body),
            ((Format::Json, body), Some(read)) => read(&body),
            ((Format::Json, _), None) => Err(Error::invalid_argument(
                "the body is JSON, and this subscriber takes protobuf alone: say `.json()` after `subscribe`",
            )),
        }
    }

    fn write(&self, json: Option<WriteJson<Self>>) -> Result<Written> {
        let (format, body) = match json {
            Some(write) => (Format::Json, write(self)?),
            None => (Format::Proto, prost::Message::encode_to_vec(self)),
        };
        Ok(Written {
            header: Header::new(),
            format: Some(format),
            body: body.into(),
        })
    }
}

impl sealed::Sealed for Message {
    fn read(message: Message, _json: Option<ReadJson<Self>>) -> Result<Self> {
        Ok(message)
    }

    fn write(&self, _json: Option<WriteJson<Self>>) -> Result<Written> {
        Ok(Written {
            header: self.header.clone(),
            format: None,
            body: self.body.clone(),
        })
    }
}
