//! The reference transport: calls inside one process, without sockets.
//!
//! Invariant: what this one does is what the contract means. A unary handler runs inside the caller's own poll, so it needs no
//! task, no channel and no timer; a streaming one has a task, because it goes on while its client does something else.

mod node;
mod outcome;
mod streaming;
mod unary;

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Duration;

use async_trait::async_trait;
use tokio::runtime::Handle;

use node::Node;

use super::{Body, ClientCall, Connection, Listener, Refused, Transport, Turn};
use crate::call::{FrameStream, Kind, Routes};
use crate::error::{Error, Result};
use crate::seam::Clock;

/// A space of addresses inside this process; clones share it, and nobody else sees it.
///
/// An address is `name:port`. Without a name it is `memory`, so that `:0`, like any address with port 0, becomes the next free
/// one, for example `memory:1`.
///
/// ```
/// use rmicro_runtime::transport::{Memory, Transport};
///
/// # #[tokio::main(flavor = "current_thread")] async fn main() {
/// let transport = Memory::new();
/// let error = transport.dial("memory:1").await.unwrap_err();
/// assert!(error.is_unprocessed());
/// # }
/// ```
#[derive(Clone, Default)]
pub struct Memory {
    hub: Arc<Mutex<Hub>>,
    clock: Clock,
}

impl Memory {
    /// An address space in which nobody listens yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Takes the time for deadlines and drains from `clock`.
    #[must_use]
    pub fn clock(mut self, clock: Clock) -> Self {
        self.clock = clock;
        self
    }

    fn lock(&self) -> MutexGuard<'_, Hub> {
        self.hub.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Memory {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Memory")
            .field(&self.lock().nodes.keys())
            .finish()
    }
}

#[async_trait]
impl Transport for Memory {
    fn name(&self) -> &'static str {
        "memory"
    }

    async fn listen(&self, address: &str, routes: Arc<dyn Routes>) -> Result<Box<dyn Listener>> {
        let runtime = Handle::try_current().map_err(|error| {
            Error::failed_precondition(format!(
                "memory cannot listen on {address}: streaming handlers need tokio's runtime"
            ))
            .source(error)
        })?;
        let node = Arc::new(Node::new(routes, runtime, self.clock));
        let address = self.lock().bind(address, &node)?;
        Ok(Box::new(MemoryListener {
            address,
            node,
            memory: self.clone(),
        }))
    }

    async fn dial(&self, address: &str) -> Result<Arc<dyn Connection>> {
        let node = self.lock().find(address)?;
        Ok(Arc::new(MemoryConnection {
            id: node.next_connection(),
            node,
        }))
    }
}

/// Who listens where.
#[derive(Default)]
struct Hub {
    nodes: BTreeMap<String, Weak<Node>>,
    last_port: u16,
}

impl Hub {
    fn bind(&mut self, address: &str, node: &Arc<Node>) -> Result<String> {
        let (name, port) = parse(address)?;
        let bound = match port {
            0 => self.free(name)?,
            port => format!("{name}:{port}"),
        };
        match self.nodes.entry(bound.clone()) {
            Entry::Occupied(_) => Err(Error::already_exists(format!(
                "memory cannot listen on {address}: {bound} is taken"
            ))),
            Entry::Vacant(vacant) => {
                vacant.insert(Arc::downgrade(node));
                Ok(bound)
            }
        }
    }

    /// The next free address of `name`; one that was given back comes last, so that nobody finds a stranger behind an old address.
    fn free(&mut self, name: &str) -> Result<String> {
        for step in 1..=u16::MAX {
            let port = self.last_port.wrapping_add(step);
            let address = format!("{name}:{port}");
            if port != 0 && !self.nodes.contains_key(&address) {
                self.last_port = port;
                return Ok(address);
            }
        }
        Err(Error::resource_exhausted(format!(
            "memory cannot listen on {name}:0: every port is taken"
        )))
    }

    fn find(&self, address: &str) -> Result<Arc<Node>> {
        let (name, port) = parse(address)?;
        self.nodes
            .get(&format!("{name}:{port}"))
            .and_then(Weak::upgrade)
            .filter(|node| node.is_open())
            .ok_or_else(|| {
                Error::unavailable(format!(
                    "nobody listens on {address} in this memory transport"
                ))
                .unprocessed()
            })
    }
}

struct MemoryListener {
    address: String,
    node: Arc<Node>,
    memory: Memory,
}

impl MemoryListener {
    /// Gives the address back and takes no more calls.
    fn stop(&self) {
        if self.node.close() {
            self.memory.lock().nodes.remove(&self.address);
        }
    }
}

#[async_trait]
impl Listener for MemoryListener {
    fn address(&self) -> &str {
        &self.address
    }

    async fn drain(&self, limit: Duration) -> usize {
        let clock = self.memory.clock;
        let end = clock.now().after(limit);
        self.stop();
        match clock.until(end, self.node.idle()).await {
            Some(()) => 0,
            None => self.node.cut(),
        }
    }
}

impl Drop for MemoryListener {
    fn drop(&mut self) {
        self.stop();
        self.node.cut();
    }
}

impl fmt::Debug for MemoryListener {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "MemoryListener({})", self.address)
    }
}

struct MemoryConnection {
    id: u64,
    node: Arc<Node>,
}

#[async_trait]
impl Connection for MemoryConnection {
    fn start(&self, call: ClientCall) -> std::result::Result<Box<dyn FrameStream>, Refused> {
        let Some(ticket) = self.node.enter(self.id) else {
            return Err(Refused::Closed(gone(), Box::new(call)));
        };
        let ClientCall { mut head, body, .. } = call;
        let path = format!("/{}/{}", head.service, head.endpoint);
        let route = match self.node.routes().route(&path) {
            Ok(route) => route,
            Err(error) => return Ok(Box::new(unary::Unary::refused(error))),
        };
        head.service = route.service.clone();
        head.endpoint = route.method.clone();
        // The server's kind decides; a client that streams to a unary method is served like a stream of one message.
        Ok(match (route.kind, body) {
            (Kind::Unary, Body::One(run)) => Box::new(unary::Unary::new(route, head, run, ticket)),
            (_, body) => Box::new(streaming::start(route, head, body, ticket)),
        })
    }

    async fn ready(&self) -> Result<Turn> {
        if self.is_open() {
            Ok(Turn::new(()))
        } else {
            Err(gone())
        }
    }

    fn is_open(&self) -> bool {
        self.node.is_open()
    }
}

impl fmt::Debug for MemoryConnection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "MemoryConnection({})", self.id)
    }
}

fn gone() -> Error {
    Error::unavailable("the node takes no more calls: its listener has closed").unprocessed()
}

/// The name and the port of `address`; the names that mean every interface are `memory`.
fn parse(address: &str) -> Result<(&str, u16)> {
    let parts = address
        .rsplit_once(':')
        .and_then(|(name, port)| Some((name, port.parse().ok()?)));
    match parts {
        Some(("" | "[::]" | "0.0.0.0", port)) => Ok(("memory", port)),
        Some(parts) => Ok(parts),
        None => Err(Error::invalid_argument(format!(
            "{address:?} is no address: name:port or :port was expected"
        ))),
    }
}
