//! Publishers that are told to go and do not: those that read no answers, so that what is on its way to them never arrives.

use std::io;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream};
use tokio::sync::{Mutex, mpsc};
use tokio::time::Instant;

use crate::broker::{Broker, Http, HttpConfig, Subscription};
use crate::registry::Memory;
use crate::seam::{Accept, Datagram, Interface, Net, Network, Seam, Socket};

/// A request that is answered, though with an error.
const REQUEST: &[u8] = b"POST /?id=x HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n";
/// Less than an answer.
const ROOM: usize = 16;

/// A network on which connections have next to no room for what nobody reads.
#[derive(Debug)]
struct Narrow(Arc<Mutex<mpsc::UnboundedReceiver<DuplexStream>>>);

#[async_trait]
impl Network for Narrow {
    async fn listen(&self, _: SocketAddr) -> io::Result<Box<dyn Accept>> {
        Ok(Box::new(Narrow(self.0.clone())))
    }

    async fn connect(&self, _: &str) -> io::Result<Box<dyn Socket>> {
        Err(io::ErrorKind::Unsupported.into())
    }

    fn interfaces(&self) -> io::Result<Vec<Interface>> {
        Err(io::ErrorKind::Unsupported.into())
    }

    fn join(&self, _: SocketAddr, _: &Interface) -> io::Result<Box<dyn Datagram>> {
        Err(io::ErrorKind::Unsupported.into())
    }

    fn datagram(&self, _: &Interface) -> io::Result<Box<dyn Datagram>> {
        Err(io::ErrorKind::Unsupported.into())
    }

    fn source_toward(&self, _: SocketAddr) -> io::Result<IpAddr> {
        Ok(Ipv4Addr::LOCALHOST.into())
    }
}

#[async_trait]
impl Accept for Narrow {
    async fn accept(&self) -> io::Result<(Box<dyn Socket>, SocketAddr)> {
        let next = self.0.lock().await.recv().await;
        let stream = next.ok_or(io::ErrorKind::NotConnected)?;
        Ok((Box::new(stream), self.local_addr()?))
    }

    fn local_addr(&self) -> io::Result<SocketAddr> {
        Ok((Ipv4Addr::LOCALHOST, 9).into())
    }
}

/// A broker that listens on such a network, and has one place for publishers.
struct Listening {
    broker: Http,
    arrive: mpsc::UnboundedSender<DuplexStream>,
    _subscription: Subscription,
}

impl Listening {
    async fn new() -> Self {
        let (arrive, arriving) = mpsc::unbounded_channel();
        let seam = Seam {
            net: Net::new(Narrow(Arc::new(Mutex::new(arriving)))),
            ..Seam::default()
        };
        let config = HttpConfig::default().max_connections(1);
        let broker = Http::new(config, Arc::new(Memory::new()), seam);
        let _subscription = broker.subscribe(&"t".into()).await.unwrap();
        Self {
            broker,
            arrive,
            _subscription,
        }
    }

    /// A publisher that has connected and sent a request.
    async fn asks(&self) -> DuplexStream {
        let (mut here, there) = tokio::io::duplex(ROOM);
        self.arrive.send(there).unwrap();
        here.write_all(REQUEST).await.unwrap();
        here
    }
}

/// What comes until the other side closes.
async fn rest(mut peer: DuplexStream) -> String {
    let mut text = String::new();
    peer.read_to_string(&mut text).await.unwrap();
    text
}

#[tokio::test(start_paused = true)]
async fn whoever_is_told_to_go_and_reads_no_answer_is_gone_a_second_later() {
    let listening = Listening::new().await;
    let deaf = listening.asks().await;
    let begun = Instant::now();
    let asking = async {
        let mut next = listening.asks().await;
        let mut first = [0; 12];
        next.read_exact(&mut first).await.unwrap();
        first
    };
    let limit = Duration::from_secs(60);
    let answer = tokio::time::timeout(limit, asking).await;
    assert_eq!(&answer.expect("it gets the place"), b"HTTP/1.1 500");
    // Idle for a second, and then a second for what is on its way; who waits looks ten times a second.
    let took = begun.elapsed().as_millis();
    assert!((2000..2200).contains(&took), "{took} ms");
    assert_eq!(rest(deaf).await.len(), ROOM, "it was cut");
}

#[tokio::test(start_paused = true)]
async fn whoever_reads_its_answer_late_but_in_time_gets_all_of_it() {
    let listening = Listening::new().await;
    let slow = listening.asks().await;
    let reading = async {
        tokio::time::sleep(Duration::from_millis(1900)).await;
        rest(slow).await
    };
    let (answer, next) = tokio::join!(reading, listening.asks());
    assert!(answer.ends_with('}'), "{answer}");
    assert!(!rest(next).await.is_empty());
}

#[tokio::test(start_paused = true)]
async fn whoever_reads_no_answer_holds_up_the_end_of_the_broker_for_five_seconds() {
    let listening = Listening::new().await;
    let deaf = listening.asks().await;
    let begun = Instant::now();
    listening.broker.disconnect().await.unwrap();
    let took = begun.elapsed().as_millis();
    assert!((5000..5100).contains(&took), "{took} ms");
    assert_eq!(rest(deaf).await.len(), ROOM, "it was cut");
}
