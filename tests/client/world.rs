//! Nodes, a registry, and clients with options of their own.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use rmicro_runtime::registry::{Cached, Memory, Node, Registry, ServiceInfo};
use rmicro_runtime::seam::Seam;
use rmicro_runtime::selector::RoundRobin;
use rmicro_runtime::transport::{self, Listener, Transport};
use rmicro_runtime::{Client, ClientOptions, Server};
use rmicro_tests::pb::{GreeterService, register_greeter_handler};
use rmicro_tests::{Scripted, Wire, reply};

/// A registry, and what carries the calls.
pub(crate) struct World {
    pub(crate) registry: Memory,
    pub(crate) transport: Arc<dyn Transport>,
}

impl World {
    pub(crate) fn new(wire: Wire) -> Self {
        let transport: Arc<dyn Transport> = match wire {
            Wire::Memory => Arc::new(transport::Memory::new()),
            _ => Arc::new(transport::Grpc::new(Seam::default())),
        };
        Self {
            registry: Memory::new(),
            transport,
        }
    }

    /// One whose calls go over `transport`.
    pub(crate) fn on(transport: impl Transport) -> Self {
        Self {
            registry: Memory::new(),
            transport: Arc::new(transport),
        }
    }

    /// Serves `handler` at `address`.
    pub(crate) async fn serve_at(&self, address: &str, handler: Scripted) -> Box<dyn Listener> {
        let server = Server::new();
        register_greeter_handler(&server, handler).unwrap();
        self.transport
            .listen(address, server.start())
            .await
            .unwrap()
    }

    /// Serves `handler` somewhere.
    pub(crate) async fn serve(&self, handler: Scripted) -> Box<dyn Listener> {
        let any = if self.transport.name() == "memory" {
            ":0"
        } else {
            "127.0.0.1:0"
        };
        self.serve_at(any, handler).await
    }

    /// Tells the registry of a node.
    pub(crate) async fn announce(&self, id: &str, address: &str) {
        let service = ServiceInfo::new("greeter", "latest").node(Node::new(id, address));
        self.registry
            .register(&service, Duration::from_secs(600))
            .await
            .unwrap();
    }

    pub(crate) async fn withdraw(&self, id: &str, address: &str) {
        let service = ServiceInfo::new("greeter", "latest").node(Node::new(id, address));
        self.registry.deregister(&service).await.unwrap();
    }

    pub(crate) fn greeter(&self) -> GreeterService {
        self.greeter_with(ClientOptions::default())
    }

    pub(crate) fn greeter_with(&self, options: ClientOptions) -> GreeterService {
        self.greeter_in(Arc::new(self.registry.clone()), options)
    }

    pub(crate) fn greeter_in(
        &self,
        registry: Arc<dyn Registry>,
        options: ClientOptions,
    ) -> GreeterService {
        GreeterService::new("greeter", &self.client_in(registry, options))
    }

    /// What calls the nodes in the registry.
    pub(crate) fn client(&self, options: ClientOptions) -> Client {
        self.client_in(Arc::new(self.registry.clone()), options)
    }

    fn client_in(&self, registry: Arc<dyn Registry>, options: ClientOptions) -> Client {
        let seam = Seam::default();
        let cached = Arc::new(Cached::new(registry, seam.clone()));
        let selector = Arc::new(RoundRobin::new(&seam.chance));
        Client::new(seam, cached, selector, self.transport.clone(), options)
    }
}

/// A Greeter that says its own name, and how often it was asked.
pub(crate) fn named(name: &'static str) -> (Scripted, Arc<AtomicUsize>) {
    let count = Arc::new(AtomicUsize::new(0));
    let (one, many) = (count.clone(), count.clone());
    let greeter = Scripted::default()
        .hello(move |_, _| {
            one.fetch_add(1, Ordering::SeqCst);
            async move { Ok(reply(name)) }
        })
        .hello_often(move |_, _, mut replies| {
            many.fetch_add(1, Ordering::SeqCst);
            async move { replies.send(reply(name)).await }
        });
    (greeter, count)
}

/// An address at which nobody listens.
pub(crate) fn nowhere() -> String {
    let socket = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    socket.local_addr().unwrap().to_string()
}
