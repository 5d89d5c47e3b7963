//! What subscribers get, those of go-micro among them, and what a publisher is told of those that get nothing.

use std::time::Duration;

use super::world::{Foreign, World, answer, nobody, node, read};
use crate::broker::{Broker, HttpConfig, Message, Topic};
use crate::error::Code;

const ALL: &str = "ff.http.broadcast";

#[tokio::test]
async fn what_is_posted_is_what_go_micro_posts() {
    let (world, go) = (World::new(), Foreign::new().await);
    world.register(ALL, "t-5f8c ö", &go.address).await;
    let message = Message::new("hi").header("Micro-Id", "7");
    let receiving = async {
        let mut stream = go.accept().await;
        let request = read(&mut stream).await;
        answer(&mut stream, "200 OK", "").await;
        request
    };
    let (published, (line, head, body)) =
        tokio::join!(world.broker.publish("t", message), receiving);
    published.unwrap();
    assert_eq!(line, "POST /?id=t-5f8c+%C3%B6 HTTP/1.1");
    for (name, value) in [
        ("host", &*go.address),
        ("content-type", "application/json"),
        ("content-length", "59"),
    ] {
        assert!(head.contains(&format!("{name}: {value}\r\n")), "{head}");
    }
    assert_eq!(
        body,
        r#"{"Header":{"Micro-Id":"7","Micro-Topic":"t"},"Body":"aGk="}"#
    );
}

#[tokio::test]
async fn a_connection_is_used_again() {
    let (world, go) = (World::new(), Foreign::new().await);
    world.register(ALL, "t-1", &go.address).await;
    let receiving = async {
        let mut stream = go.accept().await;
        for _ in 0..3 {
            read(&mut stream).await;
            answer(&mut stream, "200 OK", "whatever it says").await;
        }
    };
    let publishing = async {
        for _ in 0..3 {
            world.broker.publish("t", Message::new("x")).await.unwrap();
        }
    };
    tokio::join!(publishing, receiving);
}

#[tokio::test]
async fn a_connection_that_was_closed_meanwhile_costs_no_message() {
    let (world, go) = (World::new(), Foreign::new().await);
    world.register(ALL, "t-1", &go.address).await;
    let receiving = async {
        for _ in 0..3 {
            let mut stream = go.accept().await;
            read(&mut stream).await;
            answer(&mut stream, "200 OK", "").await;
        }
    };
    let publishing = async {
        for _ in 0..3 {
            world.broker.publish("t", Message::new("x")).await.unwrap();
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::join!(publishing, receiving);
}

#[tokio::test]
async fn who_has_not_got_a_message_is_told_with_address_and_reason() {
    let world = World::new();
    let (mut subscription, _) = world.subscribe("t").await;
    let address = nobody().await;
    world.register(ALL, "t-dead", &address).await;
    let error = world.broker.publish("t", Message::new("x")).await;
    let error = error.unwrap_err();
    assert_eq!(error.code(), Code::Unavailable);
    let text = error.message();
    let start = format!(
        "1 of 2 deliveries failed; node t-dead at {address}: it cannot be reached: Connection refused"
    );
    assert!(text.starts_with(&start), "{text}");
    assert!(
        text.contains("only its own machine reaches this address"),
        "{text}"
    );
    // The others have it.
    assert!(subscription.next().await.unwrap().is_some());
}

#[tokio::test]
async fn a_queue_gives_a_message_to_another_where_nobody_listens_any_more() {
    let world = World::new();
    let (mut subscription, _) = world.subscribe(Topic::new("t").queue("q")).await;
    for id in ["t-dead-1", "t-dead-2"] {
        world.register("q", id, &nobody().await).await;
    }
    for _ in 0..30 {
        world.broker.publish("t", Message::new("x")).await.unwrap();
        assert!(subscription.next().await.unwrap().is_some());
    }
}

#[tokio::test]
async fn a_queue_without_anybody_who_can_be_reached_is_told_as_one_delivery() {
    let world = World::new();
    for id in ["t-dead-1", "t-dead-2"] {
        world.register("q", id, &nobody().await).await;
    }
    let error = world.broker.publish("t", Message::new("x")).await;
    let error = error.unwrap_err();
    assert!(
        error
            .message()
            .starts_with("1 of 1 deliveries failed; node t-dead-"),
        "{error:?}"
    );
}

#[tokio::test]
async fn a_queue_does_not_try_another_where_the_message_may_have_been_taken() {
    let world = World::new();
    let (one, other) = (Foreign::new().await, Foreign::new().await);
    world.register("q", "t-1", &one.address).await;
    world.register("q", "t-2", &other.address).await;
    let breaking = async {
        let mut stream = tokio::select! {
            biased;
            stream = one.accept() => stream,
            stream = other.accept() => stream,
        };
        read(&mut stream).await;
        drop(stream);
        let again = async {
            tokio::select! {
                biased;
                _ = one.accept() => {}
                _ = other.accept() => {}
            }
        };
        tokio::time::timeout(Duration::from_millis(100), again).await
    };
    let (published, again) = tokio::join!(world.broker.publish("t", Message::new("x")), breaking);
    assert!(again.is_err(), "a second node was asked");
    let error = published.unwrap_err();
    assert!(
        error.message().ends_with("(it may have the message)"),
        "{error:?}"
    );
}

#[tokio::test]
async fn an_answer_that_is_no_success_is_told() {
    let (world, go) = (World::new(), Foreign::new().await);
    world.register(ALL, "t-1", &go.address).await;
    for (status, code) in [
        ("500 Internal Server Error", Code::Unavailable),
        ("413 Payload Too Large", Code::ResourceExhausted),
    ] {
        let refusing = async {
            let mut stream = go.accept().await;
            read(&mut stream).await;
            answer(&mut stream, status, "no disk").await;
        };
        let (published, ()) = tokio::join!(world.broker.publish("t", Message::new("x")), refusing);
        let error = published.unwrap_err();
        assert_eq!(error.code(), code);
        let told = format!("it answers {status}: no disk");
        assert!(error.message().ends_with(&told), "{error:?}");
    }
}

#[tokio::test]
async fn whoever_has_unsubscribed_is_no_failure() {
    let (world, gone) = (World::new(), Foreign::new().await);
    world.register(ALL, "t-1", &gone.address).await;
    let leaving = async {
        let mut stream = gone.accept().await;
        read(&mut stream).await;
        answer(&mut stream, "404 Not Found", "{}").await;
    };
    let (published, ()) = tokio::join!(world.broker.publish("t", Message::new("x")), leaving);
    published.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_node_that_does_not_answer_fails_within_the_delivery_timeout() {
    let (world, frozen) = (World::new(), Foreign::new().await);
    world.register(ALL, "t-1", &frozen.address).await;
    let error = world.broker.publish("t", Message::new("x")).await;
    let text = error.unwrap_err().message().to_owned();
    assert!(
        text.contains("no answer within 10s (it may have the message)"),
        "{text}"
    );
}

#[tokio::test]
async fn a_node_that_wants_https_is_told() {
    let world = World::new();
    let secure = node("t-1", &nobody().await).metadata("secure", "true");
    world.register_node(ALL, secure).await;
    let error = world.broker.publish("t", Message::new("x")).await;
    let text = error.unwrap_err().message().to_owned();
    assert!(text.contains("it wants HTTPS"), "{text}");
}

#[tokio::test]
async fn a_message_that_is_too_long_does_not_leave() {
    let world = World::with(HttpConfig::default().max_message_size(10));
    let (mut subscription, _) = world.subscribe("t").await;
    let error = world
        .broker
        .publish("t", Message::new("x".repeat(11)))
        .await;
    let error = error.unwrap_err();
    assert_eq!(error.code(), Code::ResourceExhausted);
    assert!(error.message().contains("11 bytes"), "{error:?}");
    let fits = Message::new("x".repeat(10));
    world.broker.publish("t", fits).await.unwrap();
    assert!(subscription.next().await.unwrap().is_some());
}

#[tokio::test]
async fn whoever_stops_waiting_does_not_stop_the_message() {
    let (world, go) = (World::new(), Foreign::new().await);
    let (mut subscription, _) = world.subscribe("t").await;
    world.register(ALL, "t-1", &go.address).await;
    let publishing = world.broker.publish("t", Message::new("x"));
    let given_up = tokio::time::timeout(Duration::from_millis(50), publishing).await;
    assert!(given_up.is_err(), "one of them has not answered");
    assert!(subscription.next().await.unwrap().is_some());
    let mut stream = go.accept().await;
    read(&mut stream).await;
    answer(&mut stream, "200 OK", "").await;
    world.broker.disconnect().await.unwrap();
}
