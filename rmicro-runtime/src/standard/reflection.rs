//! gRPC's reflection: what is served, for clients that have no `.proto` (gRPC's
//! `server-reflection.md`).
//!
//! Both versions are one handler, since they differ in nothing but their name. What is told are the
//! descriptors of the generated code, byte for byte; they are read when somebody first asks.

pub mod v1 {
    //! The interface `grpc.reflection.v1`.

    include!("generated/grpc.reflection.v1.rs");
}

pub mod v1alpha {
    //! The interface `grpc.reflection.v1alpha`, with the messages of [`v1`](super::v1), which are
    //! the same on the wire.

    include!("generated/grpc.reflection.v1alpha.rmicro.rs");
}

mod answer;
mod index;
mod short;

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::watch;

use index::Index;
use v1::{ServerReflectionRequest, ServerReflectionResponse};

use crate::context::Context;
use crate::error::{Error, Result};
use crate::rpc::{Descriptor, Receiver, Sender};
use crate::server::Server;

/// Tells what is served; a cheap clone.
#[derive(Clone, Debug, Default)]
pub(super) struct Reflection(Arc<Shared>);

#[derive(Debug, Default)]
struct Shared {
    known: Mutex<Known>,
    ending: watch::Sender<bool>,
}

/// What is served, and the index of it once somebody has asked.
#[derive(Debug, Default)]
struct Known {
    own: Vec<&'static Descriptor>,
    behind: Vec<&'static Descriptor>,
    index: Option<Arc<Index>>,
}

impl Reflection {
    /// Registers both versions at `server`.
    pub(super) fn register(&self, server: &Server) -> Result<()> {
        v1::register_server_reflection_handler(server, self.clone())?;
        v1alpha::register_server_reflection_handler(server, self.clone())?;
        Ok(())
    }

    /// The service starts, and serves the services of the user's `own` and, `behind` them, others.
    pub(super) fn begin(&self, own: Vec<&'static Descriptor>, behind: Vec<&'static Descriptor>) {
        self.0.ending.send_replace(false);
        let index = None;
        *self.known() = Known { own, behind, index };
    }

    /// Whoever still has a stream is let go.
    pub(super) fn end(&self) {
        self.0.ending.send_replace(true);
    }

    fn index(&self) -> Arc<Index> {
        let mut known = self.known();
        let Known { own, behind, index } = &mut *known;
        let index = index.get_or_insert_with(|| Arc::new(Index::new(own, behind)));
        index.clone()
    }

    fn known(&self) -> MutexGuard<'_, Known> {
        self.0.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn converse(
        &self,
        mut requests: Receiver<ServerReflectionRequest>,
        mut replies: Sender<ServerReflectionResponse>,
    ) -> Result<()> {
        let mut ending = self.0.ending.subscribe();
        let mut sent = BTreeSet::new();
        loop {
            let request = tokio::select! {
                biased;
                // A client that keeps its stream would hold up the drain.
                _ = ending.wait_for(|ending| *ending) => {
                    return Err(Error::unavailable("the service shuts down"));
                }
                request = requests.recv() => request?,
            };
            let Some(request) = request else {
                return Ok(());
            };
            let answer = answer::answer(&self.index(), request, &mut sent);
            replies.send(answer).await?;
        }
    }
}

impl v1::ServerReflectionHandler for Reflection {
    async fn server_reflection_info(
        &self,
        _: Context,
        requests: Receiver<ServerReflectionRequest>,
        replies: Sender<ServerReflectionResponse>,
    ) -> Result<()> {
        self.converse(requests, replies).await
    }
}

impl v1alpha::ServerReflectionHandler for Reflection {
    async fn server_reflection_info(
        &self,
        _: Context,
        requests: Receiver<ServerReflectionRequest>,
        replies: Sender<ServerReflectionResponse>,
    ) -> Result<()> {
        self.converse(requests, replies).await
    }
}
