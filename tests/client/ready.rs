//! Calls that wait until a node is there.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use rmicro_runtime::registry::{Memory, Registry, ServiceInfo, Watch};
use rmicro_runtime::{ClientOptions, Code, Error, Result};
use rmicro_tests::{Wire, hello, on_every_wire};
use tokio::time::{Instant, sleep, timeout};

use crate::line::Line;
use crate::raw::{Act, Raw};
use crate::world::{World, named, nowhere};

const SECOND: Duration = Duration::from_secs(1);

on_every_wire! {
    async fn calls_of_every_kind_wait_for_the_first_node(wire: Wire) {
        let world = World::new(wire);
        let greeter = world.greeter();
        let error = greeter.hello(hello("Ada")).await.unwrap_err();
        assert!(error.message().starts_with("discover: no node"), "{error}");
        let unary = tokio::spawn(greeter.hello(hello("Ada")).wait_for_ready().into_future());
        let often = tokio::spawn(greeter.hello_often(hello("Ada")).wait_for_ready().into_future());
        let chat = tokio::spawn(greeter.chat().wait_for_ready().into_future());
        sleep(SECOND / 5).await;
        assert!(!unary.is_finished() && !often.is_finished() && !chat.is_finished());
        let (handler, _) = named("late");
        let node = world.serve(handler).await;
        let begun = Instant::now();
        world.announce("late", node.address()).await;
        assert_eq!(unary.await.unwrap().unwrap().message, "late");
        let mut often = often.await.unwrap().unwrap();
        assert_eq!(often.recv().await.unwrap().unwrap().message, "late");
        let error = chat.await.unwrap().unwrap().recv().await.unwrap_err();
        assert_eq!(error.code(), Code::Unimplemented);
        assert!(begun.elapsed() < SECOND / 2, "the registry tells of it at once");
    }
}

#[tokio::test]
async fn a_call_waits_until_its_node_can_be_reached() {
    let (world, address) = (World::new(Wire::Grpc), nowhere());
    world.announce("node", &address).await;
    let greeter = world.greeter();
    let error = greeter.hello(hello("Ada")).await.unwrap_err();
    assert_eq!(error.code(), Code::Unavailable, "{error:?}");
    let call = tokio::spawn(greeter.hello(hello("Ada")).wait_for_ready().into_future());
    sleep(SECOND / 2).await;
    assert!(!call.is_finished());
    let (handler, _) = named("back");
    let _node = world.serve_at(&address, handler).await;
    let answer = timeout(10 * SECOND, call)
        .await
        .expect("it is never tried again");
    assert_eq!(answer.unwrap().unwrap().message, "back");
}

#[tokio::test(start_paused = true)]
async fn the_deadline_ends_the_wait_and_says_what_was_waited_for() {
    let world = World::new(Wire::Memory);
    let greeter = world.greeter();
    let begun = Instant::now();
    let call = greeter
        .hello(hello("Ada"))
        .wait_for_ready()
        .timeout(7 * SECOND);
    let error = call.await.unwrap_err();
    assert_eq!(begun.elapsed(), 7 * SECOND);
    assert_eq!(
        format!("{error:?}"),
        "DEADLINE_EXCEEDED: discover: the deadline passed; called greet.v1.Greeter/Hello of \
        \"greeter\" in registry memory: discover: no node for \"greeter\" in registry memory"
    );
    world.announce("gone", "memory:77").await;
    let call = greeter
        .hello(hello("Ada"))
        .wait_for_ready()
        .timeout(7 * SECOND);
    let error = call.await.unwrap_err();
    let told =
        "dial: the deadline passed; called greet.v1.Greeter/Hello of \"greeter\" at node gone";
    assert!(error.message().starts_with(told), "{error}");
    assert!(
        format!("{error:?}").contains("nobody listens on memory:77"),
        "{error:?}"
    );
}

#[tokio::test]
async fn what_does_not_pass_by_itself_is_not_waited_for() {
    let (world, raw) = (World::new(Wire::Grpc), Raw::listen(Act::Cut).await);
    world.announce("node", &raw.address).await;
    let error = world
        .greeter()
        .hello(hello("Ada"))
        .wait_for_ready()
        .await
        .unwrap_err();
    assert_eq!(
        (error.code(), raw.requests()),
        (Code::Unavailable, 1),
        "{error:?}"
    );
    let refusing = Arc::new(Counting::refusing());
    let greeter = world.greeter_in(refusing, ClientOptions::default());
    let error = greeter
        .hello(hello("Ada"))
        .wait_for_ready()
        .await
        .unwrap_err();
    assert_eq!(error.code(), Code::PermissionDenied, "{error:?}");
}

/// A world whose only node refuses one call and is gone.
async fn refusing() -> (World, ClientOptions) {
    let world = World::on(Line::RefusesOnce(AtomicUsize::new(0)));
    world.announce("node", "n:1").await;
    let mut options = ClientOptions::default();
    options.request_timeout = 10 * SECOND;
    (world, options)
}

#[tokio::test(start_paused = true)]
async fn a_call_that_was_refused_waits_no_longer_than_another() {
    let (world, options) = refusing().await;
    let begun = Instant::now();
    let call = world.greeter_with(options).hello(hello("Ada"));
    let error = call.wait_for_ready().await.unwrap_err();
    assert_eq!(begun.elapsed(), 10 * SECOND, "{error:?}");
    assert_eq!(error.code(), Code::DeadlineExceeded, "{error:?}");
    for (deadline, expected) in [(None, 10), (Some(3 * SECOND), 3)] {
        let (world, options) = refusing().await;
        let begun = Instant::now();
        let mut call = world.greeter_with(options).hello_often(hello("Ada"));
        if let Some(deadline) = deadline {
            call = call.timeout(deadline);
        }
        let mut often = call.wait_for_ready().await.unwrap();
        assert_eq!(begun.elapsed(), Duration::ZERO, "it was handed over");
        let ended = timeout(100 * SECOND, often.recv()).await;
        let error = ended.expect("it has an end").unwrap_err();
        assert_eq!(begun.elapsed(), expected * SECOND, "{error:?}");
        assert_eq!(
            format!("{error:?}"),
            "DEADLINE_EXCEEDED: dial: the deadline passed; called greet.v1.Greeter/HelloOften of \"greeter\" at node \
             node in registry memory: dial: nobody is at n:1 (node node of \"greeter\" in registry memory)"
        );
        assert!(often.recv().await.unwrap().is_none());
    }
}

/// Counts how often the registry is asked.
#[derive(Debug)]
struct Counting {
    inner: Memory,
    asked: AtomicUsize,
    refuses: bool,
}

impl Counting {
    fn new(inner: Memory) -> Self {
        Self {
            inner,
            asked: AtomicUsize::new(0),
            refuses: false,
        }
    }

    fn refusing() -> Self {
        Self {
            refuses: true,
            ..Self::new(Memory::new())
        }
    }
}

#[async_trait]
impl Registry for Counting {
    fn name(&self) -> &'static str {
        "counting"
    }

    async fn register(&self, service: &ServiceInfo, ttl: Duration) -> Result<()> {
        self.inner.register(service, ttl).await
    }

    async fn deregister(&self, service: &ServiceInfo) -> Result<()> {
        self.inner.deregister(service).await
    }

    async fn get_service(&self, name: &str) -> Result<Vec<ServiceInfo>> {
        self.asked.fetch_add(1, Ordering::SeqCst);
        if self.refuses {
            return Err(Error::permission_denied("who are you?"));
        }
        self.inner.get_service(name).await
    }

    async fn list_services(&self) -> Result<Vec<ServiceInfo>> {
        self.inner.list_services().await
    }

    async fn watch(&self, name: &str) -> Result<Watch> {
        self.inner.watch(name).await
    }
}

#[tokio::test(start_paused = true)]
async fn who_waits_does_not_poll() {
    let world = World::new(Wire::Memory);
    let counting = Arc::new(Counting::new(world.registry.clone()));
    let greeter = world.greeter_in(counting.clone(), ClientOptions::default());
    let calls: Vec<_> = (0..20)
        .map(|_| tokio::spawn(greeter.hello(hello("Ada")).wait_for_ready().into_future()))
        .collect();
    sleep(25 * SECOND).await;
    let asked = counting.asked.load(Ordering::SeqCst);
    // Each looks six times of its own accord in 25 s; those who look together ask once.
    assert!(
        (2..=120).contains(&asked),
        "the registry was asked {asked} times"
    );
    let (handler, _) = named("late");
    let node = world.serve(handler).await;
    let begun = Instant::now();
    world.announce("late", node.address()).await;
    for call in calls {
        assert_eq!(call.await.unwrap().unwrap().message, "late");
    }
    assert!(begun.elapsed() < SECOND / 10);
}
