//! Frames: encoded messages, and runs of them.
//!
//! A run of frames lies in memory as one flag byte, four bytes of length (big endian) and the message, again and again. gRPC,
//! gRPC-Web and Connect share that layout, so they send a run as it is; other protocols take the frames out of it one by one.

use std::task::{Context, Poll};

use bytes::{Buf, BufMut, Bytes, BytesMut};

use crate::error::{Error, Result};
use crate::metadata::Metadata;

/// The bytes in front of each frame: one of flags, four of length.
pub const FRAME_PREFIX: usize = 5;

/// Appends one frame whose message `encode` writes; when that fails the buffer is as it was.
pub fn write_frame(
    buffer: &mut BytesMut,
    encode: impl FnOnce(&mut BytesMut) -> Result<()>,
) -> Result<()> {
    let start = buffer.len();
    buffer.put_bytes(0, FRAME_PREFIX);
    let written = encode(buffer).and_then(|()| {
        let length = buffer.len() - start - FRAME_PREFIX;
        u32::try_from(length).map_err(|_| {
            Error::resource_exhausted(format!(
                "a message of {length} bytes is longer than a frame can say"
            ))
        })
    });
    match written {
        Ok(length) => {
            buffer[start + 1..start + FRAME_PREFIX].copy_from_slice(&length.to_be_bytes());
            Ok(())
        }
        Err(error) => {
            buffer.truncate(start);
            Err(error)
        }
    }
}

/// Takes the first frame off a run: its flags and its message; `None` when no whole frame is left.
pub fn split_frame(run: &mut Bytes) -> Option<(u8, Bytes)> {
    let prefix = run.get(..FRAME_PREFIX)?;
    let flags = prefix[0];
    let length = u32::from_be_bytes([prefix[1], prefix[2], prefix[3], prefix[4]]) as usize;
    if run.len() - FRAME_PREFIX < length {
        return None;
    }
    run.advance(FRAME_PREFIX);
    Some((flags, run.split_to(length)))
}

/// Frames that arrive: a request body on a server, a reply on a client.
///
/// Dropping it gives up the call: a transport tells its peer.
pub trait FrameStream: Send {
    /// Waits for the peer's metadata; ready at once where it came with the call.
    fn poll_metadata(&mut self, cx: &mut Context<'_>) -> Poll<Result<()>>;

    /// The next message; `None` after the last, `Err` with the peer's status or with what broke. Neither is followed by anything.
    fn poll_frame(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Bytes>>>;

    /// The peer's metadata, once [`poll_metadata`](Self::poll_metadata) was ready; empty on a server, where the head has it.
    fn metadata(&mut self) -> &mut Metadata;

    /// The peer's trailers, once the last frame has come.
    fn trailers(&mut self) -> &mut Metadata;
}

/// A body that is one frame and at hand.
#[derive(Debug, Default)]
pub struct OneFrame {
    frame: Option<Bytes>,
    metadata: Metadata,
    trailers: Metadata,
}

impl OneFrame {
    /// The body that is `frame`.
    pub fn new(frame: Bytes) -> Self {
        Self {
            frame: Some(frame),
            ..Self::default()
        }
    }

    /// The body that is `frame`, with what travels beside it.
    pub fn with(frame: Bytes, metadata: Metadata, trailers: Metadata) -> Self {
        Self {
            frame: Some(frame),
            metadata,
            trailers,
        }
    }

    /// What is left of a body that has ended.
    pub(crate) fn ended(metadata: Metadata, trailers: Metadata) -> Self {
        Self {
            frame: None,
            metadata,
            trailers,
        }
    }
}

impl FrameStream for OneFrame {
    fn poll_metadata(&mut self, _cx: &mut Context<'_>) -> Poll<Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_frame(&mut self, _cx: &mut Context<'_>) -> Poll<Option<Result<Bytes>>> {
        Poll::Ready(self.frame.take().map(Ok))
    }

    fn metadata(&mut self) -> &mut Metadata {
        &mut self.metadata
    }

    fn trailers(&mut self) -> &mut Metadata {
        &mut self.trailers
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_run_gives_its_frames_back() {
        let mut buffer = BytesMut::new();
        for text in ["one", "", "three"] {
            write_frame(&mut buffer, |buffer| {
                buffer.put_slice(text.as_bytes());
                Ok(())
            })
            .unwrap();
        }
        let mut run = buffer.freeze();
        for text in ["one", "", "three"] {
            assert_eq!(split_frame(&mut run), Some((0, Bytes::from(text))));
        }
        assert_eq!(split_frame(&mut run), None);
    }

    #[test]
    fn a_frame_that_fails_leaves_nothing_behind() {
        let mut buffer = BytesMut::from(&b"before"[..]);
        let failed = write_frame(&mut buffer, |buffer| {
            buffer.put_slice(b"half");
            Err(Error::internal("no"))
        });
        assert!(failed.is_err());
        assert_eq!(&buffer[..], b"before");
    }

    #[test]
    fn half_a_frame_is_no_frame() {
        let mut run = Bytes::from_static(&[0, 0, 0, 0, 3, b'a']);
        assert_eq!(split_frame(&mut run), None);
        assert_eq!(run.len(), 6);
    }
}
