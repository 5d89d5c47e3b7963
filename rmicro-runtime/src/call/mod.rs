//! The waist: what joins protocols and user code.
//!
//! Invariant: nothing above it knows a wire format, nothing below it knows a message type. A body is either one frame, which
//! needs no channel and no task, or a stream of frames.

mod current;
mod frames;
mod guard;
mod head;
mod route;
mod send_buffer;
mod state;
mod tally;
mod unpanicked;

use std::pin::Pin;

pub(crate) use current::deadline as current_deadline;
pub use frames::{FRAME_PREFIX, FrameStream, OneFrame, split_frame, write_frame};
pub use guard::Guarded;
pub use head::{CallHead, Kind};
pub use route::{Endpoint, Route, Routes, SlowMark};
pub use send_buffer::{SEND_LIMIT, SendBuffer};
pub use state::{CallState, Reply, Request, ServerCall};
pub use tally::{Counted, Tally};
pub(crate) use unpanicked::unpanicked;

/// A boxed future, as handlers and endpoints return it.
pub type BoxFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;
