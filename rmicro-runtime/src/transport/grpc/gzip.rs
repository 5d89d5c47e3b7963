//! Messages in gzip (RFC 1952).
//!
//! Invariant: unpacking keeps no more than the limit, however much a message would grow, and takes one member alone.
//!
//! RFC 1952 section 2.2 lets any number of members follow each other, and grpc-go reads all of them (Go's `compress/gzip` does so by
//! itself). No gRPC peer writes more than one, gRPC's C core refuses what follows the first, and so does this: a message of nothing but
//! empty members costs its receiver much time and never grows to a limit. So would one member of nothing but empty blocks, of which
//! a byte has almost one: what unpacks has to be quick with the codes that begin each, and zlib-rs is.

use std::io::{Read, Write};

use bytes::{BufMut, Bytes, BytesMut};
use flate2::Compression;
use flate2::bufread::GzDecoder;
use flate2::write::GzEncoder;

use crate::call::{FRAME_PREFIX, split_frame};
use crate::error::{Error, Result};

/// Messages below this length leave as they are: the frame of gzip alone has 18 bytes.
const WORTH_IT: usize = 128;
/// The first level of zlib-rs has the fixed codes alone, and makes no shorter what does not repeat itself.
const LEVEL: u32 = 2;

/// The run with every message compressed that becomes shorter by it.
pub(super) fn pack_run(mut run: Bytes) -> Bytes {
    let mut packed = BytesMut::with_capacity(run.len() / 2 + FRAME_PREFIX);
    while let Some((_, message)) = split_frame(&mut run) {
        let start = packed.len();
        packed.put_u8(1);
        packed.put_u32(0);
        if message.len() < WORTH_IT || pack(&message, &mut packed).is_err() {
            packed.truncate(start + FRAME_PREFIX);
            packed.put_slice(&message);
            packed[start] = 0;
        }
        let length = (packed.len() - start - FRAME_PREFIX) as u32;
        packed[start + 1..start + FRAME_PREFIX].copy_from_slice(&length.to_be_bytes());
    }
    packed.freeze()
}

/// Appends `message` in gzip; an error when that is no shorter.
fn pack(message: &[u8], packed: &mut BytesMut) -> std::io::Result<()> {
    let start = packed.len();
    let mut encoder = GzEncoder::new(packed.writer(), Compression::new(LEVEL));
    encoder.write_all(message)?;
    let packed = encoder.finish()?.into_inner();
    if packed.len() - start < message.len() {
        return Ok(());
    }
    Err(std::io::ErrorKind::InvalidData.into())
}

/// The message in `packed`, which may have `limit` bytes.
///
/// What is no gzip, or has more than one member, is [`Code::Internal`](crate::Code::Internal); a message that is longer is
/// [`Code::ResourceExhausted`](crate::Code::ResourceExhausted).
pub(super) fn unpack(packed: &[u8], limit: usize) -> Result<Bytes> {
    let mut message = Vec::with_capacity((packed.len() * 2).min(limit));
    let mut decoder = GzDecoder::new(packed).take(limit as u64 + 1);
    decoder
        .read_to_end(&mut message)
        .map_err(|error| Error::internal("a message cannot be unpacked as gzip").source(error))?;
    if message.len() > limit {
        return Err(Error::resource_exhausted(format!(
            "a message of {} bytes in gzip has more than {limit} unpacked, which is the limit",
            packed.len()
        )));
    }
    let rest = decoder.into_inner().into_inner();
    if !rest.is_empty() {
        return Err(Error::internal(format!(
            "a message in gzip has {} bytes after its first member, of {} in all: a message is one member",
            rest.len(),
            packed.len()
        )));
    }
    Ok(message.into())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::call::write_frame;
    use crate::error::Code;

    fn run_of(messages: &[&[u8]]) -> Bytes {
        let mut run = BytesMut::new();
        for message in messages {
            let put = |buffer: &mut BytesMut| {
                buffer.put_slice(message);
                Ok(())
            };
            write_frame(&mut run, put).unwrap();
        }
        run.freeze()
    }

    #[test]
    fn what_becomes_shorter_is_packed_and_all_comes_back() {
        let long = vec![b'x'; 100_000];
        let noise: Vec<u8> = (0..200u32).map(|i| ((i * i * 31) >> 3) as u8).collect();
        let messages = [&long[..], b"", b"short", &noise, &long];
        let mut packed = pack_run(run_of(&messages));
        assert!(packed.len() < 2000);
        for message in messages {
            let (flags, frame) = split_frame(&mut packed).unwrap();
            assert_eq!(flags, u8::from(message.len() == long.len()));
            let frame = match flags {
                0 => frame,
                _ => unpack(&frame, long.len()).unwrap(),
            };
            assert_eq!(frame, message);
        }
        assert!(packed.is_empty());
    }

    #[test]
    fn a_message_that_grows_beyond_the_limit_is_given_up_there() {
        let bomb = pack_run(run_of(&[&vec![0; 8 << 20]])).slice(FRAME_PREFIX..);
        assert!(bomb.len() < 1 << 20);
        let error = unpack(&bomb, 1 << 20).unwrap_err();
        assert_eq!(error.code(), Code::ResourceExhausted);
        assert!(error.message().contains("1048576"), "{error}");
        assert!(unpack(&bomb, 8 << 20).is_ok());
    }

    #[test]
    fn only_one_member_is_unpacked_however_many_follow() {
        let empty = GzEncoder::new(Vec::new(), Compression::fast());
        let empty = empty.finish().unwrap();
        assert_eq!(unpack(&empty, 1000).unwrap(), "");
        for count in [2, 1000] {
            let error = unpack(&empty.repeat(count), 1000).unwrap_err();
            assert_eq!(error.code(), Code::Internal);
            // What was not looked at is told: all but the first.
            let rest = format!("has {} bytes after its first", empty.len() * (count - 1));
            assert!(error.message().contains(&rest), "{error}");
        }
        let one = pack_run(run_of(&[&[7; 1000]])).slice(FRAME_PREFIX..);
        let error = unpack(&[&one[..], b"x"].concat(), 1000).unwrap_err();
        assert!(error.message().contains("has 1 bytes after"), "{error}");
    }

    #[test]
    fn a_member_of_empty_blocks_costs_about_what_its_length_costs() {
        const LENGTH: usize = 100_000;
        // Four blocks with the codes that the format has fixed, in five bytes, and the last one.
        let blocks = [0x02, 0x08, 0x20, 0x80, 0x00].repeat(LENGTH / 5);
        let head = [0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 0xff];
        let hollow = [&head[..], &blocks, &[3, 0], &[0; 8]].concat();
        let mut seed = 7u32;
        let honest = std::iter::repeat_with(|| {
            seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (seed >> 24) as u8 & (seed >> 16) as u8
        });
        let honest: Vec<u8> = honest.take(LENGTH * 5 / 4).collect();
        let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
        encoder.write_all(&honest).unwrap();
        let honest = encoder.finish().unwrap();
        assert!(honest.len() < hollow.len() * 11 / 10, "{}", honest.len());
        let cost = |packed: &[u8]| {
            let once = |_| {
                let begun = std::time::Instant::now();
                unpack(packed, 1 << 20).unwrap();
                begun.elapsed()
            };
            (0..5).map(once).min().unwrap()
        };
        let (hollow, honest) = (cost(&hollow), cost(&honest));
        assert!(hollow < honest * 30, "{hollow:?} and {honest:?}");
    }

    #[test]
    fn what_is_no_gzip_is_an_error() {
        let good = pack_run(run_of(&[&[7; 1000]])).slice(FRAME_PREFIX..);
        let mut flipped = good.to_vec();
        let crc = flipped.len() - 8;
        flipped[crc] ^= 1;
        for bad in [&b"no gzip at all"[..], &good[..good.len() - 1], &flipped] {
            assert_eq!(unpack(bad, 1000).unwrap_err().code(), Code::Internal);
        }
        assert_eq!(unpack(&good, 1000).unwrap(), [7; 1000][..]);
    }
}
