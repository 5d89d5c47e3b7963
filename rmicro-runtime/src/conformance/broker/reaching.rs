//! Who gets a message, and what it looks like then.

use super::Pair;
use crate::broker::{Message, Start, Topic};
use crate::error::Code;

/// Runs every check of who gets a message, each against a pair that `make` gives.
pub async fn all(make: &impl AsyncFn() -> Pair) {
    run_all!(
        make,
        [
            every_subscription_gets_every_message,
            header_and_body_come_as_they_were,
            a_message_without_anything_comes,
            a_mebibyte_comes,
            messages_of_another_topic_do_not_come,
            publishing_to_nobody_is_no_error,
            what_was_published_before_does_not_come,
            what_is_retained_comes_to_whoever_asks,
            a_topic_needs_a_name,
        ]
    );
}

/// Without a queue every subscription gets every message, in one process and in another, published in either.
pub async fn every_subscription_gets_every_message(pair: &Pair) {
    let mut subscriptions = [
        pair.subscribe(&pair.here, pair.topic()).await,
        pair.subscribe(&pair.here, pair.topic()).await,
        pair.subscribe(&pair.there, pair.topic()).await,
    ];
    for publisher in [&pair.here, &pair.there] {
        pair.publish(publisher, "news").await;
        for subscription in &mut subscriptions {
            assert_eq!(pair.next_body(subscription).await, "news");
        }
    }
    for subscription in &mut subscriptions {
        pair.nothing(subscription).await;
    }
}

/// Header and body come as they were: names in their case, values and bytes of any kind; brokers may add names.
pub async fn header_and_body_come_as_they_were(pair: &Pair) {
    let mut subscription = pair.subscribe(&pair.there, pair.topic()).await;
    let sent = Message::new(&[0, 255, b'\n', 0][..])
        .header("Content-Type", "application/octet-stream")
        .header("id", "naïve: \"7\", ∞")
        .header("Empty", "");
    pair.publish_message(&pair.here, sent.clone()).await;
    let delivery = pair.next(&mut subscription).await;
    let got = delivery.message();
    assert_eq!(got.body, sent.body);
    for pair in sent.header.iter() {
        assert!(
            got.header.iter().any(|got| got == pair),
            "{pair:?} is not in {:?}",
            got.header
        );
    }
    assert_eq!(&**delivery.topic(), pair.name);
    delivery
        .ack()
        .await
        .expect("a delivery can be acknowledged");
}

/// A message may have neither header nor body.
pub async fn a_message_without_anything_comes(pair: &Pair) {
    let mut subscription = pair.subscribe(&pair.there, pair.topic()).await;
    pair.publish_message(&pair.here, Message::default()).await;
    assert_eq!(pair.next_body(&mut subscription).await, "");
}

/// A body of a mebibyte comes whole.
pub async fn a_mebibyte_comes(pair: &Pair) {
    let mut subscription = pair.subscribe(&pair.there, pair.topic()).await;
    let body: Vec<u8> = (0..1 << 20)
        .map(|at: u32| at.to_le_bytes()[at as usize % 3])
        .collect();
    let message = Message::new(body);
    pair.publish_message(&pair.here, message.clone()).await;
    let delivery = pair.next(&mut subscription).await;
    assert!(
        delivery.message().body == message.body,
        "the body has changed"
    );
    delivery
        .ack()
        .await
        .expect("a delivery can be acknowledged");
}

/// A subscription has the messages of its topic alone.
pub async fn messages_of_another_topic_do_not_come(pair: &Pair) {
    let mut subscription = pair.subscribe(&pair.here, pair.topic()).await;
    let other = Topic::new(format!("{}-other", pair.name));
    let mut others = pair.subscribe(&pair.here, other.clone()).await;
    let published = pair
        .there
        .publish(other.name(), Message::new("other"))
        .await;
    published.expect("a message can be published");
    pair.publish(&pair.there, "own").await;
    assert_eq!(pair.next_body(&mut subscription).await, "own");
    assert_eq!(pair.next_body(&mut others).await, "other");
    pair.nothing(&mut subscription).await;
}

/// A message may be published to a topic that nobody has subscribed to.
pub async fn publishing_to_nobody_is_no_error(pair: &Pair) {
    pair.publish_numbers(&pair.here, 0..3).await;
}

/// A subscription that starts with what is new has nothing of before.
pub async fn what_was_published_before_does_not_come(pair: &Pair) {
    pair.publish(&pair.here, "before").await;
    let mut subscription = pair.subscribe(&pair.there, pair.topic()).await;
    pair.publish(&pair.here, "after").await;
    assert_eq!(pair.next_body(&mut subscription).await, "after");
    pair.nothing(&mut subscription).await;
}

/// A broker that retains gives a subscription that starts with the earliest message all of them; any other refuses.
pub async fn what_is_retained_comes_to_whoever_asks(pair: &Pair) {
    pair.publish_numbers(&pair.here, 0..3).await;
    let earliest = pair.queue().start(Start::Earliest);
    if !pair.can().retains {
        let error = pair
            .there
            .subscribe(&earliest)
            .await
            .expect_err("it retains nothing");
        assert_eq!(error.code(), Code::Unimplemented, "{error:?}");
        return;
    }
    let mut subscription = pair.subscribe(&pair.there, earliest).await;
    pair.publish_numbers(&pair.here, 3..5).await;
    pair.share([&mut subscription], 5).await;
}

/// An empty topic is refused.
pub async fn a_topic_needs_a_name(pair: &Pair) {
    let published = pair.here.publish("", Message::new("x")).await;
    let published = published.expect_err("the topic has no name");
    let subscribed = pair.here.subscribe(&Topic::new("")).await;
    let subscribed = subscribed.expect_err("the topic has no name");
    for error in [published, subscribed] {
        assert_eq!(error.code(), Code::InvalidArgument, "{error:?}");
    }
}
