//! One question to everybody, and the answers (go-micro `internal/util/mdns/client.go`).
//!
//! Invariant: it is asked from a port of its own, never from 5353, where go-micro's responders would
//! answer the answers.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::mpsc;
use tokio::task::JoinSet;

use super::records::Records;
use super::wire::{self, Message, Question};
use super::{GROUP, LARGEST_DATAGRAM};
use crate::error::{Error, Result};
use crate::seam::{Datagram, Interface, Seam};

/// How many nodes one lookup takes in; more can only be an attack.
const MOST_NODES: usize = 4096;

/// When a lookup is over.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Patience {
    /// With the window; or earlier, when somebody has answered and a quarter of the window has
    /// passed in which nobody else did.
    UntilQuiet,
    /// With the window.
    WholeWindow,
}

/// The nodes that answer to `name` within `window`, by instance, without those that take leave.
///
/// The question is repeated once after half the window when nobody has answered, as a datagram may
/// be lost. Cancel safe: its sockets and tasks end with it.
///
/// # Errors
///
/// [`Unavailable`](crate::Code::Unavailable) when the question could not be sent on any interface.
pub(super) async fn ask(
    seam: &Seam,
    interfaces: &[Interface],
    name: &str,
    window: Duration,
    patience: Patience,
) -> Result<Vec<Records>> {
    let id = u16::try_from(seam.chance.below(1 << 16)).unwrap_or_default();
    let query = wire::query(id, &Question::pointer(name))?;
    let mut asking = Asking::start(seam, interfaces, &query).await?;
    let clock = seam.clock;
    let start = clock.now();
    let end = start.after(window);
    let mut pause = start.after(window / 2);
    let mut found = BTreeMap::new();
    loop {
        match clock.until(pause.min(end), asking.answers.recv()).await {
            Some(Some(records)) => {
                let is_new = found.len() < MOST_NODES && !found.contains_key(&records.instance);
                if is_new && records.ttl > 0 {
                    found.insert(records.instance.clone(), records);
                    pause = match patience {
                        Patience::UntilQuiet => clock.now().after(window / 4),
                        Patience::WholeWindow => end,
                    };
                }
            }
            // Every socket has failed.
            Some(None) => break,
            None if found.is_empty() && pause < end => {
                asking.repeat(&query).await;
                pause = end;
            }
            None => break,
        }
    }
    Ok(found.into_values().collect())
}

/// The sockets of one lookup, and what arrives at them.
struct Asking {
    sockets: Vec<Arc<dyn Datagram>>,
    answers: mpsc::Receiver<Records>,
    _readers: JoinSet<()>,
}

impl Asking {
    async fn start(seam: &Seam, interfaces: &[Interface], query: &[u8]) -> Result<Self> {
        let (sender, answers) = mpsc::channel(64);
        let (mut sockets, mut readers) = (Vec::new(), JoinSet::new());
        let mut failed = None;
        for interface in interfaces {
            match send(seam, interface, query).await {
                Ok(socket) => {
                    readers.spawn(read(Arc::clone(&socket), sender.clone()));
                    sockets.push(socket);
                }
                Err(error) => {
                    tracing::debug!(%error, interface = interface.name, "mdns: cannot ask");
                    failed = Some(error);
                }
            }
        }
        match failed {
            Some(error) if sockets.is_empty() => Err(Error::unavailable(
                "mdns: the question could not be sent on any interface",
            )
            .source(error)),
            _ => Ok(Self {
                sockets,
                answers,
                _readers: readers,
            }),
        }
    }

    async fn repeat(&self, query: &[u8]) {
        for socket in &self.sockets {
            // The first time it could be sent; should it fail now, the first one has to do.
            let _ = socket.send_to(query, SocketAddr::V4(GROUP)).await;
        }
    }
}

async fn send(
    seam: &Seam,
    interface: &Interface,
    query: &[u8],
) -> std::io::Result<Arc<dyn Datagram>> {
    let socket: Arc<dyn Datagram> = seam.net.datagram(interface)?.into();
    socket.send_to(query, SocketAddr::V4(GROUP)).await?;
    Ok(socket)
}

/// Reads answers until the socket fails or nobody wants them. go-micro's have the id 0, so that
/// it tells nothing.
async fn read(socket: Arc<dyn Datagram>, answers: mpsc::Sender<Records>) {
    let mut buffer = vec![0; LARGEST_DATAGRAM];
    while let Ok((length, _)) = socket.recv_from(&mut buffer).await {
        let Some(Message::Response(nodes)) = wire::parse(&buffer[..length]) else {
            continue;
        };
        for records in nodes {
            if answers.send(records).await.is_err() {
                return;
            }
        }
    }
}
