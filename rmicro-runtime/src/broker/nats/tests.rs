//! The backend against a server that does what the test says; `tests/foreign/nats` has a real one.

mod fake;

use std::time::Duration;

use tracing::level_filters::LevelFilter;

use self::fake::{Fake, Fault};
use super::*;
use crate::error::Code;
use crate::service::{Service, capture};

const TEN: Duration = Duration::from_secs(10);

fn broker(fake: &Fake) -> Nats {
    Nats::from_url(&fake.url(), Seam::default()).unwrap()
}

/// What `future` gives, within ten seconds.
async fn soon<F: Future>(future: F) -> F::Output {
    tokio::time::timeout(TEN, future)
        .await
        .expect("it takes no ten seconds")
}

async fn next(subscription: &mut Subscription) -> Message {
    let delivery = soon(subscription.next()).await.unwrap().unwrap();
    delivery.message().clone()
}

async fn published(broker: &Nats, topic: &str, body: &'static str) {
    soon(broker.publish(topic, Message::new(body)))
        .await
        .unwrap();
}

#[tokio::test]
async fn nothing_is_connected_to_before_it_is_used() {
    let fake = Fake::new().await;
    let broker = broker(&fake);
    assert!(broker.publish("a b", Message::new("x")).await.is_err());
    assert!(
        broker
            .subscribe(&Topic::new("a").start(Start::Earliest))
            .await
            .is_err()
    );
    broker.disconnect().await.unwrap();
    assert_eq!(fake.said(""), [""; 0]);
    published(&broker, "a", "x").await;
    assert_eq!(fake.said("CONNECT").len(), 1);
}

#[tokio::test]
async fn a_message_is_on_the_wire_as_go_micro_has_it() {
    let fake = Fake::new().await;
    let broker = broker(&fake);
    let topic = Topic::new("topic1").queue("q");
    let mut subscription = soon(broker.subscribe(&topic)).await.unwrap();
    let message = Message::new("hi").header("id", "7");
    soon(broker.publish("topic1", message.clone()))
        .await
        .unwrap();
    let payload = r#"{"Header":{"id":"7"},"Body":"aGk="}"#;
    assert_eq!(
        fake.said("PUB topic1"),
        [format!("PUB topic1 35\n{payload}")]
    );
    assert!(
        fake.said("SUB topic1 q ").len() == 1,
        "{:?}",
        fake.said("SUB")
    );
    assert_eq!(next(&mut subscription).await, message);
}

#[tokio::test]
async fn what_cannot_be_read_is_one_line_and_the_next_message_comes() {
    let (_guard, lines) = capture(LevelFilter::WARN);
    let fake = Fake::new().await;
    let broker = broker(&fake);
    let mut subscription = soon(broker.subscribe(&"a".into())).await.unwrap();
    fake.publish("a", b"hello");
    fake.publish("a", br#"{"Body":"eA=="}"#);
    assert_eq!(next(&mut subscription).await, Message::new("x"));
    let lines = lines.lock().unwrap();
    assert_eq!(lines.len(), 1, "{lines:?}");
    assert!(
        lines[0].contains("drops a message of topic a that cannot be read"),
        "{lines:?}"
    );
}

#[tokio::test]
async fn a_wildcard_brings_messages_with_their_own_topic() {
    let fake = Fake::new().await;
    let broker = broker(&fake);
    let mut all = soon(broker.subscribe(&"orders.*".into())).await.unwrap();
    published(&broker, "orders.new", "x").await;
    let delivery = soon(all.next()).await.unwrap().unwrap();
    assert_eq!(&**delivery.topic(), "orders.new");
    let refused = delivery.requeue().await.unwrap_err();
    assert_eq!(refused.code(), Code::Unimplemented);
}

#[tokio::test]
async fn a_message_that_the_server_does_not_take_is_told_with_both_sizes() {
    let fake = Fake::new().await;
    let refused = broker(&fake)
        .publish("a", Message::new(vec![0; 1024]))
        .await
        .unwrap_err();
    assert_eq!(refused.code(), Code::ResourceExhausted);
    assert_eq!(
        refused.message(),
        "the message takes 1391 bytes, header and base64 included, and the server takes 1024 at most: publish less at a time, or \
         raise its max_payload"
    );
    assert_eq!(fake.said("PUB a"), [""; 0]);
}

#[tokio::test]
async fn an_absent_server_is_told_with_its_address() {
    let mut fake = Fake::new().await;
    fake.stop().await;
    let broker = broker(&fake);
    let stage = format!("dial: {}: no connection", fake.url());
    let topic = "a".into();
    for failed in [
        soon(broker.connect()).await,
        soon(broker.publish("a", Message::new("x"))).await,
        soon(broker.subscribe(&topic)).await.map(drop),
    ] {
        let error = failed.unwrap_err();
        assert_eq!(error.code(), Code::Unavailable);
        let told = format!("{error:?}");
        assert!(told.contains(&stage), "{told}");
        assert_eq!(told.matches("refused").count(), 1, "{told}");
    }
    fake.start().await;
    published(&broker, "a", "x").await;
}

#[tokio::test]
async fn no_greeting_makes_it_panic_or_wait_for_ever() {
    for greeting in [
        "",
        "\r\n",
        "INFO\r\n",
        "INFO {\r\n",
        "INFO {\"max_payload\":-1}\r\n",
        "INFO {\"connect_urls\":[\"::::\"]}\r\n",
        "HTTP/1.1 400 Bad Request\r\n\r\n",
        "\u{0}\u{1}\r\n",
        "-ERR 'Authorization Violation'\r\n",
        "MSG a 1 99999999999999\r\n",
    ] {
        let fake = Fake::with(Fault::Greeting(greeting.to_owned())).await;
        tokio::time::pause();
        let error = broker(&fake).connect().await.unwrap_err();
        tokio::time::resume();
        assert!(
            format!("{error:?}").contains("dial: nats://127.0.0.1:"),
            "{greeting:?}: {error:?}"
        );
    }
}

#[tokio::test]
async fn a_client_that_breaks_is_replaced_by_the_next_use() {
    let fake = Fake::new().await;
    let broker = broker(&fake);
    let mut subscription = soon(broker.subscribe(&"a".into())).await.unwrap();
    // Its reader slices this from 5 to 4.
    fake.send(b"-ERR\r\n");
    let lost = soon(subscription.next()).await.unwrap_err();
    assert_eq!(lost.code(), Code::Unavailable, "{lost:?}");
    assert!(soon(subscription.next()).await.unwrap().is_none());
    published(&broker, "a", "x").await;
    assert_eq!(fake.said("CONNECT").len(), 2);
}

#[tokio::test]
async fn an_outage_is_told_once_at_both_ends_and_subscriptions_come_back() {
    let (_guard, lines) = capture(LevelFilter::INFO);
    let mut fake = Fake::new().await;
    let broker = broker(&fake);
    let mut subscription = soon(broker.subscribe(&"a".into())).await.unwrap();
    fake.stop().await;
    tokio::time::sleep(Duration::from_millis(100)).await;
    let waiting = tokio::spawn({
        let broker = broker.clone();
        async move { broker.publish("a", Message::new("after")).await }
    });
    tokio::time::sleep(Duration::from_millis(100)).await;
    assert!(!waiting.is_finished());
    fake.start().await;
    soon(waiting).await.unwrap().unwrap();
    assert_eq!(next(&mut subscription).await, Message::new("after"));
    let lines = lines.lock().unwrap();
    let ours: Vec<_> = lines
        .iter()
        .filter_map(|line| line.split_once("Broker [nats] "))
        .collect();
    let port = fake.port;
    let told: Vec<_> = ours
        .iter()
        .map(|(_, told)| told.trim_end().to_owned())
        .collect();
    assert_eq!(
        told,
        [
            format!("is lost, trying on: 127.0.0.1:{port}"),
            format!("is there again: 127.0.0.1:{port}")
        ]
    );
}

/// What an event is told that is not published within 500 ms.
async fn late(broker: &Nats) -> String {
    let builder = Service::builder("shop")
        .registry("memory")
        .transport("memory");
    let service = builder.broker(broker.clone()).build().unwrap();
    let event = Message::new("x");
    let publishing = service
        .publish("t", &event)
        .timeout(Duration::from_millis(500));
    let error = publishing.await.unwrap_err();
    assert_eq!(error.code(), Code::DeadlineExceeded, "{error:?}");
    error.message().to_owned()
}

#[tokio::test]
async fn an_event_that_waits_in_vain_is_told_for_which_server_and_why() {
    let mut fake = Fake::new().await;
    let url = format!("nats://ada:s3cret@127.0.0.1:{}", fake.port);
    let broker = Nats::from_url(&url, Seam::default()).unwrap();
    published(&broker, "t", "x").await;
    let begin = format!(
        "publish: topic \"t\" at broker nats: the deadline passed; nats at 127.0.0.1:{} ",
        fake.port
    );
    fake.fault(Fault::Swallows);
    assert_eq!(late(&broker).await, format!("{begin}has not answered"));
    fake.fault(Fault::None);
    fake.stop().await;
    soon(async {
        // What is on its way when the connection breaks is told otherwise.
        while broker
            .outage("t")
            .is_some_and(|why| why.ends_with("has not answered"))
        {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    })
    .await;
    let told = late(&broker).await;
    let expected = format!("{begin}cannot be reached: IO error: Connection refused");
    assert!(told.starts_with(&expected), "{told}");
    assert!(!told.contains("s3cret") && !told.contains('\n'), "{told}");
    fake.start().await;
    published(&broker, "t", "x").await;
}

#[tokio::test]
async fn an_event_that_a_silent_server_has_not_answered_is_told_so() {
    let silent = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let at = silent.local_addr().unwrap();
    let broker = Nats::from_url(&format!("nats://{at}"), Seam::default()).unwrap();
    let told = late(&broker).await;
    let expected = format!("the deadline passed; nats at {at} has not answered");
    assert!(told.ends_with(&expected), "{told}");
}

#[tokio::test]
async fn a_message_whose_confirmation_is_lost_may_have_been_delivered_and_says_so() {
    let mut fake = Fake::new().await;
    let broker = broker(&fake);
    broker.connect().await.unwrap();
    fake.fault(Fault::Swallows);
    let publishing = broker.publish("a", Message::new("x"));
    let cutting = async {
        fake.heard("PUB _INBOX", 1).await;
        fake.stop().await;
        fake.fault(Fault::None);
        fake.start().await;
    };
    let (published, ()) = soon(async { tokio::join!(publishing, cutting) }).await;
    let error = published.unwrap_err();
    assert_eq!(error.code(), Code::Unavailable);
    assert_eq!(
        error.message(),
        "the connection broke before the server confirmed: the message may have been delivered or not"
    );
    soon(broker.publish("a", Message::new("y"))).await.unwrap();
}

#[tokio::test]
async fn a_server_that_allows_no_confirmations_is_told() {
    let text = "Permissions Violation for Publish to \"INBOX\"".to_owned();
    let fake = Fake::with(Fault::Refuses(text)).await;
    let error = soon(broker(&fake).publish("a", Message::new("x")))
        .await
        .unwrap_err();
    assert_eq!(error.code(), Code::PermissionDenied);
    assert!(
        error
            .message()
            .contains("allow this user to publish and subscribe to _INBOX.>"),
        "{error:?}"
    );
}

#[tokio::test]
async fn what_the_server_does_not_allow_is_told_to_who_wanted_it_alone() {
    let fake = Fake::with(Fault::Forbids("secret")).await;
    let broker = broker(&fake);
    for _ in 0..20 {
        let both = async {
            tokio::join!(
                broker.publish("open", Message::new("x")),
                broker.publish("secret.a", Message::new("x")),
            )
        };
        let (allowed, refused) = soon(both).await;
        allowed.unwrap();
        let error = refused.expect_err("the server refuses it");
        assert_eq!(error.code(), Code::PermissionDenied, "{error:?}");
        assert!(error.message().contains("secret.a"), "{error:?}");
    }
    let error = soon(broker.subscribe(&"secret.b".into()))
        .await
        .unwrap_err();
    assert_eq!(error.code(), Code::PermissionDenied, "{error:?}");
    drop(soon(broker.subscribe(&"open".into())).await.unwrap());
}

#[tokio::test]
async fn many_publishers_share_a_confirmation() {
    let fake = Fake::new().await;
    let broker = broker(&fake);
    broker.connect().await.unwrap();
    let mut publishers = tokio::task::JoinSet::new();
    for _ in 0..100 {
        let broker = broker.clone();
        publishers.spawn(async move { broker.publish("a", Message::new("x")).await });
    }
    for published in soon(publishers.join_all()).await {
        published.unwrap();
    }
    assert_eq!(fake.said("PUB a").len(), 100);
    let rounds = fake.said("PUB _INBOX").len();
    assert!(rounds <= 10, "{rounds} confirmations");
}

#[tokio::test]
async fn what_a_slow_subscriber_cannot_hold_is_counted_and_told() {
    let (_guard, lines) = capture(LevelFilter::WARN);
    let fake = Fake::new().await;
    let url = format!("{}?pending_messages=10", fake.url());
    let broker = Nats::from_url(&url, Seam::default()).unwrap();
    let mut slow = soon(broker.subscribe(&"a".into())).await.unwrap();
    for _ in 0..25 {
        published(&broker, "a", "x").await;
    }
    for _ in 0..10 {
        next(&mut slow).await;
    }
    assert_eq!(broker.dropped(), 15);
    published(&broker, "a", "y").await;
    assert_eq!(next(&mut slow).await, Message::new("y"));
    let lines = lines.lock().unwrap();
    let told: Vec<_> = lines
        .iter()
        .filter_map(|line| line.split_once("Broker [nats] "))
        .collect();
    let told: Vec<_> = told.iter().map(|(_, told)| told.trim_end()).collect();
    assert_eq!(
        told,
        [
            "drops messages of topic a: 10 wait for a subscriber that is too slow",
            "has dropped 15 messages of topic a; its subscriber has caught up"
        ]
    );
}

#[tokio::test]
async fn bytes_are_bounded_as_well_and_one_message_always_fits() {
    let fake = Fake::new().await;
    let url = format!("{}?pending_bytes=1", fake.url());
    let broker = Nats::from_url(&url, Seam::default()).unwrap();
    let mut slow = soon(broker.subscribe(&"a".into())).await.unwrap();
    for body in ["1", "2", "3"] {
        published(&broker, "a", body).await;
    }
    assert_eq!(next(&mut slow).await, Message::new("1"));
    assert_eq!(broker.dropped(), 2);
}

#[tokio::test]
async fn a_subscriber_that_is_not_slow_gets_more_in_one_go_than_may_wait() {
    let fake = Fake::new().await;
    let url = format!("{}?pending_bytes=2097152", fake.url());
    let broker = Nats::from_url(&url, Seam::default()).unwrap();
    let mut subscription = soon(broker.subscribe(&"a".into())).await.unwrap();
    let message = form::encode(&Message::new(vec![b'x'; 1 << 18])).unwrap();
    for _ in 0..20 {
        fake.publish("a", &message);
    }
    for _ in 0..20 {
        assert_eq!(next(&mut subscription).await.body.len(), 1 << 18);
    }
    assert_eq!(broker.dropped(), 0);
}

#[tokio::test]
async fn the_end_of_a_subscription_is_told_to_the_server_before_what_is_left_comes() {
    let fake = Fake::new().await;
    let broker = broker(&fake);
    let mut subscription = soon(broker.subscribe(&"a".into())).await.unwrap();
    published(&broker, "a", "1").await;
    soon(subscription.unsubscribe()).await.unwrap();
    let told = fake.said("UNSUB");
    assert!(
        told.len() == 1 && told[0].ends_with(" 18446744073709551615"),
        "{told:?}"
    );
    soon(fake.heard("UNSUB", 2)).await;
    published(&broker, "a", "late").await;
    assert_eq!(next(&mut subscription).await, Message::new("1"));
    assert!(soon(subscription.next()).await.unwrap().is_none());
}

#[tokio::test]
async fn a_subscription_that_is_dropped_ends_at_the_server() {
    let fake = Fake::new().await;
    let broker = broker(&fake);
    drop(soon(broker.subscribe(&"a".into())).await.unwrap());
    soon(fake.heard("UNSUB", 1)).await;
}

#[tokio::test]
async fn whoever_disconnects_ends_subscriptions_and_may_come_again() {
    let fake = Fake::new().await;
    let broker = broker(&fake);
    let mut subscription = soon(broker.subscribe(&"a".into())).await.unwrap();
    published(&broker, "a", "1").await;
    soon(broker.disconnect()).await.unwrap();
    assert_eq!(next(&mut subscription).await, Message::new("1"));
    assert!(soon(subscription.next()).await.unwrap().is_none());
    published(&broker, "a", "2").await;
    assert_eq!(fake.said("CONNECT").len(), 2);
}

#[tokio::test]
async fn whoever_unsubscribes_while_the_server_is_away_waits_for_nothing() {
    let mut fake = Fake::new().await;
    let broker = broker(&fake);
    let mut subscription = soon(broker.subscribe(&"a".into())).await.unwrap();
    fake.stop().await;
    soon(subscription.unsubscribe()).await.unwrap();
    assert!(soon(subscription.next()).await.unwrap().is_none());
}

#[tokio::test]
async fn nothing_tells_who_the_client_is() {
    let (_guard, lines) = capture(LevelFilter::TRACE);
    let mut fake = Fake::new().await;
    let url = fake.url().replace("//", "//ada:s3cret@");
    let broker = Nats::from_url(&url, Seam::default()).unwrap();
    published(&broker, "a", "x").await;
    assert!(fake.said("CONNECT")[0].contains(r#""user":"ada","pass":"s3cret""#));
    fake.stop().await;
    tokio::time::sleep(Duration::from_millis(100)).await;
    let elsewhere = Nats::from_url(&url, Seam::default()).unwrap();
    let error = soon(elsewhere.connect()).await.unwrap_err();
    let lines = lines.lock().unwrap();
    let shown = format!(
        "{broker:?} {:?} {error:?} {error} {lines:?}",
        broker.address()
    );
    assert!(lines.len() > 10);
    assert!(!shown.contains("s3cret"), "{shown}");
}
