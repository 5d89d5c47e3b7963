//! The limit of what is sent.

use bytes::Buf;

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
