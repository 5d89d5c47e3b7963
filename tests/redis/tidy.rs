//! What is removed from a stream, and what is not.

use std::time::Duration;

use rmicro_runtime::broker::{Broker, Message, Topic};

use crate::faults::next;
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
