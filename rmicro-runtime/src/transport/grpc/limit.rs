//! The limits of what is sent.

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
    let size = |(name, value): (&HeaderName, &HeaderValue)| name.as_str().len() + value.len() + 32;
    headers.iter().map(size).sum()
}

/// Refuses `headers` that are longer than `limit`: a peer would end the whole connection for them, and every call on it.
pub(super) fn check_list(headers: &HeaderMap, what: &str, limit: usize) -> Result<()> {
    let size = list_size(headers);
    if size <= limit {
        return Ok(());
    }
    Err(Error::resource_exhausted(format!(
        "{what} of {size} bytes were to be sent, the limit is {limit}"
    )))
}
