//! A server and a client that find each other in a registry of their own.

use std::sync::Arc;
use std::time::Duration;

use rmicro_runtime::registry::{self, Node, Registry, ServiceInfo};
use rmicro_runtime::seam::Seam;
use rmicro_runtime::selector::RoundRobin;
use rmicro_runtime::transport::{self, GrpcConfig, Listener, Transport};
use rmicro_runtime::{Client, ClientOptions, Server};

use crate::pb::{GreeterHandler, GreeterService, register_greeter_handler};

/// What carries the calls of a test.
#[derive(Clone, Copy, Debug)]
pub enum Wire {
    /// The memory transport.
    Memory,
    /// gRPC over a real socket.
    Grpc,
    /// gRPC with the smallest windows that HTTP/2 begins with.
    NarrowGrpc,
}

impl Wire {
    fn transport(self, seam: &Seam) -> Arc<dyn Transport> {
        let grpc = transport::Grpc::new(seam.clone());
        let narrow = GrpcConfig::default()
            .stream_window(65_535)
            .connection_window(65_535);
        match self {
            Self::Memory => Arc::new(transport::Memory::new()),
            Self::Grpc => Arc::new(grpc),
            Self::NarrowGrpc => Arc::new(grpc.config(narrow)),
        }
    }
}

/// A server with one Greeter, and a client for it.
#[derive(Debug)]
pub struct Rig {
    /// The stub that calls the server.
    pub greeter: GreeterService,
    /// The end that serves.
    pub listener: Box<dyn Listener>,
    /// What the client calls through.
    pub client: Client,
    registry: registry::Memory,
    cached: Arc<registry::Cached>,
    calling: Arc<dyn Transport>,
}

impl Rig {
    /// Serves `handler` over `wire`.
    pub async fn new(wire: Wire, handler: impl GreeterHandler) -> Self {
        let server = Server::new();
        register_greeter_handler(&server, handler).expect("it is the first");
        Self::serving(wire, server).await
    }

    /// Serves what `server` knows over `wire`.
    pub async fn serving(wire: Wire, server: Server) -> Self {
        let transport = wire.transport(&Seam::default());
        Self::between(transport.clone(), transport, server).await
    }

    /// Serves `handler` over gRPC as `serving` says, to a client that calls as `calling` says.
    pub async fn grpc(
        serving: GrpcConfig,
        calling: GrpcConfig,
        handler: impl GreeterHandler,
    ) -> Self {
        let server = Server::new();
        register_greeter_handler(&server, handler).expect("it is the first");
        let grpc = |config| Arc::new(transport::Grpc::new(Seam::default()).config(config));
        Self::between(grpc(serving), grpc(calling), server).await
    }

    async fn between(
        serving: Arc<dyn Transport>,
        calling: Arc<dyn Transport>,
        server: Server,
    ) -> Self {
        let seam = Seam::default();
        let address = match serving.name() {
            "memory" => ":0",
            _ => "127.0.0.1:0",
        };
        let transport = serving;
        let listener = transport
            .listen(address, server.start())
            .await
            .expect("port 0 is free");
        let registry = registry::Memory::new();
        let node = Node::new("greeter-1", listener.address());
        let service = ServiceInfo::new("greeter", "latest").node(node);
        registry
            .register(&service, Duration::from_secs(60))
            .await
            .expect("memory registers");
        let cached = Arc::new(registry::Cached::new(
            Arc::new(registry.clone()),
            seam.clone(),
        ));
        let selector = Arc::new(RoundRobin::new(&seam.chance));
        let client = Client::new(
            seam,
            cached.clone(),
            selector,
            calling.clone(),
            ClientOptions::default(),
        );
        let greeter = GreeterService::new("greeter", &client);
        Self {
            greeter,
            listener,
            client,
            registry,
            cached,
            calling,
        }
    }

    /// Another client, which calls as `options` say.
    pub fn client_with(&self, options: ClientOptions) -> Client {
        let seam = Seam::default();
        let selector = Arc::new(RoundRobin::new(&seam.chance));
        let (cached, calling) = (self.cached.clone(), self.calling.clone());
        Client::new(seam, cached, selector, calling, options)
    }

    /// Tells the registry that the node is at `address` instead, and waits until the client knows.
    pub async fn moved_to(self, address: &str) -> Self {
        let service = ServiceInfo::new("greeter", "latest").node(Node::new("greeter-1", address));
        let ttl = Duration::from_secs(60);
        self.registry
            .register(&service, ttl)
            .await
            .expect("memory registers");
        while !self.knows(address) {
            tokio::task::yield_now().await;
        }
        self
    }

    fn knows(&self, address: &str) -> bool {
        let Some(known) = self.cached.known("greeter") else {
            return true;
        };
        known
            .iter()
            .flat_map(|service| &service.nodes)
            .any(|node| node.address == address)
    }

    /// The registry that the client looks into.
    pub fn registry(&self) -> &registry::Memory {
        &self.registry
    }
}
