//! The parsers of this transport, for [`crate::fuzzing`].

use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, HeaderValue};

use super::deframe::Deframer;
use super::encoding::Encoding;
use super::{status, timeout};
use crate::error::{Error, Result};
use crate::metadata::Metadata;

/// The messages in `chunks`, which came with `headers`, and how they end.
pub fn deframe(
    chunks: &[Bytes],
    limit: usize,
    headers: &mut HeaderMap,
) -> (Vec<Bytes>, Result<()>) {
    let mut deframer = Deframer::new(limit, Encoding::take(headers));
    let mut messages = Vec::new();
    for chunk in chunks {
        deframer.push(chunk.clone());
        loop {
            match deframer.next() {
                Ok(Some(message)) => messages.push(message),
                Ok(None) => break,
                Err(error) => return (messages, Err(error)),
            }
        }
    }
    (messages, deframer.finish())
}

/// What a `grpc-timeout` says.
pub fn read_timeout(text: &HeaderValue) -> Result<Duration> {
    timeout::decode(text)
}

/// What go-micro's `timeout` says.
pub fn read_nanos(text: &HeaderValue) -> Option<Duration> {
    timeout::decode_nanos(text)
}

/// The `grpc-timeout` that says `timeout`.
pub fn write_timeout(timeout: Duration) -> HeaderValue {
    timeout::encode(timeout)
}

/// What trailers say.
pub fn read_trailers(trailers: HeaderMap) -> (Metadata, Result<()>) {
    status::from_trailers(trailers)
}

/// The trailers that say `error`, to a caller of go-micro where `go_micro` is the name of our service.
pub fn write_trailers(error: &Error, go_micro: Option<&str>) -> HeaderMap {
    status::trailers(Err(error), Metadata::new(), go_micro)
}
