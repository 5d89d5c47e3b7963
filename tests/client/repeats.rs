//! A call that a handler may have seen is made again only where its proto allows that, within the deadline and the budget.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use rmicro_runtime::{
    ClientOptions, Code, Descriptor, Error, Idempotency, Method, Receiver, Result, Stub,
};
use rmicro_tests::pb::{GREET_V1_GREETER_PROTO, HelloReply};
use rmicro_tests::{Scripted, Wire, hello};

use crate::raw::{Act, Raw};
use crate::world::{World, named};

const CALLS: usize = 20;

/// The Greeter, as it would be if its proto said that greeting changes nothing.
static REPEATABLE: Descriptor = Descriptor::new(
    "greet.v1.Greeter",
    &[
        Method::unary("Hello").idempotency(Idempotency::NoSideEffects),
        Method::server_streaming("HelloOften").idempotency(Idempotency::Idempotent),
    ],
    &GREET_V1_GREETER_PROTO,
);

fn greeter(world: &World) -> Stub {
    world
        .client(ClientOptions::default())
        .stub("greeter", &REPEATABLE)
}

/// A Greeter that says UNAVAILABLE `failures` times, and then its greeting; and how often it was asked.
fn failing(failures: usize) -> (Scripted, Arc<AtomicUsize>) {
    let count = Arc::new(AtomicUsize::new(0));
    let counted = count.clone();
    let greeter = Scripted::default().hello(move |_, _| {
        let failed = counted.fetch_add(1, Ordering::SeqCst) < failures;
        async move {
            match failed {
                true => Err(Error::unavailable("not now")),
                false => Ok(rmicro_tests::reply("at last")),
            }
        }
    });
    (greeter, count)
}

#[tokio::test]
async fn an_idempotent_call_whose_connection_breaks_is_made_again_elsewhere() {
    let (world, raw) = (World::new(Wire::Grpc), Raw::listen(Act::Cut).await);
    let (handler, count) = named("good");
    let good = world.serve(handler).await;
    world.announce("bad", &raw.address).await;
    world.announce("good", good.address()).await;
    let greeter = greeter(&world);
    for _ in 0..5 {
        let answered: HelloReply = greeter.unary("Hello", hello("Ada")).await.unwrap();
        assert_eq!(answered.message, "good");
    }
    for _ in 0..5 {
        let often = greeter.server_streaming("HelloOften", hello("Ada"));
        let mut often: Receiver<HelloReply> = often.await.unwrap();
        assert_eq!(often.recv().await.unwrap().unwrap().message, "good");
        assert!(often.recv().await.unwrap().is_none());
    }
    assert!(raw.requests() >= 4, "{} were lost", raw.requests());
    assert_eq!(count.load(Ordering::SeqCst), 10);
}

#[tokio::test]
async fn an_idempotent_call_that_is_answered_unavailable_comes_back_to_the_only_node() {
    for wire in [Wire::Memory, Wire::Grpc] {
        let world = World::new(wire);
        let (handler, count) = failing(3);
        let node = world.serve(handler).await;
        world.announce("only", node.address()).await;
        let answered: HelloReply = greeter(&world).unary("Hello", hello("Ada")).await.unwrap();
        assert_eq!(answered.message, "at last");
        assert_eq!(count.load(Ordering::SeqCst), 4);
    }
}

#[tokio::test]
async fn four_tries_are_the_most_and_the_last_error_is_the_calls() {
    let world = World::new(Wire::Grpc);
    let (handler, count) = failing(usize::MAX);
    let node = world.serve(handler).await;
    world.announce("only", node.address()).await;
    let ended: Result<HelloReply> = greeter(&world).unary("Hello", hello("Ada")).await;
    let error = ended.unwrap_err();
    assert_eq!(
        (error.code(), error.message()),
        (Code::Unavailable, "not now")
    );
    assert_eq!(count.load(Ordering::SeqCst), 4);
}

#[tokio::test]
async fn a_call_of_a_method_that_does_not_say_so_is_never_made_again() {
    let world = World::new(Wire::Grpc);
    let (handler, count) = failing(1);
    let node = world.serve(handler).await;
    world.announce("only", node.address()).await;
    let error = world.greeter().hello(hello("Ada")).await.unwrap_err();
    assert_eq!(error.message(), "not now");
    assert_eq!(count.load(Ordering::SeqCst), 1);
}

#[tokio::test]
async fn a_service_that_fails_costs_no_more_than_the_budget() {
    let world = World::new(Wire::Memory);
    let (handler, count) = failing(usize::MAX);
    let node = world.serve(handler).await;
    world.announce("only", node.address()).await;
    let greeter = greeter(&world);
    for _ in 0..CALLS {
        let ended: Result<HelloReply> = greeter.unary("Hello", hello("Ada")).await;
        assert_eq!(ended.unwrap_err().message(), "not now");
    }
    assert_eq!(count.load(Ordering::SeqCst), CALLS + 10);
}

#[tokio::test(start_paused = true)]
async fn a_call_that_would_come_back_after_its_deadline_ends_with_what_it_has() {
    let world = World::new(Wire::Memory);
    let (handler, count) = failing(usize::MAX);
    let node = world.serve(handler).await;
    world.announce("only", node.address()).await;
    let greeter = greeter(&world);
    let begun = Instant::now();
    // A pause is a millisecond at least.
    let call = greeter.unary::<_, HelloReply>("Hello", hello("Ada"));
    let error = call.timeout(Duration::from_micros(900)).await.unwrap_err();
    assert_eq!(error.message(), "not now");
    assert_eq!(count.load(Ordering::SeqCst), 1);
    assert!(begun.elapsed() < Duration::from_secs(5));
}
