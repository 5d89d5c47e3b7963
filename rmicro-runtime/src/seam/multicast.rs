//! Multicast sockets of the operating system: joined and sent by interface, so that loopback works without a route.

use std::io;
use std::net::{Ipv4Addr, SocketAddr};

use socket2::{Domain, InterfaceIndexOrAddress, Protocol, Socket, Type};
use tokio::net::UdpSocket;

use super::net::{Datagram, Interface};

pub(super) fn interfaces() -> io::Result<Vec<Interface>> {
    let all = if_addrs::get_if_addrs()?;
    let up = all.into_iter().filter(if_addrs::Interface::is_oper_up);
    Ok(up
        .filter_map(|interface| match interface.addr {
            if_addrs::IfAddr::V4(ref v4) => Some(Interface {
                index: interface.index?,
                address: v4.ip,
                name: interface.name,
            }),
            if_addrs::IfAddr::V6(_) => None,
        })
        .collect())
}

pub(super) fn join(group: SocketAddr, at: &Interface) -> io::Result<Box<dyn Datagram>> {
    let SocketAddr::V4(v4) = group else {
        return Err(io::Error::new(
            io::ErrorKind::Unsupported,
            format!("{group} is not an IPv4 multicast group"),
        ));
    };
    let socket = Socket::new(Domain::IPV4, Type::DGRAM, Some(Protocol::UDP))?;
    socket.set_reuse_address(true)?;
    #[cfg(all(unix, not(target_os = "solaris")))]
    socket.set_reuse_port(true)?;
    // Bound to the wildcard, as go-micro does: Go's replies arrive here by unicast as well.
    socket.bind(&SocketAddr::from((Ipv4Addr::UNSPECIFIED, v4.port())).into())?;
    socket.join_multicast_v4_n(v4.ip(), &InterfaceIndexOrAddress::Index(at.index))?;
    leave_by(&socket, at)?;
    into_datagram(socket)
}

pub(super) fn datagram(at: &Interface) -> io::Result<Box<dyn Datagram>> {
    let socket = Socket::new(Domain::IPV4, Type::DGRAM, Some(Protocol::UDP))?;
    socket.bind(&SocketAddr::from((Ipv4Addr::UNSPECIFIED, 0)).into())?;
    leave_by(&socket, at)?;
    into_datagram(socket)
}

fn leave_by(socket: &Socket, at: &Interface) -> io::Result<()> {
    socket.set_multicast_if_v4(&at.address)?;
    socket.set_multicast_loop_v4(true)
}

fn into_datagram(socket: Socket) -> io::Result<Box<dyn Datagram>> {
    socket.set_nonblocking(true)?;
    Ok(Box::new(UdpSocket::from_std(socket.into())?))
}
