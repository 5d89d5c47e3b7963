//! How a call ended, as its client learns it.

use bytes::Bytes;

use crate::call::{Reply, split_frame};
use crate::error::{Error, Result};
use crate::metadata::Metadata;

/// What is left for the client when the handler is done.
#[derive(Default)]
pub(super) struct Outcome {
    pub(super) metadata: Metadata,
    pub(super) message: Option<Bytes>,
    pub(super) trailers: Metadata,
    pub(super) error: Option<Error>,
}

impl Outcome {
    /// The end of a handler that returned `result` and left `reply`.
    pub(super) fn new(result: Result<()>, reply: Reply) -> Self {
        let Reply {
            metadata,
            message,
            mut trailers,
            ..
        } = reply;
        match result {
            Ok(()) => Self {
                metadata,
                message: message.and_then(|mut run| split_frame(&mut run).map(|(_, frame)| frame)),
                trailers,
                error: None,
            },
            Err(error) => {
                trailers
                    .headers_mut()
                    .extend(error.metadata().headers().clone());
                Self {
                    metadata,
                    message: None,
                    trailers: Metadata::new(),
                    error: Some(sent(&error, trailers)),
                }
            }
        }
    }

    /// The end of a call that no handler has ended.
    pub(super) fn failed(error: Error) -> Self {
        Self {
            error: Some(error),
            ..Self::default()
        }
    }
}

/// The error of a call that was cut.
pub(super) fn cut() -> Error {
    Error::unavailable("the connection was cut before the call had ended")
}

/// What of `error` reaches a peer: its sources, and the proof that a call *it* made was not processed, stay where they are.
fn sent(error: &Error, trailers: Metadata) -> Error {
    let sent = Error::new(error.code(), error.message().to_owned()).with_metadata(trailers);
    let mut sent = sent.answered();
    for detail in error.details() {
        sent = sent.detail(detail.clone());
    }
    match error.service_id() {
        Some(id) => sent.service(id),
        None => sent,
    }
}
