//! How events are shared: among services, among handlers at a time.

use std::collections::BTreeMap;
use std::sync::Arc;

use rmicro_runtime::broker::Topic;
use rmicro_runtime::{Context, Running, Service};
use rmicro_tests::sharing::a_service_that_stops_ends_only_its_own;
use rmicro_tests::{HelloReply, reply};
use tokio::sync::Semaphore;

use crate::world::{Diary, MS, World};

/// A service whose handlers of `topics` write down who had what.
async fn noting(world: &World, name: &'static str, topics: &[Topic], diary: &Diary) -> Running {
    let service = world.service(name);
    for topic in topics {
        let diary = diary.clone();
        let handler = move |_: Context, event: HelloReply| {
            diary.note(format!("{name} {}", event.message));
            std::future::ready(Ok(()))
        };
        service.subscribe(topic.clone(), handler).unwrap();
    }
    service.start().await.unwrap()
}

async fn publish(service: &Service, topic: &str, range: std::ops::Range<usize>) {
    for number in range {
        service
            .publish(topic, &reply(number.to_string()))
            .await
            .unwrap();
    }
}

#[tokio::test]
async fn a_queue_is_shared_evenly_and_a_topic_reaches_everybody() {
    let (world, diary) = (World::default(), Diary::new());
    let topics = [Topic::new("topic1"), Topic::new("topic2").queue("topic2")];
    let _sub1 = noting(&world, "sub1", &topics, &diary).await;
    let _sub2 = noting(&world, "sub2", &topics, &diary).await;
    let publisher = world.service("pub");
    publish(&publisher, "topic1", 0..100).await;
    publish(&publisher, "topic2", 100..200).await;
    let mut counts = BTreeMap::new();
    for entry in diary.when(300).await {
        let (who, number) = entry.split_once(' ').unwrap();
        let topic = if number.parse::<usize>().unwrap() < 100 {
            "topic1"
        } else {
            "topic2"
        };
        *counts.entry((who.to_owned(), topic)).or_insert(0) += 1;
    }
    let counts: Vec<_> = counts
        .iter()
        .map(|((who, topic), count)| (&**who, *topic, *count))
        .collect();
    let expected = [
        ("sub1", "topic1", 100),
        ("sub1", "topic2", 50),
        ("sub2", "topic1", 100),
        ("sub2", "topic2", 50),
    ];
    assert_eq!(counts, expected);
}

#[tokio::test]
async fn two_handlers_of_one_service_share_a_queue() {
    let (world, diary) = (World::default(), Diary::new());
    let topic = Topic::new("t").queue("q");
    let _one = noting(&world, "one", &[topic.clone(), topic], &diary).await;
    publish(&world.service("pub"), "t", 0..10).await;
    let mut entries = diary.when(10).await;
    entries.sort();
    let expected: Vec<_> = (0..10).map(|number| format!("one {number}")).collect();
    assert_eq!(entries, expected);
}

/// Handlers that wait for a permit each.
async fn waiting(world: &World, topic: Topic) -> (Running, Diary, Arc<Semaphore>) {
    let (service, diary, gate) = (
        world.service("slow"),
        Diary::new(),
        Arc::new(Semaphore::new(0)),
    );
    let (noting, waiting) = (diary.clone(), gate.clone());
    let handler = move |_: Context, event: HelloReply| {
        let (noting, waiting) = (noting.clone(), waiting.clone());
        async move {
            noting.note(format!("begins {}", event.message));
            waiting.acquire().await.unwrap().forget();
            noting.note(format!("ends {}", event.message));
            Ok(())
        }
    };
    service.subscribe(topic, handler).unwrap();
    (service.start().await.unwrap(), diary, gate)
}

#[tokio::test(start_paused = true)]
async fn one_handler_runs_at_a_time_in_the_order_of_the_messages() {
    let world = World::default();
    let (_running, diary, gate) = waiting(&world, Topic::new("t")).await;
    publish(&world.service("pub"), "t", 0..3).await;
    tokio::time::sleep(MS).await;
    assert_eq!(diary.entries(), ["begins 0"]);
    gate.add_permits(3);
    let expected = [
        "begins 0", "ends 0", "begins 1", "ends 1", "begins 2", "ends 2",
    ];
    assert_eq!(diary.when(6).await, expected);
}

#[tokio::test(start_paused = true)]
async fn so_many_handlers_run_at_a_time_as_the_topic_says() {
    let world = World::default();
    let (_running, diary, gate) = waiting(&world, Topic::new("t").concurrency(3)).await;
    publish(&world.service("pub"), "t", 0..10).await;
    tokio::time::sleep(MS).await;
    assert_eq!(diary.entries(), ["begins 0", "begins 1", "begins 2"]);
    gate.add_permits(1);
    diary.when(5).await;
    tokio::time::sleep(MS).await;
    assert_eq!(diary.entries().len(), 5);
    gate.add_permits(9);
    assert_eq!(diary.when(20).await.len(), 20);
}

#[tokio::test(start_paused = true)]
async fn what_one_service_has_in_flight_is_bounded_and_the_rest_is_anothers() {
    let world = World::default();
    let topic = Topic::new("t").queue("q");
    let (_running, stuck, _gate) = waiting(&world, topic.clone().in_flight(2)).await;
    let diary = Diary::new();
    let _quick = noting(&world, "quick", &[topic], &diary).await;
    publish(&world.service("pub"), "t", 0..20).await;
    assert_eq!(diary.when(18).await.len(), 18);
    tokio::time::sleep(MS).await;
    assert_eq!((diary.entries().len(), stuck.entries().len()), (18, 1));
}

#[tokio::test(start_paused = true)]
async fn events_of_one_key_are_handled_one_after_the_other() {
    let world = World::default();
    let (_running, diary, gate) = waiting(&world, Topic::new("t").concurrency(8)).await;
    let publisher = world.service("pub");
    for (key, name) in [("a", "a1"), ("a", "a2"), ("b", "b1")] {
        publisher.publish("t", &reply(name)).key(key).await.unwrap();
    }
    tokio::time::sleep(MS).await;
    assert_eq!(diary.entries(), ["begins a1", "begins b1"]);
    gate.add_permits(3);
    let entries = diary.when(6).await;
    let place = |entry: &str| entries.iter().position(|other| other == entry);
    assert!(place("ends a1") < place("begins a2"), "{entries:?}");
}

#[tokio::test(start_paused = true)]
async fn a_service_that_stops_leaves_a_broker_to_those_who_share_it() {
    a_service_that_stops_ends_only_its_own(World::default().broker).await;
}
