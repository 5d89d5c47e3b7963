//! A reply with what travelled beside it.

use crate::metadata::Metadata;

/// The only reply of a unary or client streaming call with what travelled beside it.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Reply<T> {
    /// The message.
    pub message: T,
    /// What the server sent in front of it.
    pub metadata: Metadata,
    /// What the server sent after it.
    pub trailers: Metadata,
}

impl<T> Reply<T> {
    pub(crate) fn new(message: T, metadata: Metadata, trailers: Metadata) -> Self {
        Self {
            message,
            metadata,
            trailers,
        }
    }
}
