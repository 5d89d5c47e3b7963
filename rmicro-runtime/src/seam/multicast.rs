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
    socket.bind(&SocketAddr::from((heard_at(*v4.ip()), v4.port())).into())?;
    // Else this socket would also hear the interfaces that other sockets have joined.
    #[cfg(target_os = "linux")]
    socket.set_multicast_all_v4(false)?;
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

/// The address to bind to: where the system allows it the group itself, so that nothing that was sent to this machine alone, from
/// however far, is heard (RFC 6762, section 11).
fn heard_at(group: Ipv4Addr) -> Ipv4Addr {
    if cfg!(any(target_os = "linux", target_os = "android")) {
        group
    } else {
        Ipv4Addr::UNSPECIFIED
    }
}

fn leave_by(socket: &Socket, at: &Interface) -> io::Result<()> {
    socket.set_multicast_if_v4(&at.address)?;
    socket.set_multicast_loop_v4(true)
}

fn into_datagram(socket: Socket) -> io::Result<Box<dyn Datagram>> {
    socket.set_nonblocking(true)?;
    Ok(Box::new(UdpSocket::from_std(socket.into())?))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Not the port of mDNS, whose traffic would disturb.
    const GROUP: Ipv4Addr = Ipv4Addr::new(224, 0, 0, 251);

    fn loopback() -> Interface {
        let all = interfaces().unwrap();
        all.into_iter()
            .find(|one| one.address.is_loopback())
            .unwrap()
    }

    fn free_port() -> u16 {
        let socket = std::net::UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        socket.local_addr().unwrap().port()
    }

    #[tokio::test]
    async fn everybody_who_joined_on_loopback_hears_and_can_reply() {
        let (group, at) = (SocketAddr::from((GROUP, free_port())), loopback());
        let listeners = [join(group, &at).unwrap(), join(group, &at).unwrap()];
        let asker = datagram(&at).unwrap();
        asker.send_to(b"who", group).await.unwrap();
        let mut buffer = [0; 8];
        for listener in &listeners {
            let (length, from) = listener.recv_from(&mut buffer).await.unwrap();
            assert_eq!(&buffer[..length], b"who");
            assert!(from.ip().is_loopback());
            listener.send_to(b"me", from).await.unwrap();
            let (length, _) = asker.recv_from(&mut buffer).await.unwrap();
            assert_eq!(&buffer[..length], b"me");
        }
    }

    #[cfg(target_os = "linux")]
    #[tokio::test]
    async fn what_was_sent_to_this_machine_alone_is_not_heard() {
        let (group, at) = (SocketAddr::from((GROUP, free_port())), loopback());
        let listener = join(group, &at).unwrap();
        let sender = datagram(&at).unwrap();
        let alone = SocketAddr::from((Ipv4Addr::LOCALHOST, group.port()));
        // Refused or lost; what counts is that the next message is the first that is heard.
        drop(sender.send_to(b"alone", alone).await);
        sender.send_to(b"all", group).await.unwrap();
        let mut buffer = [0; 8];
        let (length, _) = listener.recv_from(&mut buffer).await.unwrap();
        assert_eq!(&buffer[..length], b"all");
    }

    #[tokio::test]
    async fn an_ipv6_group_is_refused() {
        let group = "[ff02::fb]:5353".parse().unwrap();
        let error = join(group, &loopback()).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::Unsupported);
    }
}
