//! The sockets on port 5353, one for each interface, and who reads them.
//!
//! Invariant: an interface that fails does not disturb the others; it is tried again at the next
//! [`Links::follow`]. Readers end with their link.

use std::collections::BTreeSet;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;

use tokio::task::JoinHandle;

use super::GROUP;
use super::responder::Packet;
use crate::error::{Error, Result};
use crate::seam::{Datagram, Interface, Net};

/// A socket that hears the group on one interface.
pub(super) type Socket = Arc<dyn Datagram>;

/// The open sockets, by interface.
#[derive(Debug, Default)]
pub(super) struct Links {
    open: Vec<Link>,
    /// The interfaces whose failure was told, by number.
    warned: BTreeSet<u32>,
}

#[derive(Debug)]
struct Link {
    interface: Interface,
    socket: Socket,
    reader: Task,
}

impl Links {
    /// Opens what is missing of `wanted`, whose readers `read` starts, and closes what is not in it.
    ///
    /// # Errors
    ///
    /// [`Unavailable`](crate::Code::Unavailable) when no interface can be used.
    pub(super) fn follow(
        &mut self,
        net: &Net,
        wanted: &[Interface],
        mut read: impl FnMut(Socket) -> Task,
    ) -> Result<()> {
        let group = SocketAddr::V4(GROUP);
        self.open
            .retain(|link| link.reader.runs() && wanted.contains(&link.interface));
        let mut failed = None;
        for interface in wanted {
            if self.open.iter().any(|link| link.interface == *interface) {
                continue;
            }
            match net.join(group, interface) {
                Ok(socket) => {
                    let socket = Socket::from(socket);
                    self.warned.remove(&interface.index);
                    self.open.push(Link {
                        interface: interface.clone(),
                        reader: read(Arc::clone(&socket)),
                        socket,
                    });
                }
                Err(error) => failed = Some(self.tell(interface, error)),
            }
        }
        match failed {
            Some(error) if self.open.is_empty() => Err(unusable().source(error)),
            _ => Ok(()),
        }
    }

    /// Closes every socket.
    pub(super) fn close(&mut self) {
        self.open.clear();
    }

    /// The sockets, to send on without a lock.
    pub(super) fn sockets(&self) -> Vec<Socket> {
        self.open
            .iter()
            .map(|link| Arc::clone(&link.socket))
            .collect()
    }

    fn tell(&mut self, interface: &Interface, error: io::Error) -> io::Error {
        let interface_name = interface.name.as_str();
        if self.warned.insert(interface.index) {
            tracing::warn!(%error, interface_name, "mdns: cannot use this interface");
        }
        error
    }
}

/// Sends `packets` to everybody on every socket.
///
/// # Errors
///
/// [`Unavailable`](crate::Code::Unavailable) when no socket could send.
pub(super) async fn send(sockets: &[Socket], packets: &[Packet]) -> Result<()> {
    let mut failed = None;
    let mut sent = packets.is_empty();
    for socket in sockets {
        match send_all(socket, packets).await {
            Ok(()) => sent = true,
            Err(error) => {
                tracing::debug!(%error, ?socket, "mdns: cannot announce");
                failed = Some(error);
            }
        }
    }
    match failed {
        Some(error) if !sent => Err(unusable().source(error)),
        _ => Ok(()),
    }
}

async fn send_all(socket: &Socket, packets: &[Packet]) -> io::Result<()> {
    for packet in packets {
        socket.send_to(packet, SocketAddr::V4(GROUP)).await?;
    }
    Ok(())
}

/// A task that ends with its owner.
#[derive(Debug)]
pub(super) struct Task(JoinHandle<()>);

impl Task {
    /// Starts `future`.
    pub(super) fn start(future: impl Future<Output = ()> + Send + 'static) -> Self {
        Self(tokio::spawn(future))
    }

    /// Whether it has not ended yet, well or by a panic.
    pub(super) fn runs(&self) -> bool {
        !self.0.is_finished()
    }
}

impl Drop for Task {
    fn drop(&mut self) {
        self.0.abort();
    }
}

fn unusable() -> Error {
    Error::unavailable("mdns: no interface can be used for multicast")
}
