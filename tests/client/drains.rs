//! Nodes that leave, and several connections to one.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use rmicro_runtime::{ClientOptions, Service};
use rmicro_tests::pb::GreeterService;
use rmicro_tests::{Scripted, Wire, hello, on_every_wire, reply};
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
