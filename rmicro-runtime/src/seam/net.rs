//! The network: sockets, and what this machine knows about its own addresses.

use std::fmt;
use std::io;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::ops::Deref;
use std::sync::Arc;

use super::holder;
use async_trait::async_trait;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream, UdpSocket};

/// A connected byte stream.
pub trait Socket: AsyncRead + AsyncWrite + Send + Unpin + 'static {}

impl<T: AsyncRead + AsyncWrite + Send + Unpin + 'static> Socket for T {}

/// Where connections arrive.
#[async_trait]
pub trait Accept: fmt::Debug + Send + Sync + 'static {
    /// The next connection and where it comes from; cancel safe.
    async fn accept(&self) -> io::Result<(Box<dyn Socket>, SocketAddr)>;

    /// The address that is listened on, with its real port.
    fn local_addr(&self) -> io::Result<SocketAddr>;
}

/// A socket for datagrams.
#[async_trait]
pub trait Datagram: fmt::Debug + Send + Sync + 'static {
    /// The next datagram: how many bytes of it are in `buffer`, and its sender; cancel safe.
    async fn recv_from(&self, buffer: &mut [u8]) -> io::Result<(usize, SocketAddr)>;

    /// Sends one datagram.
    async fn send_to(&self, bytes: &[u8], to: SocketAddr) -> io::Result<()>;
}

/// An interface of this machine that is up and has an IPv4 address.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Interface {
    /// Its name, for example `lo`.
    pub name: String,
    /// Its number in the system.
    pub index: u32,
    /// Its address.
    pub address: Ipv4Addr,
}

/// A network; the system's own unless a simulation gives another.
#[async_trait]
pub trait Network: fmt::Debug + Send + Sync + 'static {
    /// The addresses that `address`, which is `host:port`, stands for; a host name is looked up.
    async fn resolve(&self, address: &str) -> io::Result<Vec<SocketAddr>> {
        let parsed: SocketAddr = address.parse().map_err(|_| {
            io::Error::new(
                io::ErrorKind::InvalidInput,
                "it is not of the form host:port",
            )
        })?;
        Ok(vec![parsed])
    }

    /// Listens on `address`.
    async fn listen(&self, address: SocketAddr) -> io::Result<Box<dyn Accept>>;

    /// Connects to `address`, which is `host:port`; a host name is resolved.
    async fn connect(&self, address: &str) -> io::Result<Box<dyn Socket>>;

    /// The interfaces that are up and have an IPv4 address, loopback among them, in the system's order.
    fn interfaces(&self) -> io::Result<Vec<Interface>>;

    /// A socket on `group`'s port that hears what is sent to `group` on the interface `at`; others may share the port.
    fn join(&self, group: SocketAddr, at: &Interface) -> io::Result<Box<dyn Datagram>>;

    /// A socket on a port of its own whose multicast leaves by the interface `at`.
    fn datagram(&self, at: &Interface) -> io::Result<Box<dyn Datagram>>;

    /// The address of this machine from which packets to `target` would leave; nothing is sent.
    fn source_toward(&self, target: SocketAddr) -> io::Result<IpAddr>;
}

/// A cheap clone of the [`Network`] in use.
#[derive(Clone, Debug)]
pub struct Net(Arc<dyn Network>);

impl Net {
    /// Uses `network` for every socket.
    pub fn new(network: impl Network) -> Self {
        Self(Arc::new(network))
    }
}

impl Default for Net {
    fn default() -> Self {
        Self::new(System)
    }
}

impl Deref for Net {
    type Target = dyn Network;

    fn deref(&self) -> &Self::Target {
        &*self.0
    }
}

/// The operating system's network.
#[derive(Debug)]
struct System;

#[async_trait]
impl Network for System {
    async fn resolve(&self, address: &str) -> io::Result<Vec<SocketAddr>> {
        Ok(tokio::net::lookup_host(address).await?.collect())
    }

    async fn listen(&self, address: SocketAddr) -> io::Result<Box<dyn Accept>> {
        match TcpListener::bind(address).await {
            Err(error) if error.kind() == io::ErrorKind::AddrInUse => Err(taken(address, error)),
            bound => Ok(Box::new(bound?)),
        }
    }

    async fn connect(&self, address: &str) -> io::Result<Box<dyn Socket>> {
        let stream = TcpStream::connect(address).await?;
        stream.set_nodelay(true)?;
        Ok(Box::new(stream))
    }

    #[cfg(feature = "mdns")]
    fn interfaces(&self) -> io::Result<Vec<Interface>> {
        super::multicast::interfaces()
    }

    #[cfg(not(feature = "mdns"))]
    fn interfaces(&self) -> io::Result<Vec<Interface>> {
        Err(without_mdns())
    }

    #[cfg(feature = "mdns")]
    fn join(&self, group: SocketAddr, at: &Interface) -> io::Result<Box<dyn Datagram>> {
        super::multicast::join(group, at)
    }

    #[cfg(not(feature = "mdns"))]
    fn join(&self, _group: SocketAddr, _at: &Interface) -> io::Result<Box<dyn Datagram>> {
        Err(without_mdns())
    }

    #[cfg(feature = "mdns")]
    fn datagram(&self, at: &Interface) -> io::Result<Box<dyn Datagram>> {
        super::multicast::datagram(at)
    }

    #[cfg(not(feature = "mdns"))]
    fn datagram(&self, _at: &Interface) -> io::Result<Box<dyn Datagram>> {
        Err(without_mdns())
    }

    fn source_toward(&self, target: SocketAddr) -> io::Result<IpAddr> {
        // Connecting a datagram socket only asks the routing table; no packet leaves.
        let any: SocketAddr = if target.is_ipv4() {
            (Ipv4Addr::UNSPECIFIED, 0).into()
        } else {
            (std::net::Ipv6Addr::UNSPECIFIED, 0).into()
        };
        let socket = std::net::UdpSocket::bind(any)?;
        socket.connect(target)?;
        Ok(socket.local_addr()?.ip())
    }
}

#[async_trait]
impl Accept for TcpListener {
    async fn accept(&self) -> io::Result<(Box<dyn Socket>, SocketAddr)> {
        let (stream, peer) = TcpListener::accept(self).await?;
        stream.set_nodelay(true)?;
        Ok((Box::new(stream), peer))
    }

    fn local_addr(&self) -> io::Result<SocketAddr> {
        TcpListener::local_addr(self)
    }
}

#[async_trait]
impl Datagram for UdpSocket {
    async fn recv_from(&self, buffer: &mut [u8]) -> io::Result<(usize, SocketAddr)> {
        UdpSocket::recv_from(self, buffer).await
    }

    async fn send_to(&self, bytes: &[u8], to: SocketAddr) -> io::Result<()> {
        UdpSocket::send_to(self, bytes, to).await.map(drop)
    }
}

/// The error for a taken address, with the process that has it where the system tells.
fn taken(address: SocketAddr, error: io::Error) -> io::Error {
    match holder::of(address.port()) {
        Some(holder) => io::Error::new(error.kind(), format!("it is in use by {holder}")),
        None => error,
    }
}

#[cfg(not(feature = "mdns"))]
fn without_mdns() -> io::Error {
    io::Error::new(
        io::ErrorKind::Unsupported,
        "multicast needs the feature `mdns` of rmicro-runtime",
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn packets_to_this_machine_leave_from_loopback() {
        let target = SocketAddr::from((Ipv4Addr::LOCALHOST, 9));
        let source = Net::default().source_toward(target).unwrap();
        assert_eq!(source, IpAddr::from(Ipv4Addr::LOCALHOST));
    }
}
