//! What is removed from a stream, and what is not.

use std::time::Duration;

use rmicro_runtime::broker::{Broker, Message, Topic};

use crate::faults::next;
use crate::log::Log;
use crate::server::Server;

/// Waits until `command` is answered with `wanted`, longer than the streams are left alone.
async fn until(server: &Server, command: &str, wanted: &str) {
    let mut answer = String::new();
    for _ in 0..250 {
        answer = server.command(command);
        if answer == wanted {
            return;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    panic!("{command}: {answer}, and not {wanted}");
}

#[tokio::test]
async fn what_everybody_is_done_with_is_removed_and_nothing_else() {
    let Some(server) = Server::start(&[]) else {
        return;
    };
    let broker = server.broker("?retain=0s");
    let mut ahead = broker
        .subscribe(&Topic::new("t").queue("ahead"))
        .await
        .unwrap();
    let mut behind = broker
        .subscribe(&Topic::new("t").queue("behind").in_flight(2))
        .await
        .unwrap();
    for number in 0..10 {
        broker
            .publish("t", Message::new(number.to_string()))
            .await
            .unwrap();
    }
    for number in 0..10 {
        assert_eq!(next(&mut ahead).await.0, number.to_string());
    }
    for number in 0..4 {
        assert_eq!(next(&mut behind).await.0, number.to_string());
    }
    // Two are in flight there, and the others wait.
    until(&server, "XLEN rmicro:t", ":6").await;
    for number in 4..10 {
        assert_eq!(next(&mut behind).await.0, number.to_string());
    }
    until(&server, "XLEN rmicro:t", ":0").await;
}

#[tokio::test]
async fn a_stream_that_nobody_uses_goes() {
    let Some(server) = Server::start(&[]) else {
        return;
    };
    let broker = server.broker("?retain=0s");
    let mut plain = broker.subscribe(&"t".into()).await.unwrap();
    broker.publish("t", Message::new("x")).await.unwrap();
    assert_eq!(next(&mut plain).await.0, "x");
    drop(plain);
    until(&server, "EXISTS rmicro:t", ":0").await;
}

#[tokio::test]
async fn what_is_kept_for_a_while_is_there_for_who_starts_with_the_earliest() {
    let Some(server) = Server::start(&[]) else {
        return;
    };
    let broker = server.broker("?retain=1h");
    broker.publish("t", Message::new("x")).await.unwrap();
    tokio::time::sleep(Duration::from_secs(12)).await;
    let earliest = rmicro_runtime::broker::Start::Earliest;
    let mut late = broker
        .subscribe(&Topic::new("t").start(earliest))
        .await
        .unwrap();
    assert_eq!(next(&mut late).await.0, "x");
}

#[tokio::test]
async fn a_stream_with_a_limit_loses_the_oldest_and_the_log_says_how_many() {
    let Some(server) = Server::start(&[]) else {
        return;
    };
    let (log, _guard) = Log::here();
    let broker = server.broker("?max_len=100");
    let topic = Topic::new("t").queue("q").in_flight(1);
    let mut slow = broker.subscribe(&topic).await.unwrap();
    let number = |number: usize| Message::new(number.to_string());
    broker.publish("t", number(0)).await.unwrap();
    let first = slow.next().await.unwrap().unwrap();
    for next in 1..1000 {
        broker.publish("t", number(next)).await.unwrap();
    }
    let left = server.command("XLEN rmicro:t");
    let left: usize = left.trim_start_matches(':').parse().unwrap();
    // The server cuts off a hundred at a time.
    assert!((100..200).contains(&left), "{left}");
    let told = log.line("max_len").await;
    let lost = 999 - left;
    assert_eq!(
        told,
        format!(
            "Broker [redis] stream rmicro:t: {lost} messages were removed by max_len before group q:q had read them"
        )
    );
    // It was delivered, though it is removed.
    first.ack().await.unwrap();
    for expected in 1000 - left..1000 {
        assert_eq!(next(&mut slow).await.0, expected.to_string());
    }
}

#[tokio::test]
async fn a_stream_without_a_limit_keeps_what_was_not_delivered() {
    let Some(server) = Server::start(&[]) else {
        return;
    };
    let (limited, free) = (server.broker("?max_len=100"), server.broker(""));
    let mut queue = free.subscribe(&Topic::new("t").queue("q")).await.unwrap();
    let held = queue.next();
    let publishing = async {
        for number in 0..1000 {
            let published = free.publish("t", Message::new(number.to_string()));
            published.await.unwrap();
        }
    };
    let (first, ()) = tokio::join!(held, publishing);
    assert_eq!(server.command("XLEN rmicro:t"), ":1000");
    drop(first);
    // Who has a limit cuts what everybody has published.
    limited.publish("t", Message::new("1000")).await.unwrap();
    assert_ne!(server.command("XLEN rmicro:t"), ":1001");
}
