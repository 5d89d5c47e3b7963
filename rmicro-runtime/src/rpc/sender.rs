//! The sending half of a stream.

use std::future::poll_fn;
use std::marker::PhantomData;

use bytes::{Bytes, BytesMut};

use crate::call::{FRAME_PREFIX, SendBuffer, write_frame};
use crate::codec::{Codec, Message};
use crate::error::{Error, Result};
use crate::seam::{Clock, Moment};

/// Sends messages to the other side of a stream.
///
/// A handler's replies leave when the handler next waits; the end of the handler is the end of the stream. A client's sender ends
/// the client's side when it is dropped.
#[derive(Debug)]
pub struct Sender<T> {
    buffer: SendBuffer,
    codec: &'static dyn Codec,
    deadline: Option<Moment>,
    ends_when_dropped: bool,
    messages: PhantomData<fn(T)>,
}

impl<T: prost::Message + Default + 'static> Sender<T> {
    /// The sender of a handler.
    pub(crate) fn of_handler(buffer: SendBuffer, codec: &'static dyn Codec) -> Self {
        Self {
            buffer,
            codec,
            deadline: None,
            ends_when_dropped: false,
            messages: PhantomData,
        }
    }

    /// The sender of a caller, who stops waiting at `deadline`.
    pub(crate) fn of_caller(
        buffer: SendBuffer,
        codec: &'static dyn Codec,
        deadline: Option<Moment>,
    ) -> Self {
        Self {
            buffer,
            codec,
            deadline,
            ends_when_dropped: true,
            messages: PhantomData,
        }
    }

    /// Sends `message`; waits only while 32 KiB or more are waiting to leave.
    ///
    /// Cancel safe: dropping the future before it is ready sends nothing. After the call has ended a handler's send is
    /// [`Code::Cancelled`](crate::Code::Cancelled), and a client's send is an error that points to `recv`, which has the status.
    pub async fn send(&mut self, message: T) -> Result<()> {
        let push = poll_fn(|cx| {
            self.buffer
                .poll_push(cx, |bytes| self.codec.encode(&message, bytes))
        });
        match self.deadline {
            None => push.await,
            Some(deadline) => (Clock::default().until(deadline, push).await).unwrap_or_else(|| {
                Err(Error::deadline_exceeded(
                    "send: the peer took nothing before the deadline",
                ))
            }),
        }
    }
}

impl<T> Sender<T> {
    /// Says that nothing more will be sent, and keeps the other direction open.
    pub fn close(&mut self) {
        self.buffer.end();
    }
}

impl<T> Drop for Sender<T> {
    fn drop(&mut self) {
        if self.ends_when_dropped {
            self.buffer.end();
        }
    }
}

/// `message` as a run of one frame.
pub(crate) fn encode(codec: &dyn Codec, message: &dyn Message) -> Result<Bytes> {
    let mut run = BytesMut::with_capacity(FRAME_PREFIX + message.proto_len());
    write_frame(&mut run, |bytes| codec.encode(message, bytes))?;
    Ok(run.freeze())
}
