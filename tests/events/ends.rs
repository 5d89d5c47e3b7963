//! How subscribing begins and ends with the service.

use std::sync::Arc;

use rmicro_runtime::broker::{Broker, Message, Topic};
use rmicro_runtime::registry::Registry;
use rmicro_runtime::{Code, Context, Error, Running, Service};
use rmicro_tests::{HelloReply, reply};

use crate::world::{Diary, MS, World};

/// A handler that takes 50 ms.
fn slow(
    diary: &Diary,
) -> impl Fn(Context, HelloReply) -> rmicro_runtime::call::BoxFuture<'static, rmicro_runtime::Result<()>>
+ Send
+ Sync
+ 'static {
    let diary = diary.clone();
    move |_, event| {
        let diary = diary.clone();
        Box::pin(async move {
            tokio::time::sleep(50 * MS).await;
            diary.note(event.message);
            Ok(())
        })
    }
}

async fn started(service: &Service, topic: Topic, diary: &Diary) -> Running {
    service.subscribe(topic, slow(diary)).unwrap();
    service.start().await.unwrap()
}

async fn publish(world: &World, range: std::ops::Range<usize>) {
    let publisher = world.service("pub");
    for number in range {
        publisher
            .publish("t", &reply(number.to_string()))
            .await
            .unwrap();
    }
}

#[tokio::test(start_paused = true)]
async fn a_shutdown_handles_what_was_delivered_and_takes_nothing_more() {
    let (world, diary) = (World::default(), Diary::new());
    let service = world.service("audit");
    let running = started(&service, Topic::new("t").queue("q"), &diary).await;
    publish(&world, 0..5).await;
    let shutdown = tokio::spawn(running.shutdown());
    tokio::time::sleep(MS).await;
    // Nobody subscribes any more.
    publish(&world, 5..8).await;
    shutdown.await.unwrap().unwrap();
    assert_eq!(diary.entries(), ["0", "1", "2", "3", "4"]);
}

#[tokio::test(start_paused = true)]
async fn a_hand_over_loses_nothing() {
    let (world, first, second) = (World::default(), Diary::new(), Diary::new());
    let topic = Topic::new("t").queue("q").in_flight(8);
    let leaver = world.service("first");
    let leaving = started(&leaver, topic.clone(), &first).await;
    let stayer = world.service("second");
    let _staying = started(&stayer, topic, &second).await;
    publish(&world, 0..20).await;
    let (ended, ()) = tokio::join!(leaving.shutdown(), publish(&world, 20..40));
    ended.unwrap();
    let of_first = first.entries();
    let mut all = second.when(40 - of_first.len()).await;
    all.extend(of_first);
    let mut numbers: Vec<usize> = all.iter().map(|number| number.parse().unwrap()).collect();
    numbers.sort_unstable();
    assert_eq!(numbers, (0..40).collect::<Vec<_>>());
}

#[tokio::test(start_paused = true)]
async fn what_is_cut_at_the_drain_limit_comes_again_elsewhere() {
    let (world, diary) = (World::default(), Diary::new());
    let service = world
        .builder("stuck")
        .drain_limit(100 * MS)
        .build()
        .unwrap();
    let hanging = |_: Context, _: HelloReply| std::future::pending();
    let topic = Topic::new("t").queue("q");
    service.subscribe(topic.clone(), hanging).unwrap();
    let running = service.start().await.unwrap();
    publish(&world, 0..1).await;
    tokio::time::sleep(MS).await;
    let other = world.service("other");
    let _other = started(&other, topic, &diary).await;
    let begun = tokio::time::Instant::now();
    running.shutdown().await.unwrap();
    assert_eq!(begun.elapsed().as_millis() / 10, 10);
    assert_eq!(diary.when(1).await, ["0"]);
}

#[tokio::test(start_paused = true)]
async fn what_a_dropped_service_had_comes_again_elsewhere() {
    let (world, diary) = (World::default(), Diary::new());
    let service = world.service("dropped");
    let topic = Topic::new("t").queue("q");
    let ignored = Diary::new();
    let running = started(&service, topic.clone(), &ignored).await;
    publish(&world, 0..3).await;
    tokio::time::sleep(MS).await;
    let other = world.service("other");
    let _other = started(&other, topic, &diary).await;
    drop(running);
    let mut entries = diary.when(3).await;
    entries.sort();
    assert_eq!(entries, ["0", "1", "2"]);
    assert_eq!(ignored.entries(), [""; 0]);
}

#[tokio::test(start_paused = true)]
async fn a_failure_that_rests_at_the_shutdown_does_not_hold_it_up() {
    let world = World::default();
    let (service, diary) = (world.service("audit"), Diary::new());
    let noting = diary.clone();
    let failing = move |ctx: Context, _: HelloReply| {
        noting.note(format!("attempt {}", ctx.attempt().unwrap_or_default()));
        std::future::ready(Err(Error::unavailable("no database")))
    };
    let topic = Topic::new("t").queue("q").backoff(20_000 * MS).attempts(2);
    service.subscribe(topic, failing).unwrap();
    let running = service.start().await.unwrap();
    publish(&world, 0..1).await;
    diary.when(1).await;
    let begun = tokio::time::Instant::now();
    running.shutdown().await.unwrap();
    assert!(begun.elapsed() < 100 * MS, "{:?}", begun.elapsed());
}

#[tokio::test(start_paused = true)]
async fn a_service_that_starts_again_subscribes_again() {
    let (world, diary) = (World::default(), Diary::new());
    let service = world.service("audit");
    let running = started(&service, Topic::new("t"), &diary).await;
    running.shutdown().await.unwrap();
    publish(&world, 0..1).await;
    let running = service.start().await.unwrap();
    publish(&world, 1..2).await;
    running.shutdown().await.unwrap();
    assert_eq!(diary.entries(), ["1"]);
}

#[tokio::test]
async fn subscribing_after_the_start_is_an_error() {
    let service = World::default().service("audit");
    let _running = service.start().await.unwrap();
    let error = service.subscribe("t", slow(&Diary::new())).unwrap_err();
    assert_eq!(error.code(), Code::FailedPrecondition);
    assert!(
        error.message().contains("topic \"t\" comes too late"),
        "{error}"
    );
}

#[tokio::test]
async fn a_start_that_cannot_subscribe_leaves_nothing_behind() {
    let (world, diary) = (World::default(), Diary::new());
    let service = world.service("audit");
    service.subscribe("good", slow(&diary)).unwrap();
    let earliest = Topic::new("bad").start(rmicro_runtime::broker::Start::Earliest);
    service.subscribe(earliest, slow(&diary)).unwrap();
    let error = service.start().await.unwrap_err();
    assert_eq!(error.code(), Code::Unimplemented);
    assert!(
        error
            .message()
            .starts_with("subscribe: topic \"bad\" at broker memory: "),
        "{error}"
    );
    assert_eq!(format!("{:?}", world.broker), "Memory { topics: [], .. }");
    assert!(world.registry.get_service("audit").await.is_err());
}

#[tokio::test]
async fn the_registry_learns_of_a_broker_that_is_used() {
    let world = World::default();
    let broker_of = async |name: &str| {
        let told = world.registry.get_service(name).await.unwrap();
        told[0].nodes[0].metadata.get("broker").cloned()
    };
    let quiet = world.service("quiet");
    let _quiet = quiet.start().await.unwrap();
    assert_eq!(broker_of("quiet").await, None);
    let service = world.service("audit");
    let _running = started(&service, Topic::new("t"), &Diary::new()).await;
    assert_eq!(broker_of("audit").await.as_deref(), Some("memory"));
    let publisher = world.service("publisher");
    publisher.publish("t", &reply("x")).await.unwrap();
    let _publisher = publisher.start().await.unwrap();
    assert_eq!(broker_of("publisher").await.as_deref(), Some("memory"));
}

#[tokio::test]
async fn the_broker_of_a_service_is_at_hand() {
    let world = World::default();
    let service = world.service("any");
    let broker: Arc<dyn Broker> = service.broker().clone();
    let mut raw = broker.subscribe(&"t".into()).await.unwrap();
    world
        .broker
        .publish("t", Message::new("raw"))
        .await
        .unwrap();
    let delivery = raw.next().await.unwrap().unwrap();
    assert!(delivery.message().header.is_empty());
    delivery.ack().await.unwrap();
}
