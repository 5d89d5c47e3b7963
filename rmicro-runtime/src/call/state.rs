//! One call as a server sees it: the head, the request, and the reply as far as it has come.

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use http::Extensions;

use super::frames::FrameStream;
use super::head::CallHead;
use super::send_buffer::SendBuffer;
use crate::context::Context;
use crate::error::{Error, Result};
use crate::metadata::Metadata;

/// A call that a transport hands to an endpoint.
#[derive(Debug)]
#[non_exhaustive]
pub struct ServerCall {
    /// The head and the reply; the transport keeps a clone.
    pub state: Arc<CallState>,
    /// What the client sends.
    pub request: Request,
    /// Where a handler that streams puts its replies; the transport keeps a clone.
    pub replies: Option<SendBuffer>,
}

impl ServerCall {
    /// What a handler would know of the call; for interceptors.
    pub fn context(&self) -> Context {
        Context::new(self.state.clone())
    }

    /// A call with the parts that its kind has.
    pub fn new(state: Arc<CallState>, request: Request, replies: Option<SendBuffer>) -> Self {
        Self {
            state,
            request,
            replies,
        }
    }
}

/// The body of a request.
pub enum Request {
    /// The only message.
    One(Bytes),
    /// Messages as they come.
    Stream(Box<dyn FrameStream>),
}

impl fmt::Debug for Request {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::One(message) => write!(f, "One({} bytes)", message.len()),
            Self::Stream(_) => f.write_str("Stream"),
        }
    }
}

/// What the handler and the transport share of one call.
#[derive(Debug)]
pub struct CallState {
    head: CallHead,
    reply: Mutex<ReplyState>,
    extensions: Mutex<Extensions>,
}

/// What a handler leaves for the transport to send.
#[derive(Debug, Default)]
#[non_exhaustive]
pub struct Reply {
    /// Goes in front of the first message; empty when it has left already.
    pub metadata: Metadata,
    /// The only message of a unary or client streaming call, as a run of one frame.
    pub message: Option<Bytes>,
    /// Goes after the last message.
    pub trailers: Metadata,
}

#[derive(Debug, Default)]
struct ReplyState {
    reply: Reply,
    metadata_left: bool,
    ended: bool,
}

impl CallState {
    /// The state of a call that has just come in.
    pub fn new(head: CallHead) -> Self {
        Self {
            head,
            reply: Mutex::default(),
            extensions: Mutex::default(),
        }
    }

    /// Who asked for what.
    pub fn head(&self) -> &CallHead {
        &self.head
    }

    /// Keeps `value` for whoever serves the call later; the one of its type that was kept before goes.
    pub fn set<T: Clone + Send + Sync + 'static>(&self, value: T) {
        let mut extensions = self
            .extensions
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        extensions.insert(value);
    }

    /// The value of type `T` that was kept.
    pub fn get<T: Clone + Send + Sync + 'static>(&self) -> Option<T> {
        let extensions = self
            .extensions
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        extensions.get().cloned()
    }

    /// Sets the only message of the reply, as a run of one frame.
    pub fn set_message(&self, run: Bytes) {
        self.lock().reply.message = Some(run);
    }

    /// Sets a value of the reply's metadata; an error once that has left.
    pub fn insert_metadata(&self, name: &str, value: &str) -> Result<()> {
        self.change_metadata(name, |metadata| metadata.insert(name, value))
    }

    /// Changes the values of `name` in the reply's metadata; an error once that has left.
    pub fn change_metadata(
        &self,
        name: &str,
        change: impl FnOnce(&mut Metadata) -> Result<()>,
    ) -> Result<()> {
        let mut state = self.lock();
        if state.metadata_left || state.ended {
            return Err(Error::failed_precondition(format!(
                "reply metadata {name:?} comes too late: it has left with the first reply"
            )));
        }
        change(&mut state.reply.metadata)
    }

    /// Sets a value of the trailers; an error once the call has ended.
    pub fn insert_trailer(&self, name: &str, value: &str) -> Result<()> {
        self.change_trailers(name, |trailers| trailers.insert(name, value))
    }

    /// Changes the values of `name` in the trailers; an error once the call has ended.
    pub fn change_trailers(
        &self,
        name: &str,
        change: impl FnOnce(&mut Metadata) -> Result<()>,
    ) -> Result<()> {
        let mut state = self.lock();
        if state.ended {
            return Err(Error::failed_precondition(format!(
                "trailer {name:?} comes too late: the call has ended"
            )));
        }
        change(&mut state.reply.trailers)
    }

    /// Takes the reply's metadata to send it; nobody can add to it afterwards. For transports.
    pub fn take_metadata(&self) -> Metadata {
        let mut state = self.lock();
        state.metadata_left = true;
        std::mem::take(&mut state.reply.metadata)
    }

    /// Takes what is left of the reply when the handler has returned. For transports.
    pub fn finish(&self) -> Reply {
        let mut state = self.lock();
        state.ended = true;
        std::mem::take(&mut state.reply)
    }

    fn lock(&self) -> MutexGuard<'_, ReplyState> {
        self.reply.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn metadata_after_it_left_is_an_error() {
        let state = CallState::new(CallHead::new("a.B", "C"));
        state.insert_metadata("early", "1").unwrap();
        assert_eq!(state.take_metadata().get("early"), Some("1"));
        assert!(state.insert_metadata("late", "1").is_err());
        state.insert_trailer("still", "1").unwrap();
        assert_eq!(state.finish().trailers.get("still"), Some("1"));
        assert!(state.insert_trailer("late", "1").is_err());
    }
}
