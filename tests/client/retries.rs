//! A request that was not processed goes to another node inside its deadline, and never otherwise.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use rmicro_runtime::{ClientOptions, Code};
use rmicro_tests::{Scripted, Wire, hello};
use tokio::sync::Notify;
use tokio::time::timeout;

use crate::raw::{Act, Raw};
use crate::world::{World, named, nowhere};

const CALLS: usize = 40;

#[tokio::test]
async fn a_call_that_was_refused_or_came_too_late_goes_to_another_node() {
    for act in [Act::Refuse, Act::GoAway] {
        let (world, raw) = (World::new(Wire::Grpc), Raw::listen(act).await);
        let (handler, count) = named("good");
        let good = world.serve(handler).await;
        world.announce("bad", &raw.address).await;
        world.announce("good", good.address()).await;
        let greeter = world.greeter();
        for _ in 0..CALLS {
            assert_eq!(greeter.hello(hello("Ada")).await.unwrap().message, "good");
        }
        assert!(
            raw.requests() >= CALLS / 4,
            "{} were refused",
            raw.requests()
        );
        assert_eq!(
            count.load(Ordering::SeqCst),
            CALLS,
            "each is processed once"
        );
        // What streams to the server is gone with its node; one message is sent again.
        for _ in 0..CALLS {
            let mut often = greeter.hello_often(hello("Ada")).await.unwrap();
            assert_eq!(often.recv().await.unwrap().unwrap().message, "good");
            assert!(often.recv().await.unwrap().is_none());
        }
        assert!(
            raw.requests() >= CALLS / 2,
            "{} were refused",
            raw.requests()
        );
        assert_eq!(count.load(Ordering::SeqCst), 2 * CALLS);
    }
}

#[tokio::test]
async fn a_node_that_cannot_be_reached_costs_the_calls_of_others_nothing() {
    let (world, mute) = (World::new(Wire::Grpc), Raw::listen(Act::Mute).await);
    let (handler, _) = named("good");
    let good = world.serve(handler).await;
    world.announce("good", good.address()).await;
    world.announce("mute", &mute.address).await;
    world.announce("nowhere", &nowhere()).await;
    let mut options = ClientOptions::default();
    options.dial_timeout = Duration::from_millis(200);
    let greeter = world.greeter_with(options);
    let mut slow = 0;
    for _ in 0..300 {
        let begun = Instant::now();
        assert_eq!(greeter.hello(hello("Ada")).await.unwrap().message, "good");
        slow += usize::from(begun.elapsed() > Duration::from_millis(150));
    }
    assert!(
        slow <= 1,
        "{slow} calls waited for a node that does not answer"
    );
    assert_eq!(mute.connections(), 1, "it is left alone");
}

#[tokio::test]
async fn a_call_whose_connection_breaks_after_it_was_sent_is_not_sent_again() {
    let (world, raw) = (World::new(Wire::Grpc), Raw::listen(Act::Cut).await);
    let (handler, count) = named("good");
    let good = world.serve(handler).await;
    world.announce("bad", &raw.address).await;
    world.announce("good", good.address()).await;
    let greeter = world.greeter();
    let (mut answered, mut lost) = (0, 0);
    for _ in 0..CALLS {
        match greeter.hello(hello("Ada")).await {
            Ok(_) => answered += 1,
            Err(error) => {
                assert_eq!(error.code(), Code::Unavailable, "{error:?}");
                assert!(!error.is_unprocessed());
                lost += 1;
            }
        }
    }
    assert_eq!(answered + lost, CALLS);
    assert_eq!(
        (raw.requests(), count.load(Ordering::SeqCst)),
        (lost, answered)
    );
    assert!(lost > 0 && answered > 0, "{lost} lost, {answered} answered");
}

#[tokio::test]
async fn a_handler_runs_at_most_once_when_its_node_dies() {
    for wire in [Wire::Memory, Wire::Grpc] {
        let world = World::new(wire);
        let (runs, running) = (Arc::new(AtomicUsize::new(0)), Arc::new(Notify::new()));
        let mut nodes = Vec::new();
        for id in ["one", "two"] {
            let (runs, running) = (runs.clone(), running.clone());
            let handler = Scripted::default().hello(move |_, _| {
                runs.fetch_add(1, Ordering::SeqCst);
                running.notify_one();
                std::future::pending()
            });
            let node = world.serve(handler).await;
            world.announce(id, node.address()).await;
            nodes.push(node);
        }
        let call = tokio::spawn(world.greeter().hello(hello("Ada")).into_future());
        running.notified().await;
        drop(nodes);
        let ended = timeout(Duration::from_secs(5), call)
            .await
            .expect("it hangs");
        let error = ended.unwrap().unwrap_err();
        assert_eq!(error.code(), Code::Unavailable, "{error:?}");
        assert_eq!(runs.load(Ordering::SeqCst), 1);
    }
}

#[tokio::test]
async fn a_call_that_everybody_refuses_ends_with_the_refusal() {
    let (world, raw) = (World::new(Wire::Grpc), Raw::listen(Act::Refuse).await);
    world.announce("bad", &raw.address).await;
    let error = world.greeter().hello(hello("Ada")).await.unwrap_err();
    assert_eq!(error.code(), Code::Unavailable);
    assert!(error.message().starts_with("wait: "), "{error}");
    assert_eq!(raw.requests(), 4);
}

#[tokio::test]
async fn another_node_is_asked_inside_the_deadline_only() {
    let (world, mute) = (World::new(Wire::Grpc), Raw::listen(Act::Mute).await);
    world.announce("mute", &mute.address).await;
    let begun = Instant::now();
    let call = world
        .greeter()
        .hello(hello("Ada"))
        .timeout(Duration::from_millis(200));
    let error = call.await.unwrap_err();
    assert_eq!(error.code(), Code::DeadlineExceeded);
    assert!(
        begun.elapsed() < Duration::from_secs(3),
        "{:?}",
        begun.elapsed()
    );
}
