//! A broker around a registry in memory, and peers that say what they like.

use std::sync::Arc;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use crate::broker::http::record::SERVICE;
use crate::broker::{Broker, Http, HttpConfig, Subscription, Topic};
use crate::registry::{Memory, Node, Registry, ServiceInfo};
use crate::seam::Seam;

/// A broker and the registry that it uses.
pub(super) struct World {
    pub(super) registry: Memory,
    pub(super) broker: Http,
}

impl World {
    pub(super) fn new() -> Self {
        Self::with(HttpConfig::default())
    }

    pub(super) fn with(config: HttpConfig) -> Self {
        let registry = Memory::new();
        let broker = Http::new(config, Arc::new(registry.clone()), Seam::default());
        Self { registry, broker }
    }

    /// A broker that shares the registry.
    pub(super) fn other(&self, config: HttpConfig) -> Http {
        Http::new(config, Arc::new(self.registry.clone()), Seam::default())
    }

    /// A subscription, and its node in the registry.
    pub(super) async fn subscribe(&self, topic: impl Into<Topic>) -> (Subscription, Node) {
        let topic = topic.into();
        let before = self.nodes().await;
        let subscription = self.broker.subscribe(&topic).await.unwrap();
        let mut nodes = self.nodes().await;
        nodes.retain(|node| !before.contains(node));
        (subscription, nodes.remove(0))
    }

    /// Every subscription that is registered.
    pub(super) async fn nodes(&self) -> Vec<Node> {
        let versions = self.registry.get_service(SERVICE).await;
        let versions = versions.unwrap_or_default().into_iter();
        versions.flat_map(|version| version.nodes).collect()
    }

    /// Registers somebody else's subscription at `address`.
    pub(super) async fn register(&self, version: &str, id: &str, address: &str) {
        self.register_node(version, node(id, address)).await;
    }

    pub(super) async fn register_node(&self, version: &str, node: Node) {
        let service = ServiceInfo::new(SERVICE, version).node(node);
        let ttl = Duration::from_secs(60);
        self.registry.register(&service, ttl).await.unwrap();
    }
}

/// A node as go-micro registers it, for topic `t`.
pub(super) fn node(id: &str, address: &str) -> Node {
    Node::new(id, address)
        .metadata("broker", "http")
        .metadata("secure", "false")
        .metadata("topic", "t")
}

/// An address at which nobody listens.
pub(super) async fn nobody() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    listener.local_addr().unwrap().to_string()
}

/// A connection to the listener of a broker.
pub(super) struct Peer(TcpStream);

impl Peer {
    pub(super) async fn to(node: &Node) -> Self {
        Self(TcpStream::connect(&node.address).await.unwrap())
    }

    pub(super) async fn say(&mut self, text: &str) {
        self.0.write_all(text.as_bytes()).await.unwrap();
    }

    /// A request with this body for subscription `id`.
    pub(super) async fn post(&mut self, id: &str, body: &str) {
        let length = body.len();
        self.say(&format!(
            "POST /?id={id} HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: {length}\r\n\r\n{body}"
        ))
        .await;
    }

    /// Says that nothing more will come.
    pub(super) async fn ends(&mut self) {
        self.0.shutdown().await.unwrap();
    }

    /// The next answer: its status line, its head in lower case, and its body.
    pub(super) async fn answer(&mut self) -> (String, String, String) {
        read(&mut self.0).await
    }

    /// What comes until the other side closes.
    pub(super) async fn rest(mut self) -> String {
        let mut text = Vec::new();
        // A reset is an end, too.
        let _ = self.0.read_to_end(&mut text).await;
        String::from_utf8(text).unwrap()
    }
}

/// One request or answer: its first line, its head in lower case, and its body.
pub(super) async fn read(stream: &mut TcpStream) -> (String, String, String) {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(stream.read_u8().await.unwrap());
    }
    let head = String::from_utf8(head).unwrap();
    let (first, rest) = head.split_once("\r\n").unwrap();
    let rest = rest.to_lowercase();
    let length = rest.split("content-length: ").nth(1).unwrap_or("0\r\n");
    let length = length.split("\r\n").next().unwrap().parse().unwrap();
    let mut body = vec![0; length];
    stream.read_exact(&mut body).await.unwrap();
    (first.to_owned(), rest, String::from_utf8(body).unwrap())
}

/// A subscriber of somebody else's, which takes connections and does as it is told.
pub(super) struct Foreign {
    listener: TcpListener,
    pub(super) address: String,
}

impl Foreign {
    pub(super) async fn new() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap().to_string();
        Self { listener, address }
    }

    pub(super) async fn accept(&self) -> TcpStream {
        self.listener.accept().await.unwrap().0
    }
}

/// Answers with `status` and `body`.
pub(super) async fn answer(stream: &mut TcpStream, status: &str, body: &str) {
    let length = body.len();
    let text = format!("HTTP/1.1 {status}\r\nContent-Length: {length}\r\n\r\n{body}");
    stream.write_all(text.as_bytes()).await.unwrap();
}
