//! The rmicro runtime: services that find, call and stream to each other.

pub mod call;
pub mod codec;
#[cfg(feature = "conformance")]
pub mod conformance;
mod context;
mod error;
mod metadata;
pub mod registry;
pub mod seam;
pub mod selector;
pub mod transport;

pub use context::{Context, ReplyMetadata, Trailers};
pub use error::{Code, Detail, Error, Result};
pub use metadata::Metadata;
