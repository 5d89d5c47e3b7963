//! From DATA, cut anywhere, to whole messages.

use bytes::{Buf, Bytes, BytesMut};

use super::encoding::Encoding;
use crate::call::FRAME_PREFIX;
use crate::error::{Error, Result};

/// Puts messages together from the chunks in which they arrive.
///
/// A message that lies in one chunk is a slice of it; only one that spans chunks is copied, once. A message that is too long is
/// refused when its prefix is seen, before anything of it is kept; one that is compressed may not be too long unpacked, either. After
/// an error nothing else may be asked.
#[derive(Debug)]
pub(super) struct Deframer {
    limit: usize,
    encoding: Encoding,
    chunk: Bytes,
    partial: BytesMut,
    /// The prefix that has come in part.
    prefix: [u8; FRAME_PREFIX],
    prefix_len: usize,
    /// The length of the message whose prefix has come.
    length: Option<usize>,
    /// Whether it says that it is compressed.
    compressed: bool,
}

impl Deframer {
    /// Takes messages of up to `limit` bytes, of which some may be compressed as `encoding` says.
    pub(super) fn new(limit: usize, encoding: Encoding) -> Self {
        Self {
            limit,
            encoding,
            chunk: Bytes::new(),
            partial: BytesMut::new(),
            prefix: [0; FRAME_PREFIX],
            prefix_len: 0,
            length: None,
            compressed: false,
        }
    }

    /// Adds a chunk; the one before must have been used up, that is [`next`](Self::next) gave `None`.
    pub(super) fn push(&mut self, chunk: Bytes) {
        debug_assert!(self.chunk.is_empty(), "the last chunk was not used up");
        self.chunk = chunk;
    }

    /// The next whole message; `None` until more has come.
    pub(super) fn next(&mut self) -> Result<Option<Bytes>> {
        let Some(length) = self.read_prefix()? else {
            return Ok(None);
        };
        let message = if self.partial.is_empty() && self.chunk.len() >= length {
            self.chunk.split_to(length)
        } else {
            if self.partial.capacity() == 0 {
                // Room for what has come, and more as it comes: a prefix alone must not cost its length in memory.
                self.partial.reserve(length.min(EAGER));
            }
            let missing = length - self.partial.len();
            let taken = missing.min(self.chunk.len());
            self.partial.extend_from_slice(&self.chunk[..taken]);
            self.chunk.advance(taken);
            if taken < missing {
                return Ok(None);
            }
            std::mem::take(&mut self.partial).freeze()
        };
        self.prefix_len = 0;
        self.length = None;
        if self.compressed {
            return self.encoding.unpack(message, self.limit).map(Some);
        }
        Ok(Some(message))
    }

    /// Says that nothing more comes; a message that has come in part is an error.
    pub(super) fn finish(&self) -> Result<()> {
        if self.prefix_len == 0 && self.chunk.is_empty() {
            return Ok(());
        }
        Err(match self.length {
            Some(length) => Error::internal(format!(
                "the peer's data ended within a message: {} of {length} bytes have come",
                self.partial.len() + self.chunk.len()
            )),
            None => Error::internal("the peer's data ended within the prefix of a message"),
        })
    }

    fn read_prefix(&mut self) -> Result<Option<usize>> {
        if self.length.is_some() {
            return Ok(self.length);
        }
        let taken = (FRAME_PREFIX - self.prefix_len).min(self.chunk.len());
        self.prefix[self.prefix_len..][..taken].copy_from_slice(&self.chunk[..taken]);
        self.chunk.advance(taken);
        self.prefix_len += taken;
        if self.prefix_len < FRAME_PREFIX {
            return Ok(None);
        }
        let [flags, a, b, c, d] = self.prefix;
        self.compressed = self.is_compressed(flags)?;
        let length = u32::from_be_bytes([a, b, c, d]) as usize;
        if length > self.limit {
            return Err(Error::resource_exhausted(format!(
                "a message of {length} bytes came, the limit is {}",
                self.limit
            )));
        }
        self.length = Some(length);
        Ok(self.length)
    }

    fn is_compressed(&self, flags: u8) -> Result<bool> {
        match flags {
            0 => Ok(false),
            1 => self.encoding.check_compressed().map(|()| true),
            _ => Err(Error::internal(format!(
                "a message began with {flags:#04x}, where gRPC has only 0 and 1"
            ))),
        }
    }
}

/// How much is reserved for a message that has only begun to come.
const EAGER: usize = 64 * 1024;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::Code;

    fn framed(messages: &[&[u8]]) -> Vec<u8> {
        let mut run = Vec::new();
        for message in messages {
            run.push(0);
            run.extend_from_slice(&(message.len() as u32).to_be_bytes());
            run.extend_from_slice(message);
        }
        run
    }

    fn deframe(chunks: &[&[u8]]) -> Result<Vec<Bytes>> {
        let mut deframer = Deframer::new(1000, Encoding::Identity);
        let mut messages = Vec::new();
        for chunk in chunks {
            deframer.push(Bytes::copy_from_slice(chunk));
            while let Some(message) = deframer.next()? {
                messages.push(message);
            }
        }
        deframer.finish().map(|()| messages)
    }

    #[test]
    fn messages_survive_every_cut() {
        let messages: [&[u8]; 4] = [b"one", b"", b"three and more", b"4"];
        let run = framed(&messages);
        for first in 0..=run.len() {
            for second in first..=run.len() {
                let chunks = [&run[..first], &run[first..second], &run[second..]];
                assert_eq!(deframe(&chunks).unwrap(), messages, "{first} {second}");
            }
        }
        let bytes: Vec<&[u8]> = run.chunks(1).collect();
        assert_eq!(deframe(&bytes).unwrap(), messages);
    }

    #[test]
    fn a_message_in_one_chunk_is_not_copied() {
        let chunk = Bytes::from(framed(&[b"first", b"second"]));
        let mut deframer = Deframer::new(1000, Encoding::Identity);
        deframer.push(chunk.clone());
        for at in [5, 15] {
            let message = deframer.next().unwrap().unwrap();
            assert_eq!(message.as_ptr(), chunk[at..].as_ptr());
        }
    }

    #[test]
    fn a_message_above_the_limit_is_refused_at_its_prefix_with_both_numbers() {
        let mut deframer = Deframer::new(1000, Encoding::Identity);
        deframer.push(Bytes::from_static(&[0, 0, 0, 0x03, 0xe9]));
        let error = deframer.next().unwrap_err();
        assert_eq!(error.code(), Code::ResourceExhausted);
        assert!(error.message().contains("1001"), "{error}");
        assert!(error.message().contains("1000"), "{error}");
        assert!(deframe(&[&framed(&[&[7; 1000]])]).is_ok());
    }

    #[test]
    fn data_that_ends_within_a_message_is_an_error() {
        let run = framed(&[b"whole", b"not"]);
        for end in 1..run.len() {
            let ended = deframe(&[&run[..end]]);
            assert_eq!(ended.is_ok(), end == 10, "{end}");
            if let Err(error) = ended {
                assert_eq!(error.code(), Code::Internal);
            }
        }
    }

    #[test]
    fn compressed_messages_are_refused_where_nothing_says_how() {
        for encoding in [Encoding::Unknown("snappy".to_owned()), Encoding::Identity] {
            let mut deframer = Deframer::new(1000, encoding);
            deframer.push(Bytes::from_static(&[1, 0, 0, 0, 0]));
            assert_eq!(deframer.next().unwrap_err().code(), Code::Internal);
        }
        assert!(deframe(&[&[2, 0, 0, 0, 0]]).is_err());
    }

    #[cfg(feature = "gzip")]
    #[test]
    fn compressed_and_plain_messages_may_follow_each_other() {
        let long = [7; 500];
        let packed = crate::transport::grpc::gzip::pack_run(framed(&[&long, b"short"]).into());
        assert_eq!(packed[0], 1);
        let mut deframer = Deframer::new(1000, Encoding::Gzip);
        let mut messages = Vec::new();
        for chunk in packed.chunks(7) {
            deframer.push(Bytes::copy_from_slice(chunk));
            while let Some(message) = deframer.next().unwrap() {
                messages.push(message);
            }
        }
        assert_eq!(messages, [&long[..], b"short"]);
    }
}
