//! Which address a listener is announced with (go-micro `server/grpc/grpc.go`, `Register`, and `broker/http.go`, `Subscribe`).

use std::net::{IpAddr, Ipv4Addr};

use super::Registry;
use crate::seam::Net;

/// The discard port: somewhere to ask the route to, nothing is sent there.
const SOMEWHERE: u16 = 9;

/// The address to announce for a listener at `listening`.
///
/// The host is the one of `advertise`, else the one that is listened on, else, where that means
/// every interface, the one from which packets to the others leave, else loopback. The port is that
/// of `advertise`, else the one that is listened on. An address that is no `host:port` is announced
/// as it is.
pub(crate) fn announced(
    listening: &str,
    advertise: Option<&str>,
    registry: &dyn Registry,
    net: &Net,
) -> String {
    let Some((listen_host, listen_port)) = split(listening) else {
        return advertise.unwrap_or(listening).to_owned();
    };
    let (host, port) = match advertise {
        Some(advertise) => split(advertise).unwrap_or((advertise, listen_port)),
        None => (listen_host, listen_port),
    };
    let host = bare(host);
    let everywhere = host.is_empty() || host.parse().is_ok_and(|ip: IpAddr| ip.is_unspecified());
    if everywhere {
        return join(&by_route(registry, net).to_string(), port);
    }
    join(host, port)
}

fn by_route(registry: &dyn Registry, net: &Net) -> IpAddr {
    let loopback = IpAddr::from(Ipv4Addr::LOCALHOST);
    let Some(toward) = registry.toward() else {
        return loopback;
    };
    let source = net.source_toward((toward, SOMEWHERE).into());
    source
        .ok()
        .filter(|ip| !ip.is_unspecified())
        .unwrap_or(loopback)
}

/// Host and port of `host:port`; an IPv6 address without brackets has no port.
fn split(address: &str) -> Option<(&str, &str)> {
    let (host, port) = address.rsplit_once(':')?;
    let whole = !host.contains(':') || host.starts_with('[') && host.ends_with(']');
    (whole && port.parse::<u16>().is_ok()).then_some((host, port))
}

fn bare(host: &str) -> &str {
    host.strip_prefix('[')
        .and_then(|host| host.strip_suffix(']'))
        .unwrap_or(host)
}

fn join(host: &str, port: &str) -> String {
    if host.contains(':') {
        return format!("[{host}]:{port}");
    }
    format!("{host}:{port}")
}

#[cfg(test)]
mod tests {
    use std::io;
    use std::net::SocketAddr;
    use std::time::Duration;

    use async_trait::async_trait;

    use super::*;
    use crate::error::{Error, Result};
    use crate::registry::{ServiceInfo, Watch};
    use crate::seam::{Accept, Datagram, Interface, Network, Socket};

    /// A registry in the direction of 192.0.2.1, or in none; and a machine that has a route there,
    /// or none.
    #[derive(Debug)]
    struct Place {
        direction: bool,
        route: bool,
    }

    #[async_trait]
    impl Registry for Place {
        fn name(&self) -> &'static str {
            "place"
        }

        async fn register(&self, _service: &ServiceInfo, _ttl: Duration) -> Result<()> {
            Ok(())
        }

        async fn deregister(&self, _service: &ServiceInfo) -> Result<()> {
            Ok(())
        }

        async fn get_service(&self, name: &str) -> Result<Vec<ServiceInfo>> {
            Err(Error::not_found(name.to_owned()))
        }

        async fn list_services(&self) -> Result<Vec<ServiceInfo>> {
            Ok(Vec::new())
        }

        async fn watch(&self, name: &str) -> Result<Watch> {
            Err(Error::not_found(name.to_owned()))
        }

        fn toward(&self) -> Option<IpAddr> {
            self.direction.then_some(IpAddr::from([192, 0, 2, 1]))
        }
    }

    #[async_trait]
    impl Network for Place {
        async fn listen(&self, _address: SocketAddr) -> io::Result<Box<dyn Accept>> {
            Err(io::ErrorKind::Unsupported.into())
        }

        async fn connect(&self, _address: &str) -> io::Result<Box<dyn Socket>> {
            Err(io::ErrorKind::Unsupported.into())
        }

        fn interfaces(&self) -> io::Result<Vec<Interface>> {
            Err(io::ErrorKind::Unsupported.into())
        }

        fn join(&self, _group: SocketAddr, _at: &Interface) -> io::Result<Box<dyn Datagram>> {
            Err(io::ErrorKind::Unsupported.into())
        }

        fn datagram(&self, _at: &Interface) -> io::Result<Box<dyn Datagram>> {
            Err(io::ErrorKind::Unsupported.into())
        }

        fn source_toward(&self, target: SocketAddr) -> io::Result<IpAddr> {
            assert_eq!(target.ip(), IpAddr::from([192, 0, 2, 1]));
            match self.route {
                true => Ok(IpAddr::from([198, 51, 100, 7])),
                false => Err(io::ErrorKind::NetworkUnreachable.into()),
            }
        }
    }

    fn told(listening: &str, advertise: Option<&str>) -> String {
        let place = |route| Place {
            direction: true,
            route,
        };
        announced(listening, advertise, &place(true), &Net::new(place(true)))
    }

    #[test]
    fn a_host_that_was_said_is_announced() {
        assert_eq!(told("10.0.0.1:80", None), "10.0.0.1:80");
        assert_eq!(told("[::1]:80", None), "[::1]:80");
        assert_eq!(told("memory:1", None), "memory:1");
    }

    #[test]
    fn every_interface_is_announced_as_the_one_toward_the_registry() {
        for listening in ["[::]:80", "0.0.0.0:80", ":80"] {
            assert_eq!(told(listening, None), "198.51.100.7:80");
        }
    }

    #[test]
    fn without_a_route_loopback_is_announced() {
        for (direction, route) in [(true, false), (false, true)] {
            let registry = Place { direction, route };
            let net = Net::new(Place { direction, route });
            assert_eq!(announced("[::]:80", None, &registry, &net), "127.0.0.1:80");
        }
    }

    #[test]
    fn what_is_advertised_is_stronger_and_may_be_half_an_address() {
        assert_eq!(
            told("[::]:80", Some("example.com:8080")),
            "example.com:8080"
        );
        assert_eq!(told("[::]:80", Some("example.com")), "example.com:80");
        assert_eq!(told("10.0.0.1:80", Some(":8080")), "198.51.100.7:8080");
        assert_eq!(
            told("10.0.0.1:80", Some("0.0.0.0:8080")),
            "198.51.100.7:8080"
        );
        assert_eq!(told("[::]:80", Some("fd00::1")), "[fd00::1]:80");
        assert_eq!(told("[::]:80", Some("[fd00::1]:8080")), "[fd00::1]:8080");
    }
}
