//! Nodes that leave, and several connections to one.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::task::{Context, Waker};
use std::time::Duration;

use async_trait::async_trait;
use http::Response;
use rmicro_runtime::registry::{Node, Registry, ServiceInfo, Watch};
use rmicro_runtime::seam::Seam;
use rmicro_runtime::selector::{Choice, Selector};
use rmicro_runtime::{Client, ClientOptions, Error, Result, Service};
use rmicro_tests::pb::GreeterService;
use rmicro_tests::{Scripted, Wire, hello, on_every_wire, reply};
use tokio::net::TcpListener;
use tokio::sync::Notify;
use tokio::time::timeout;

use crate::world::{World, named};

/// Answers when it is told to, and echoes chats.
fn slow(begun: &Arc<Notify>, go: &Arc<Notify>) -> Scripted {
    let (begun, go) = (begun.clone(), go.clone());
    Scripted::default()
        .hello(move |_, _| {
            let (begun, go) = (begun.clone(), go.clone());
            async move {
                begun.notify_one();
                go.notified().await;
                Ok(reply("leaves"))
            }
        })
        .chat(|_, mut requests, mut replies| async move {
            while let Some(request) = requests.recv().await? {
                replies.send(reply(request.name)).await?;
            }
            Ok(())
        })
}

/// Calls until another node than the one that left answers, and then is the only one that does.
async fn only_stays(greeter: &GreeterService) {
    let asking = async {
        let mut row = 0;
        while row < 20 {
            let call = greeter
                .hello(hello("Ada"))
                .timeout(Duration::from_millis(100));
            row = match call.await {
                Ok(answer) if answer.message == "stays" => row + 1,
                _ => 0,
            };
        }
    };
    timeout(Duration::from_secs(10), asking)
        .await
        .expect("the node that left is called");
}

on_every_wire! {
    async fn a_node_that_left_is_drained_and_not_cut(wire: Wire) {
        let (world, begun, go) = (World::new(wire), Arc::default(), Arc::default());
        let leaves = world.serve(slow(&begun, &go)).await;
        world.announce("leaves", leaves.address()).await;
        let greeter = world.greeter();
        let running = tokio::spawn(greeter.hello(hello("Ada")).into_future());
        begun.notified().await;
        let mut chat = greeter.chat().await.unwrap();
        chat.send(hello("one")).await.unwrap();
        assert_eq!(chat.recv().await.unwrap().unwrap().message, "one");

        let (handler, _) = named("stays");
        let stays = world.serve(handler).await;
        world.announce("stays", stays.address()).await;
        world.withdraw("leaves", leaves.address()).await;
        only_stays(&greeter).await;

        chat.send(hello("two")).await.unwrap();
        assert_eq!(chat.recv().await.unwrap().unwrap().message, "two");
        go.notify_waiters();
        assert_eq!(running.await.unwrap().unwrap().message, "leaves");
        chat.close_send();
        assert!(chat.recv().await.unwrap().is_none());
        assert_eq!(leaves.drain(Duration::from_secs(5)).await, 0);
    }
}

#[tokio::test]
async fn calls_take_turns_on_as_many_connections_as_are_wanted() {
    for connections in [0, 1, 3] {
        let (world, peers) = (
            World::new(Wire::Grpc),
            Arc::new(Mutex::new(BTreeSet::new())),
        );
        let seen = peers.clone();
        let handler = Scripted::default().hello(move |ctx, _| {
            seen.lock().unwrap().insert(ctx.peer());
            async { Ok(reply("hello")) }
        });
        let node = world.serve(handler).await;
        world.announce("node", node.address()).await;
        let mut options = ClientOptions::default();
        options.connections = connections;
        let greeter = world.greeter_with(options);
        let expected = connections.max(1);
        let calling = async {
            while peers.lock().unwrap().len() < expected {
                greeter.hello(hello("Ada")).await.unwrap();
            }
        };
        timeout(Duration::from_secs(10), calling)
            .await
            .expect("not all are used");
        for _ in 0..60 {
            greeter.hello(hello("Ada")).await.unwrap();
        }
        assert_eq!(peers.lock().unwrap().len(), expected);
    }
}

#[tokio::test]
async fn a_service_says_how_many_connections_its_client_makes() {
    let world = World::new(Wire::Grpc);
    let (handler, _) = named("node");
    let node = world.serve(handler).await;
    world.announce("node", node.address()).await;
    let service = Service::builder("caller")
        .registry(world.registry.clone())
        .transport(world.transport.clone())
        .client_connections(2)
        .init_from([""; 0], [("MICRO_CLIENT_POOL_SIZE", "3")])
        .unwrap();
    let told = format!("{:?}", service.client());
    assert!(told.contains("connections: 3"), "{told}");
}

/// Tells at once of the nodes that it was given last.
#[derive(Debug)]
struct Told(Mutex<Arc<[ServiceInfo]>>);

impl Told {
    fn of(nodes: &[(&str, &str)]) -> Arc<[ServiceInfo]> {
        let service = ServiceInfo::new("greeter", "latest");
        let add = |service: ServiceInfo, (id, address): &(&str, &str)| {
            service.node(Node::new(*id, *address))
        };
        [nodes.iter().fold(service, add)].into()
    }
}

#[async_trait]
impl Registry for Told {
    fn name(&self) -> &'static str {
        "told"
    }

    async fn register(&self, _service: &ServiceInfo, _ttl: Duration) -> Result<()> {
        Ok(())
    }

    async fn deregister(&self, _service: &ServiceInfo) -> Result<()> {
        Ok(())
    }

    async fn get_service(&self, _name: &str) -> Result<Vec<ServiceInfo>> {
        Ok(self.0.lock().unwrap().to_vec())
    }

    async fn list_services(&self) -> Result<Vec<ServiceInfo>> {
        Ok(Vec::new())
    }

    async fn watch(&self, _name: &str) -> Result<Watch> {
        Err(Error::unimplemented("nobody watches"))
    }

    fn known(&self, _name: &str) -> Option<Arc<[ServiceInfo]>> {
        Some(self.0.lock().unwrap().clone())
    }
}

/// Chooses the first node; what it holds happens once, when a node is chosen and nobody has dialed it.
struct Meanwhile(Mutex<Option<Box<dyn FnOnce() + Send>>>);

impl Selector for Meanwhile {
    fn select<'a>(&self, _: &Choice<'_>, nodes: &'a [Arc<Node>]) -> Option<&'a Arc<Node>> {
        let then = self.0.lock().unwrap().take();
        then.into_iter().for_each(|then| then());
        nodes.first()
    }
}

impl std::fmt::Debug for Meanwhile {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Meanwhile")
    }
}

/// A node that fails every call, with the number of its connections.
async fn counting() -> (String, Arc<AtomicUsize>) {
    let open = Arc::new(AtomicUsize::new(0));
    let leaves = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = leaves.local_addr().unwrap().to_string();
    let counted = open.clone();
    tokio::spawn(async move {
        while let Ok((socket, _)) = leaves.accept().await {
            counted.fetch_add(1, Ordering::SeqCst);
            let mut connection = h2::server::handshake(socket).await.unwrap();
            while let Some(Ok((_request, mut respond))) = connection.accept().await {
                let status = Response::builder().header("grpc-status", "10");
                let _ = respond.send_response(status.body(()).unwrap(), true);
            }
            counted.fetch_sub(1, Ordering::SeqCst);
        }
    });
    (address, open)
}

#[tokio::test]
async fn nothing_is_kept_of_a_node_that_leaves_between_its_choice_and_its_dial() {
    let (address, open) = counting().await;
    let world = World::new(Wire::Grpc);
    let stays = world.serve(named("stays").0).await;
    let both = Told::of(&[("leaves", &address), ("stays", stays.address())]);
    let (told, later) = (
        Arc::new(Told(Mutex::new(both))),
        Told::of(&[("stays", stays.address())]),
    );
    let selector = Arc::new(Meanwhile(Mutex::default()));
    let (seam, transport) = (Seam::default(), world.transport.clone());
    let options = ClientOptions::default();
    let client = Client::new(seam, told.clone(), selector.clone(), transport, options);
    let greeter = GreeterService::new("greeter", &client);
    let other = greeter.clone();
    *selector.0.lock().unwrap() = Some(Box::new(move || {
        *told.0.lock().unwrap() = later;
        // Another call learns that the node has left before this one dials it.
        let mut call = Box::pin(other.hello(hello("Bob")).into_future());
        let polled = call.as_mut().poll(&mut Context::from_waker(Waker::noop()));
        assert!(polled.is_pending());
    }));
    let answer = timeout(Duration::from_secs(10), greeter.hello(hello("Ada"))).await;
    assert_eq!(answer.unwrap().unwrap().message, "stays");
    let closed = async {
        while open.load(Ordering::SeqCst) > 0 {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    timeout(Duration::from_secs(5), closed)
        .await
        .expect("nothing stays open");
}
