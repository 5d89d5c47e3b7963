//! What travels: header and body, in the forms of go-micro.

use rmicro_runtime::broker::{Broker, Message};
use rmicro_runtime::types::Timestamp;
use rmicro_runtime::{Code, Context, Error, Result};
use rmicro_tests::{HelloReply, reply};

use crate::world::{Diary, World};

/// Reads what these tests write as JSON.
fn from_json(json: &[u8]) -> Result<HelloReply> {
    let value: serde_json::Value =
        serde_json::from_slice(json).map_err(|error| Error::invalid_argument(error.to_string()))?;
    Ok(reply(value["message"].as_str().unwrap_or_default()))
}

fn to_json(event: &HelloReply) -> Result<Vec<u8>> {
    Ok(format!("{{\"message\":{:?}}}", event.message).into_bytes())
}

#[tokio::test]
async fn an_event_travels_as_go_micro_writes_it() {
    let world = World::default();
    let mut raw = world.broker.subscribe(&"greetings".into()).await.unwrap();
    let service = world.service("greeter");
    let event = reply("Hello, Ada!");
    let publish = service
        .publish("greetings", &event)
        .metadata("trace-id", "7");
    publish.key("Ada").await.unwrap();
    let delivery = raw.next().await.unwrap().unwrap();
    let message = delivery.message();
    assert_eq!(message.body, &b"\x0a\x0bHello, Ada!"[..]);
    let mut header: Vec<_> = message.header.iter().collect();
    let (_, id) = header.remove(1);
    assert_eq!((id.len(), id.as_bytes()[14]), (36, b'4'));
    let expected = [
        ("Content-Type", "application/protobuf"),
        ("Micro-Key", "Ada"),
        ("Micro-Topic", "greetings"),
        ("Trace-Id", "7"),
    ];
    assert_eq!(header, expected);
    delivery.ack().await.unwrap();
}

#[tokio::test]
async fn a_handler_takes_every_form_that_go_micro_publishes() {
    let (world, diary) = (World::default(), Diary::new());
    let service = world.service("audit");
    let noting = diary.clone();
    let handler = move |_: Context, event: HelloReply| {
        noting.note(event.message);
        std::future::ready(Ok(()))
    };
    service
        .subscribe("t", handler)
        .unwrap()
        .json_with(from_json);
    let _running = service.start().await.unwrap();
    let bare: &[u8] = b"\x0a\x01x";
    let framed: &[u8] = b"\0\0\0\0\x03\x0a\x01x";
    let json: &[u8] = b"{\"message\":\"x\"}\n";
    let forms = [
        ("", bare),
        ("application/protobuf", bare),
        ("application/grpc", bare),
        ("application/grpc+proto", bare),
        ("application/grpc", framed),
        ("application/grpc+proto", framed),
        ("application/json", json),
        ("application/grpc+json", json),
    ];
    for (count, (content_type, body)) in (1..).zip(forms) {
        let message = Message::new(body).header("Content-Type", content_type);
        world.broker.publish("t", message).await.unwrap();
        assert_eq!(diary.when(count).await.len(), count);
    }
    assert_eq!(diary.entries(), ["x"; 8]);
}

#[tokio::test]
async fn an_event_may_travel_as_json() {
    let (world, diary) = (World::default(), Diary::new());
    let service = world.service("audit");
    let noting = diary.clone();
    let handler = move |ctx: Context, event: HelloReply| {
        let content_type = ctx.metadata().get("content-type").unwrap_or_default();
        noting.note(format!("{} as {content_type}", event.message));
        std::future::ready(Ok(()))
    };
    service
        .subscribe("t", handler)
        .unwrap()
        .json_with(from_json);
    let _running = service.start().await.unwrap();
    let event = reply("hi");
    service
        .publish("t", &event)
        .json_with(to_json)
        .await
        .unwrap();
    assert_eq!(diary.when(1).await, ["hi as application/json"]);
}

#[tokio::test]
async fn a_message_that_knows_its_json_needs_no_function() {
    let (world, diary) = (World::default(), Diary::new());
    let mut raw = world.broker.subscribe(&"t".into()).await.unwrap();
    let service = world.service("clock");
    let noting = diary.clone();
    let handler = move |_: Context, event: Timestamp| {
        noting.note(event.seconds.to_string());
        std::future::ready(Ok(()))
    };
    service.subscribe("t", handler).unwrap().json();
    let _running = service.start().await.unwrap();
    let event = Timestamp {
        seconds: 1,
        nanos: 0,
    };
    service.publish("t", &event).json().await.unwrap();
    assert_eq!(diary.when(1).await, ["1"]);
    let delivery = raw.next().await.unwrap().unwrap();
    assert_eq!(delivery.message().body, "\"1970-01-01T00:00:01Z\"");
    delivery.ack().await.unwrap();
}

#[tokio::test]
async fn a_raw_message_keeps_its_header_and_body() {
    let (world, diary) = (World::default(), Diary::new());
    let service = world.service("audit");
    let noting = diary.clone();
    let handler = move |ctx: Context, message: Message| {
        let topic = ctx.topic().unwrap_or_default().to_owned();
        noting.note(format!(
            "{topic} {:?} {:?}",
            message.header.get("id"),
            message.body
        ));
        std::future::ready(Ok(()))
    };
    service.subscribe("t", handler).unwrap();
    let _running = service.start().await.unwrap();
    let message = Message::new("any bytes")
        .header("id", "naïve")
        .header("Micro-ID", "mine");
    service.publish("t", &message).await.unwrap();
    world.broker.publish("t", message).await.unwrap();
    let told = r#"t Some("naïve") b"any bytes""#;
    assert_eq!(diary.when(2).await, [told, told]);
}

#[tokio::test]
async fn metadata_that_cannot_travel_is_the_error_of_the_await() {
    let service = World::default().service("greeter");
    let event = reply("x");
    let error = service.publish("t", &event).metadata("a b", "x").await;
    assert_eq!(error.unwrap_err().code(), Code::InvalidArgument);
    let error = service.publish("", &event).await.unwrap_err();
    assert_eq!(
        error.message(),
        "publish: topic \"\" at broker memory: a topic needs a name"
    );
    let error = service.subscribe("", |_, _: HelloReply| std::future::ready(Ok(())));
    assert_eq!(
        error.unwrap_err().message(),
        "subscribe: a topic needs a name"
    );
}
