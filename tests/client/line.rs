//! A transport without a network, under a paused clock: it does not answer, or refuses what it has taken.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll};

use async_trait::async_trait;
use bytes::Bytes;
use rmicro_runtime::call::{FrameStream, Routes};
use rmicro_runtime::transport::{ClientCall, Connection, Listener, Refused, Transport, Turn};
use rmicro_runtime::{Error, Metadata, Result};

/// What becomes of those who dial.
#[derive(Debug)]
pub(crate) enum Line {
    /// Nothing, however long they wait.
    Silent,
    /// The first call of all is taken and refused, and then nobody is there.
    RefusesOnce(AtomicUsize),
    /// Calls are taken, and nothing comes.
    Waits,
}

#[async_trait]
impl Transport for Line {
    fn name(&self) -> &'static str {
        "line"
    }

    async fn listen(&self, _address: &str, _routes: Arc<dyn Routes>) -> Result<Box<dyn Listener>> {
        Err(Error::unimplemented("nobody listens here"))
    }

    async fn dial(&self, address: &str) -> Result<Arc<dyn Connection>> {
        match self {
            Self::Silent => std::future::pending().await,
            Self::Waits => Ok(Arc::new(Wire(None))),
            Self::RefusesOnce(dials) if dials.fetch_add(1, Ordering::SeqCst) == 0 => {
                Ok(Arc::new(Wire(Some(AtomicUsize::new(1)))))
            }
            Self::RefusesOnce(_) => {
                Err(Error::unavailable(format!("nobody is at {address}")).unprocessed())
            }
        }
    }
}

/// Refuses as many calls as it says, and then is closed; or waits.
#[derive(Debug)]
struct Wire(Option<AtomicUsize>);

#[async_trait]
impl Connection for Wire {
    fn start(&self, _call: ClientCall) -> Result<Box<dyn FrameStream>, Refused> {
        let refused = self.0.as_ref().map(|left| {
            left.fetch_sub(1, Ordering::SeqCst);
            Error::unavailable("refused").unprocessed()
        });
        Ok(Box::new(Replies(refused, Metadata::new())))
    }

    async fn ready(&self) -> Result<Turn> {
        std::future::pending().await
    }

    fn is_open(&self) -> bool {
        let left = self.0.as_ref();
        left.is_none_or(|left| left.load(Ordering::SeqCst) > 0)
    }
}

/// An error, or nothing for ever.
struct Replies(Option<Error>, Metadata);

/// What never comes.
pub(crate) fn never() -> Box<dyn FrameStream> {
    Box::new(Replies(None, Metadata::new()))
}

impl FrameStream for Replies {
    fn poll_metadata(&mut self, _cx: &mut Context<'_>) -> Poll<Result<()>> {
        self.0
            .take()
            .map_or(Poll::Pending, |error| Poll::Ready(Err(error)))
    }

    fn poll_frame(&mut self, _cx: &mut Context<'_>) -> Poll<Option<Result<Bytes>>> {
        self.0
            .take()
            .map_or(Poll::Pending, |error| Poll::Ready(Some(Err(error))))
    }

    fn metadata(&mut self) -> &mut Metadata {
        &mut self.1
    }

    fn trailers(&mut self) -> &mut Metadata {
        &mut self.1
    }
}
