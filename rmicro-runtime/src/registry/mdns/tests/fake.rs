//! A network of one interface in memory, on which every datagram arrives at once.

use std::io;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::atomic::{AtomicU16, Ordering};
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use tokio::sync::mpsc;

use crate::seam::{Accept, Datagram, Interface, Network, Socket};

type Packet = (Vec<u8>, SocketAddr);

/// A network; clones are the same one.
#[derive(Clone, Debug)]
pub(super) struct Fake(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    interfaces: Mutex<Vec<Interface>>,
    ports: AtomicU16,
    ends: Mutex<Vec<End>>,
    sent: Mutex<Vec<Packet>>,
}

#[derive(Debug)]
struct End {
    at: SocketAddr,
    inbox: mpsc::UnboundedSender<Packet>,
}

#[derive(Debug)]
struct FakeSocket {
    network: Fake,
    at: SocketAddr,
    inbox: tokio::sync::Mutex<mpsc::UnboundedReceiver<Packet>>,
}

impl Fake {
    /// A network with these interfaces, of which only the first works.
    pub(super) fn new(interfaces: Vec<Interface>) -> Self {
        Self(Arc::new(Inner {
            interfaces: Mutex::new(interfaces),
            ports: AtomicU16::new(40_000),
            ends: Mutex::default(),
            sent: Mutex::default(),
        }))
    }

    /// From now on the machine has these interfaces.
    pub(super) fn change_to(&self, interfaces: Vec<Interface>) {
        *self.0.interfaces.lock().unwrap() = interfaces;
    }

    /// How many sockets are open.
    pub(super) fn open(&self) -> usize {
        let mut ends = self.0.ends.lock().unwrap();
        ends.retain(|end| !end.inbox.is_closed());
        ends.len()
    }

    /// What was sent to the group until now; the next call tells only what came after.
    pub(super) fn take_sent(&self) -> Vec<Vec<u8>> {
        let sent = std::mem::take(&mut *self.0.sent.lock().unwrap());
        let multicast = sent.into_iter().filter(|(_, to)| to.ip().is_multicast());
        multicast.map(|(bytes, _)| bytes).collect()
    }

    fn socket(&self, at: SocketAddr, interface: &Interface) -> io::Result<Box<dyn Datagram>> {
        if self.0.interfaces.lock().unwrap().first() != Some(interface) {
            return Err(io::Error::other("this interface is broken"));
        }
        let (inbox, receiver) = mpsc::unbounded_channel();
        self.0.ends.lock().unwrap().push(End { at, inbox });
        Ok(Box::new(FakeSocket {
            network: self.clone(),
            at,
            inbox: tokio::sync::Mutex::new(receiver),
        }))
    }
}

#[async_trait]
impl Network for Fake {
    async fn listen(&self, _address: SocketAddr) -> io::Result<Box<dyn Accept>> {
        Err(io::ErrorKind::Unsupported.into())
    }

    async fn connect(&self, _address: &str) -> io::Result<Box<dyn Socket>> {
        Err(io::ErrorKind::Unsupported.into())
    }

    fn interfaces(&self) -> io::Result<Vec<Interface>> {
        Ok(self.0.interfaces.lock().unwrap().clone())
    }

    fn join(&self, group: SocketAddr, at: &Interface) -> io::Result<Box<dyn Datagram>> {
        self.socket(group, at)
    }

    fn datagram(&self, at: &Interface) -> io::Result<Box<dyn Datagram>> {
        let port = self.0.ports.fetch_add(1, Ordering::Relaxed);
        self.socket((at.address, port).into(), at)
    }

    fn source_toward(&self, _target: SocketAddr) -> io::Result<IpAddr> {
        Ok(Ipv4Addr::LOCALHOST.into())
    }
}

#[async_trait]
impl Datagram for FakeSocket {
    async fn recv_from(&self, buffer: &mut [u8]) -> io::Result<(usize, SocketAddr)> {
        let packet = self.inbox.lock().await.recv().await;
        let (bytes, from) = packet.ok_or(io::ErrorKind::BrokenPipe)?;
        buffer[..bytes.len()].copy_from_slice(&bytes);
        Ok((bytes.len(), from))
    }

    async fn send_to(&self, bytes: &[u8], to: SocketAddr) -> io::Result<()> {
        self.network.0.sent.lock().unwrap().push((bytes.into(), to));
        for end in self.network.0.ends.lock().unwrap().iter() {
            if end.at == to {
                drop(end.inbox.send((bytes.into(), self.at)));
            }
        }
        Ok(())
    }
}
