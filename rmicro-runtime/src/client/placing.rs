//! The way of a call to a connection, and to another node where that is safe.

use std::future::poll_fn;
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};

use super::Inner;
use super::target::Target;
use crate::call::{CallHead, FrameStream};
use crate::error::{Error, Result};
use crate::registry::Node;
use crate::rpc::Answer;
use crate::selector::Choice;
use crate::transport::{ClientCall, Connection, Refused};

/// How many nodes one call asks at most, when each says that it did not process it.
const NODES_AT_MOST: usize = 4;

/// How far a call has come, for the error of a deadline.
#[derive(Default)]
pub(super) struct Stage(AtomicU8);

impl Stage {
    const NAMES: [&'static str; 4] = ["discover", "dial", "send", "wait"];

    fn reach(&self, stage: u8) {
        self.0.store(stage, Ordering::Relaxed);
    }

    pub(super) fn name(&self) -> &'static str {
        Self::NAMES[usize::from(self.0.load(Ordering::Relaxed))]
    }
}

/// One call on its way: the nodes of its target are tried until one takes it.
pub(super) struct Placing<'a> {
    client: &'a Inner,
    target: &'a Target,
    stage: &'a Stage,
}

impl<'a> Placing<'a> {
    pub(super) fn new(client: &'a Inner, target: &'a Target, stage: &'a Stage) -> Self {
        Self {
            client,
            target,
            stage,
        }
    }

    /// Makes a unary call; another node is asked while it is proved that no handler has seen it.
    pub(super) async fn ask(&self, call: ClientCall) -> Result<Answer> {
        let mut tried = Vec::new();
        loop {
            let frames = self.place(call.clone(), &mut tried).await?;
            self.stage.reach(3);
            let outcome = only_frame(frames).await;
            if let Some(node) = tried.last() {
                let failure = outcome.as_ref().err();
                self.client.selector.mark(self.target.name(), node, failure);
            }
            match outcome {
                Err(error) if error.is_unprocessed() && tried.len() < NODES_AT_MOST => {}
                outcome => return outcome,
            }
        }
    }

    /// Hands a streaming call to a connection.
    pub(super) async fn open(&self, call: ClientCall) -> Result<Box<dyn FrameStream>> {
        self.place(call, &mut Vec::new()).await
    }

    /// Hands the call to a connection to some node that is not among `tried`, and adds that node.
    async fn place(
        &self,
        call: ClientCall,
        tried: &mut Vec<Arc<Node>>,
    ) -> Result<Box<dyn FrameStream>> {
        let mut call = call;
        loop {
            self.stage.reach(0);
            let node = self.choose(&call.head, tried).await?;
            tried.push(node.clone());
            self.stage.reach(1);
            let started = match self.connection(&node).await {
                Ok(connection) => self.start(&*connection, call).await,
                Err(error) => Err((error, call)),
            };
            match started {
                Ok(frames) => return Ok(frames),
                Err((error, back)) if error.is_unprocessed() && tried.len() < NODES_AT_MOST => {
                    tracing::debug!(node = node.id, ?error, "another node is asked");
                    call = back;
                }
                Err((error, _)) => return Err(self.failed(&node, error)),
            }
        }
    }

    async fn choose(&self, head: &CallHead, tried: &[Arc<Node>]) -> Result<Arc<Node>> {
        let pool = &self.client.pool;
        let resolved = self
            .target
            .resolve(&*self.client.registry, pool.protocol())
            .await?;
        if !resolved.left.is_empty() {
            pool.release(&resolved.left);
        }
        let choice = Choice::new(self.target.name(), head).after(tried);
        let node = self.client.selector.select(&choice, &resolved.nodes);
        node.cloned().ok_or_else(|| {
            Error::unavailable(format!(
                "select: no node of {:?} may be chosen",
                self.target.name()
            ))
        })
    }

    async fn connection(&self, node: &Node) -> Result<Arc<dyn Connection>> {
        match self.client.pool.open(node) {
            Some(connection) => Ok(connection),
            None => self.client.pool.connect(node).await,
        }
    }

    /// Starts `call` as soon as the peer takes another one; what could not be started is given back.
    async fn start(
        &self,
        connection: &dyn Connection,
        call: ClientCall,
    ) -> std::result::Result<Box<dyn FrameStream>, (Error, ClientCall)> {
        let mut call = call;
        self.stage.reach(2);
        loop {
            match connection.start(call) {
                Ok(frames) => return Ok(frames),
                Err(Refused::Closed(error, back)) => return Err((error, *back)),
                Err(Refused::Busy(back)) => match connection.ready().await {
                    Ok(()) => call = *back,
                    Err(error) => return Err((error.unprocessed(), *back)),
                },
            }
        }
    }

    fn failed(&self, node: &Node, error: Error) -> Error {
        let (name, registry) = (self.target.name(), self.client.registry.name());
        let (text, id) = (error.message(), &node.id);
        let text = format!("dial: {text} (node {id} of {name:?} in registry {registry})");
        Error::new(error.code(), text).source(error)
    }
}

/// The only message of a unary reply, and what travelled beside it.
async fn only_frame(mut frames: Box<dyn FrameStream>) -> Result<Answer> {
    let first = poll_fn(|cx| frames.poll_frame(cx)).await.transpose()?;
    let message =
        first.ok_or_else(|| Error::internal("the peer ended the call without its only message"))?;
    if poll_fn(|cx| frames.poll_frame(cx))
        .await
        .transpose()?
        .is_some()
    {
        return Err(Error::internal(
            "the peer sent a second message where the method has one",
        ));
    }
    let metadata = std::mem::take(frames.metadata());
    let trailers = std::mem::take(frames.trailers());
    Ok(Answer::One {
        metadata,
        message,
        trailers,
    })
}
