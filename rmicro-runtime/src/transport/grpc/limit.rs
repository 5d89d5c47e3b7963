//! The limits of what is sent, and of lists of headers both ways.

use bytes::Buf;
use http::header::{HeaderMap, HeaderName, HeaderValue};

use crate::call::FRAME_PREFIX;
use crate::error::{Error, Result};

/// Refuses a run of frames that has a message of more than `limit` bytes.
pub(super) fn check_run(mut run: &[u8], limit: usize) -> Result<()> {
    while let Some((prefix, rest)) = run.split_first_chunk::<FRAME_PREFIX>() {
        let [_, a, b, c, d] = *prefix;
        let length = u32::from_be_bytes([a, b, c, d]) as usize;
        if length > limit {
            return Err(Error::resource_exhausted(format!(
                "a message of {length} bytes was to be sent, the limit is {limit}"
            )));
        }
        run = rest;
        run.advance(length.min(run.len()));
    }
    Ok(())
}

/// How long a list of headers is, as RFC 9113 section 6.5.2 counts.
pub(super) fn list_size(headers: &HeaderMap) -> usize {
    let sizes = headers.iter().map(|(name, value)| entry_size(name, value));
    sizes.sum()
}

/// What one header adds to the length of a list.
pub(super) fn entry_size(name: &HeaderName, value: &HeaderValue) -> usize {
    name.as_str().len() + value.len() + 32
}

/// Refuses `headers` that are longer than `limit`: a peer would end the whole connection for them, and every call on it.
pub(super) fn check_list(headers: &HeaderMap, what: &str, limit: usize) -> Result<()> {
    let size = list_size(headers);
    if size <= limit {
        return Ok(());
    }
    Err(Error::resource_exhausted(format!(
        "{what} of {size} bytes were to be sent, the limit is {limit} ({SETTER})"
    )))
}

/// Refuses a list of headers of `size` bytes that has come and is longer than `limit`.
pub(super) fn check_received(size: usize, what: &str, limit: usize) -> Result<()> {
    if size <= limit {
        return Ok(());
    }
    Err(Error::resource_exhausted(format!(
        "{what} of {size} bytes came, the limit is {limit} ({SETTER})"
    )))
}

/// Who wants more finds it there.
const SETTER: &str = "GrpcConfig::max_header_list_size";

/// How long a list of headers h2 is to keep: `times` as long as `limit`, so that it is refused here, in words and for its call alone.
///
/// What is longer than h2 keeps is cut short in silence where it is trailers, and what takes more than about five quarters of that on
/// the wire ends the connection. No more than 1 MiB is kept only to be refused.
pub(super) fn kept_by_h2(limit: u32, times: u32) -> u32 {
    limit.saturating_mul(times).min(MOST_KEPT.max(limit))
}

const MOST_KEPT: u32 = 1 << 20;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn more_is_kept_than_taken_up_to_a_bound() {
        for (limit, times, kept) in [
            (16 << 10, 16, 256 << 10),
            (16 << 10, 4, 64 << 10),
            (1 << 20, 16, 1 << 20),
            (2 << 20, 16, 2 << 20),
            (u32::MAX, 16, u32::MAX),
            (0, 16, 0),
        ] {
            assert_eq!(kept_by_h2(limit, times), kept);
        }
    }
}
