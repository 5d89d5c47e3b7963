//! A call on its way out: from the stub to a connection, and to another node where that is safe.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};
use std::time::Duration;

use bytes::Bytes;

use super::call::Reply;
use super::stub::Stub;
use crate::call::{CallHead, FrameStream};
use crate::codec::Codec;
use crate::error::{Error, Result};
use crate::metadata::Metadata;
use crate::registry::Node;
use crate::rpc::{Method, decode_only};
use crate::seam::Moment;
use crate::selector::Choice;
use crate::transport::{Body, ClientCall, Connection, Refused};

/// How many nodes one call asks at most, when each says that it did not process it.
const NODES_AT_MOST: usize = 4;

/// Everything that a call needs to start, and to start again at another node.
pub(super) struct Outgoing {
    stub: Stub,
    method: &'static Method,
    message: Result<Bytes>,
    metadata: Result<Metadata>,
    timeout: Option<Duration>,
}

/// How far a call has come, for the error of a deadline.
#[derive(Default)]
struct Stage(AtomicU8);

impl Stage {
    const NAMES: [&'static str; 4] = ["discover", "dial", "send", "wait"];

    fn reach(&self, stage: u8) {
        self.0.store(stage, Ordering::Relaxed);
    }

    fn name(&self) -> &'static str {
        Self::NAMES[usize::from(self.0.load(Ordering::Relaxed))]
    }
}

impl Outgoing {
    pub(super) fn new(stub: Stub, method: &'static Method, message: Result<Bytes>) -> Self {
        Self {
            stub,
            method,
            message,
            metadata: Ok(Metadata::new()),
            timeout: None,
        }
    }

    pub(super) fn set_timeout(&mut self, timeout: Duration) {
        self.timeout = Some(timeout);
    }

    pub(super) fn add_metadata(&mut self, name: &str, value: &str) {
        if let Ok(metadata) = &mut self.metadata
            && let Err(error) = metadata.append(name, value)
        {
            self.metadata = Err(error);
        }
    }

    pub(super) fn codec(&self) -> &'static dyn Codec {
        self.stub.codec()
    }

    /// Sends the call and gives the reply; another node is asked while it is proved that no handler has seen the call.
    pub(super) async fn ask<O>(mut self) -> Result<Reply<O>>
    where
        O: prost::Message + Default + 'static,
    {
        let client = self.stub.client().0.clone();
        let deadline = client
            .seam
            .clock
            .now()
            .after(self.timeout.unwrap_or(client.options.request_timeout));
        let call = self.client_call(Some(deadline), None)?;
        let (stage, mut tried) = (Stage::default(), Vec::new());
        let attempts = async {
            loop {
                let frames = self.place(call.clone(), &mut tried, &stage).await?;
                stage.reach(3);
                let outcome = read(self.codec(), frames).await;
                if let Some(node) = tried.last() {
                    client
                        .selector
                        .mark(self.stub.target().name(), node, outcome.as_ref().err());
                }
                match outcome {
                    Err(error) if error.is_unprocessed() && tried.len() < NODES_AT_MOST => {}
                    outcome => return outcome,
                }
            }
        };
        let answered = client.seam.clock.until(deadline, attempts).await;
        answered.unwrap_or_else(|| Err(self.late(&stage)))
    }

    /// Sends the call and gives what comes back, with the deadline that holds for it.
    pub(super) async fn open(
        mut self,
        body: Option<Body>,
    ) -> Result<(Box<dyn FrameStream>, Option<Moment>)> {
        let client = self.stub.client().0.clone();
        let now = client.seam.clock.now();
        let deadline = self.timeout.map(|timeout| now.after(timeout));
        let call = self.client_call(deadline, body)?;
        let stage = Stage::default();
        let limit = deadline.unwrap_or_else(|| now.after(client.options.request_timeout));
        let placed = client
            .seam
            .clock
            .until(limit, self.place(call, &mut Vec::new(), &stage))
            .await;
        Ok((placed.unwrap_or_else(|| Err(self.late(&stage)))?, deadline))
    }

    /// Hands the call to a connection to some node that is not among `tried`, and adds that node.
    async fn place(
        &self,
        call: ClientCall,
        tried: &mut Vec<Arc<Node>>,
        stage: &Stage,
    ) -> Result<Box<dyn FrameStream>> {
        let mut call = call;
        loop {
            stage.reach(0);
            let node = self.choose(&call.head, tried).await?;
            tried.push(node.clone());
            stage.reach(1);
            let started = match self.connection(&node).await {
                Ok(connection) => start(&*connection, call, stage).await,
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
        let (client, target) = (&self.stub.client().0, self.stub.target());
        let resolved = target
            .resolve(&*client.registry, client.pool.protocol())
            .await?;
        if !resolved.left.is_empty() {
            client.pool.release(&resolved.left);
        }
        let choice = Choice::new(target.name(), head).after(tried);
        let node = client.selector.select(&choice, &resolved.nodes);
        node.cloned().ok_or_else(|| {
            Error::unavailable(format!(
                "select: no node of {:?} may be chosen",
                target.name()
            ))
        })
    }

    async fn connection(&self, node: &Node) -> Result<Arc<dyn Connection>> {
        let pool = &self.stub.client().0.pool;
        match pool.open(node) {
            Some(connection) => Ok(connection),
            None => pool.connect(node).await,
        }
    }

    /// The call for a connection; what could not be built is the call's error.
    fn client_call(&mut self, deadline: Option<Moment>, body: Option<Body>) -> Result<ClientCall> {
        let method = self.method;
        let mut head = CallHead::new(self.stub.service(), method.name());
        head.metadata = std::mem::replace(&mut self.metadata, Ok(Metadata::new()))?;
        head.deadline = deadline;
        let message = std::mem::replace(&mut self.message, Ok(Bytes::new()))?;
        Ok(ClientCall::new(
            head,
            method.kind(),
            body.unwrap_or(Body::One(message)),
        ))
    }

    fn failed(&self, node: &Node, error: Error) -> Error {
        let (name, registry) = (
            self.stub.target().name(),
            self.stub.client().0.registry.name(),
        );
        let text = format!(
            "dial: {} (node {} of {name:?} in registry {registry})",
            error.message(),
            node.id
        );
        Error::new(error.code(), text).source(error)
    }

    fn late(&self, stage: &Stage) -> Error {
        let (name, registry) = (
            self.stub.target().name(),
            self.stub.client().0.registry.name(),
        );
        let method = self.method.name();
        let service = self.stub.service();
        Error::deadline_exceeded(format!(
            "{}: the deadline passed; called {service}/{method} of {name:?} in registry {registry}",
            stage.name()
        ))
    }
}

/// Starts `call`, as soon as the peer takes another one; what could not be started is given back.
async fn start(
    connection: &dyn Connection,
    call: ClientCall,
    stage: &Stage,
) -> std::result::Result<Box<dyn FrameStream>, (Error, ClientCall)> {
    let mut call = call;
    loop {
        stage.reach(2);
        match connection.start(call) {
            Ok(frames) => return Ok(frames),
            Err(Refused::Closed(error, back)) => return Err((error, *back)),
            Err(Refused::Busy(back)) => {
                if let Err(error) = connection.ready().await {
                    return Err((error.unprocessed(), *back));
                }
                call = *back;
            }
        }
    }
}

/// The only message of a reply, and what travelled beside it.
async fn read<O>(codec: &dyn Codec, mut frames: Box<dyn FrameStream>) -> Result<Reply<O>>
where
    O: prost::Message + Default + 'static,
{
    let message = decode_only(codec, &mut *frames).await?;
    let metadata = std::mem::take(frames.metadata());
    let trailers = std::mem::take(frames.trailers());
    Ok(Reply {
        message,
        metadata,
        trailers,
    })
}

impl fmt::Debug for Outgoing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let method = self.method.name();
        write!(
            f,
            "{}/{method} of {:?}",
            self.stub.service(),
            self.stub.target().name()
        )
    }
}
