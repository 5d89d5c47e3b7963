//! How messages become bytes and back.
//!
//! Invariant: a codec keeps no state between messages and never waits.

mod message;
mod proto;

use std::fmt;

use bytes::{Bytes, BytesMut};

pub use message::Message;
pub use proto::Proto;

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
