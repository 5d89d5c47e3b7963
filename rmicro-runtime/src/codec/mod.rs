//! How messages become bytes and back.
//!
//! Invariant: a codec keeps no state between messages and never waits.

#[cfg(feature = "json")]
mod json;
mod message;
mod proto;
#[cfg(feature = "json")]
mod with_json;

use std::fmt;

use bytes::{Bytes, BytesMut};

#[cfg(feature = "json")]
pub use json::Json;
pub use message::Message;
pub use proto::Proto;
#[cfg(feature = "json")]
pub use with_json::{JsonType, WithJson};

use crate::error::Result;

/// Encodes and decodes messages in one format.
pub trait Codec: fmt::Debug + Send + Sync + 'static {
    /// The name as in `application/grpc+NAME`.
    fn name(&self) -> &'static str;

    /// Appends `message` to `buffer`; what was there before stays.
    fn encode(&self, message: &dyn Message, buffer: &mut BytesMut) -> Result<()>;

    /// Reads `bytes` into `message`, which is empty; bytes that are no such message are
    /// [`Code::InvalidArgument`](crate::Code::InvalidArgument) and may leave `message` half filled.
    fn decode(&self, bytes: Bytes, message: &mut dyn Message) -> Result<()>;
}
