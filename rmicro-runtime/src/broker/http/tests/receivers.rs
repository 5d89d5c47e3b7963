//! What publishers get for an answer, those of go-micro and those who err.

use super::world::{Peer, World};
use crate::broker::{Broker, HttpConfig, Message};

/// What go-micro posts to topic `t`.
const GO: &str = r#"{"Header":{"Content-Type":"application/json","Micro-Id":"7","Micro-Topic":"t"},"Body":"aGk="}"#;
const OK: &str = "HTTP/1.1 200 OK";
const ERROR: &str = "HTTP/1.1 500 Internal Server Error";

#[tokio::test]
async fn a_message_of_go_micro_is_taken_and_its_connection_kept() {
    let world = World::new();
    let (mut subscription, node) = world.subscribe("t").await;
    let mut go = Peer::to(&node).await;
    for _ in 0..2 {
        go.post(&node.id, GO).await;
        let (status, head, body) = go.answer().await;
        assert_eq!((&*status, &*body), (OK, ""));
        assert!(head.contains("content-length: 0\r\n"), "{head}");
        let delivery = subscription.next().await.unwrap().unwrap();
        let message = delivery.message();
        assert_eq!(message.body, "hi");
        assert_eq!(message.header.get("Micro-Id"), Some("7"));
        delivery.ack().await.unwrap();
    }
}

#[tokio::test]
async fn only_posts_are_taken() {
    let world = World::new();
    let (_subscription, node) = world.subscribe("t").await;
    for method in ["GET", "PUT", "DELETE", "PATCH"] {
        let mut peer = Peer::to(&node).await;
        peer.say(&format!("{method} / HTTP/1.1\r\nHost: x\r\n\r\n"))
            .await;
        let (status, head, body) = peer.answer().await;
        assert_eq!(status, "HTTP/1.1 405 Method Not Allowed", "{method}");
        assert!(head.contains("allow: post\r\n"), "{head}");
        assert_eq!(
            body,
            r#"{"id":"go.micro.broker","code":400,"detail":"Method not allowed","status":"Bad Request"}"#
        );
    }
}

#[tokio::test]
async fn whoever_is_not_here_is_not_found_and_go_micro_does_not_mind() {
    let world = World::new();
    let (_subscription, node) = world.subscribe("t").await;
    let (_other, other) = world.subscribe("another").await;
    let mut peer = Peer::to(&node).await;
    for id in ["t-unknown", "", &other.id] {
        peer.post(id, GO).await;
        let (status, _, body) = peer.answer().await;
        assert_eq!(status, "HTTP/1.1 404 Not Found", "{id}");
        assert_eq!(
            body,
            format!(
                r#"{{"id":"go.micro.broker","code":404,"detail":"No subscription with id \"{id}\"","status":"Not Found"}}"#
            )
        );
    }
    peer.post(&node.id, GO).await;
    assert_eq!(peer.answer().await.0, OK);
}

#[tokio::test]
async fn what_is_no_message_is_told_in_go_micros_words() {
    let world = World::new();
    let (_subscription, node) = world.subscribe("t").await;
    let mut peer = Peer::to(&node).await;
    for (body, detail) in [
        ("", "Error parsing request body: "),
        ("null", "Error parsing request body: "),
        (
            r#"{"Header":{"Micro-Topic":"t"},"Body":"!"}"#,
            "Error parsing request body: the body is no base64",
        ),
        (r#"{"Header":{"a":"b"},"Body":null}"#, "Topic not found"),
        (r#"{"Header":null,"Body":null}"#, "Topic not found"),
    ] {
        peer.post(&node.id, body).await;
        let (status, head, told) = peer.answer().await;
        assert_eq!(status, ERROR, "{body}");
        assert!(head.contains("content-type: text/plain; charset=utf-8\r\n"));
        let start = format!(r#"{{"id":"go.micro.broker","code":500,"detail":"{detail}"#);
        assert!(told.starts_with(&start), "{told}");
        assert!(told.ends_with(r#","status":"Internal Server Error"}"#));
    }
}

#[tokio::test]
async fn a_body_that_says_to_be_too_long_is_not_waited_for() {
    let world = World::with(HttpConfig::default().max_message_size(1000));
    let (_subscription, node) = world.subscribe("t").await;
    let mut peer = Peer::to(&node).await;
    peer.say("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1000000000000\r\n\r\n")
        .await;
    let (status, head, body) = peer.answer().await;
    assert_eq!(status, "HTTP/1.1 413 Payload Too Large");
    assert!(head.contains("connection: close\r\n"), "{head}");
    assert!(body.contains("has more than 66872 bytes"), "{body}");
    assert_eq!(peer.rest().await, "");
}

#[tokio::test]
async fn a_body_that_becomes_too_long_is_refused() {
    let world = World::with(HttpConfig::default().max_message_size(1000));
    let (_subscription, node) = world.subscribe("t").await;
    let mut peer = Peer::to(&node).await;
    let chunk = format!("10000\r\n{}\r\n", "x".repeat(0x10000));
    peer.say("POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n")
        .await;
    peer.say(&chunk).await;
    peer.say("600\r\n").await;
    peer.say(&"x".repeat(0x600)).await;
    assert_eq!(peer.answer().await.0, "HTTP/1.1 413 Payload Too Large");
    // A message whose header fills what the body leaves is too long as well.
    let mut peer = Peer::to(&node).await;
    let long = format!(
        r#"{{"Header":{{"Micro-Topic":"t"}},"Body":"{}"}}"#,
        "AAAA".repeat(334)
    );
    peer.post(&node.id, &long).await;
    assert_eq!(peer.answer().await.0, "HTTP/1.1 413 Payload Too Large");
}

#[tokio::test]
async fn a_head_that_is_too_long_is_refused() {
    let world = World::new();
    let (_subscription, node) = world.subscribe("t").await;
    let mut peer = Peer::to(&node).await;
    let long = "x".repeat(17 * 1024);
    peer.say(&format!("POST / HTTP/1.1\r\nHost: x\r\na: {long}"))
        .await;
    let (status, _, _) = peer.answer().await;
    assert_eq!(status, "HTTP/1.1 431 Request Header Fields Too Large");
}

#[tokio::test]
async fn what_is_no_http_ends_the_connection() {
    let world = World::new();
    let (_subscription, node) = world.subscribe("t").await;
    let mut peer = Peer::to(&node).await;
    peer.say("\x16\x03\x01 hello\r\n\r\n").await;
    let answer = peer.rest().await;
    assert!(
        answer.starts_with("HTTP/1.1 400 Bad Request\r\n"),
        "{answer}"
    );
}

#[tokio::test(start_paused = true)]
async fn a_head_that_does_not_come_in_time_ends_the_connection() {
    let world = World::new();
    let (_subscription, node) = world.subscribe("t").await;
    let begun = tokio::time::Instant::now();
    let mut slow = Peer::to(&node).await;
    slow.say("POST / HTTP/1.1\r\nHost").await;
    assert_eq!(slow.rest().await, "");
    let took = begun.elapsed().as_secs();
    assert!((10..12).contains(&took), "{took} s");
}

#[tokio::test(start_paused = true)]
async fn a_body_that_does_not_come_in_time_is_told_so() {
    let world = World::new();
    let (_subscription, node) = world.subscribe("t").await;
    let mut slow = Peer::to(&node).await;
    slow.say("POST /?id=x HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\n{")
        .await;
    let (status, head, _) = slow.answer().await;
    assert_eq!(status, "HTTP/1.1 408 Request Timeout");
    assert!(head.contains("connection: close\r\n"), "{head}");
    assert_eq!(slow.rest().await, "");
}

#[tokio::test(start_paused = true)]
async fn a_pause_that_is_too_long_ends_the_connection() {
    let world = World::new();
    let (_subscription, node) = world.subscribe("t").await;
    let mut peer = Peer::to(&node).await;
    peer.post(&node.id, GO).await;
    assert_eq!(peer.answer().await.0, OK);
    let begun = tokio::time::Instant::now();
    assert_eq!(peer.rest().await, "");
    let took = begun.elapsed().as_secs();
    assert!((299..303).contains(&took), "{took} s");
}

#[tokio::test]
async fn more_connections_than_are_allowed_wait_for_one_to_close() {
    let world = World::with(HttpConfig::default().max_connections(1));
    let (mut subscription, node) = world.subscribe("t").await;
    let first = Peer::to(&node).await;
    let mut second = Peer::to(&node).await;
    second.post(&node.id, GO).await;
    drop(first);
    assert_eq!(second.answer().await.0, OK);
    assert!(subscription.next().await.unwrap().is_some());
    drop(second);
    world.broker.publish("t", Message::new("x")).await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn whoever_is_idle_for_longest_gives_up_its_place() {
    let world = World::with(HttpConfig::default().max_connections(2));
    let (_subscription, node) = world.subscribe("t").await;
    let begun = tokio::time::Instant::now();
    let mut idle = Vec::new();
    for _ in 0..4 {
        let mut peer = Peer::to(&node).await;
        peer.post(&node.id, GO).await;
        assert_eq!(peer.answer().await.0, OK);
        idle.push(peer);
    }
    assert!(begun.elapsed().as_secs() < 5, "{:?}", begun.elapsed());
    // The last two are there, and the first two were closed.
    for peer in &mut idle[2..] {
        peer.post(&node.id, GO).await;
        assert_eq!(peer.answer().await.0, OK);
    }
    for peer in idle.drain(..2) {
        assert_eq!(peer.rest().await, "");
    }
}

#[tokio::test]
async fn strange_requests_are_answered_as_go_answers_them() {
    let world = World::new();
    let (mut subscription, node) = world.subscribe("t").await;
    let (id, length) = (&node.id, GO.len());
    let (first, second) = GO.split_at(10);
    let chunks = format!("a\r\n{first}\r\n{:x}\r\n{second}\r\n0\r\n\r\n", length - 10);
    let whole = format!("Content-Length: {length}\r\n\r\n{GO}");
    for request in [
        format!("POST /?id={id} HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n{chunks}"),
        format!("POST /?id={id} HTTP/1.0\r\n{whole}"),
        format!("POST http://x/?id={id} HTTP/1.1\r\nHost: x\r\n{whole}"),
        format!("POST /?a=b&id={id}&id=c HTTP/1.1\r\nhost: x\r\n{whole}"),
    ] {
        let mut peer = Peer::to(&node).await;
        peer.say(&request).await;
        let (status, ..) = peer.answer().await;
        assert!(status.ends_with(" 200 OK"), "{request}: {status}");
        let delivery = subscription.next().await.unwrap().unwrap();
        assert_eq!(delivery.message().body, "hi");
        delivery.ack().await.unwrap();
    }
}

#[tokio::test]
async fn requests_that_come_at_once_are_answered_in_their_order() {
    let world = World::new();
    let (mut subscription, node) = world.subscribe("t").await;
    let mut peer = Peer::to(&node).await;
    let (id, length) = (&node.id, GO.len());
    let request =
        format!("POST /?id={id} HTTP/1.1\r\nHost: x\r\nContent-Length: {length}\r\n\r\n{GO}");
    peer.say(&request.repeat(20)).await;
    for _ in 0..20 {
        assert_eq!(peer.answer().await.0, OK);
        subscription
            .next()
            .await
            .unwrap()
            .unwrap()
            .ack()
            .await
            .unwrap();
    }
}

#[tokio::test]
async fn a_publisher_that_asks_first_is_told_to_go_on() {
    let world = World::new();
    let (_subscription, node) = world.subscribe("t").await;
    let mut peer = Peer::to(&node).await;
    let (id, length) = (&node.id, GO.len());
    peer.say(&format!(
        "POST /?id={id} HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: {length}\r\n\r\n"
    ))
    .await;
    assert_eq!(peer.answer().await.0, "HTTP/1.1 100 Continue");
    peer.say(GO).await;
    assert_eq!(peer.answer().await.0, OK);
}

#[tokio::test]
async fn a_publisher_that_says_no_more_is_answered_all_the_same() {
    let world = World::new();
    let (mut subscription, node) = world.subscribe("t").await;
    let mut peer = Peer::to(&node).await;
    peer.post(&node.id, GO).await;
    peer.ends().await;
    assert_eq!(peer.answer().await.0, OK);
    assert!(subscription.next().await.unwrap().is_some());
}
