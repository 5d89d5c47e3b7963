//! In which order messages come.

use super::Pair;
use super::pair::body;
use crate::broker::{Message, Ordered};

/// Runs every check of order, each against a pair that `make` gives.
pub async fn all(make: &impl AsyncFn() -> Pair) {
    run_all!(
        make,
        [
            a_subscription_gets_messages_in_their_order,
            one_message_of_a_key_is_in_flight,
            a_message_that_is_given_back_comes_before_those_of_its_key,
            keys_do_not_wait_for_each_other,
        ]
    );
}

/// The messages of one publisher come in the order in which they were published.
pub async fn a_subscription_gets_messages_in_their_order(pair: &Pair) {
    if pair.can().ordered < Ordered::Subscription {
        return;
    }
    let mut queued = pair.subscribe(&pair.there, pair.queue()).await;
    let mut plain = pair.subscribe(&pair.there, pair.topic()).await;
    pair.publish_numbers(&pair.here, 0..200).await;
    for number in 0..200 {
        assert_eq!(pair.next_number(&mut queued).await, number);
        assert_eq!(pair.next_number(&mut plain).await, number);
    }
}

/// However many share a queue, the next message of a key comes when the one before is done.
pub async fn one_message_of_a_key_is_in_flight(pair: &Pair) {
    if pair.can().ordered < Ordered::Key {
        return;
    }
    let mut one = pair.subscribe(&pair.here, pair.queue()).await;
    let mut other = pair.subscribe(&pair.there, pair.queue()).await;
    for number in 0..6 {
        keyed(pair, number, "key").await;
    }
    for number in 0..6 {
        let delivery = tokio::select! {
            biased;
            delivery = pair.next(&mut one) => delivery,
            delivery = pair.next(&mut other) => delivery,
        };
        assert_eq!(body(&delivery), number.to_string());
        pair.nothing(&mut one).await;
        pair.nothing(&mut other).await;
        delivery
            .ack()
            .await
            .expect("a delivery can be acknowledged");
    }
}

/// A message that is given back is not overtaken by those of its key.
pub async fn a_message_that_is_given_back_comes_before_those_of_its_key(pair: &Pair) {
    if pair.can().ordered < Ordered::Key || !pair.can().requeue {
        return;
    }
    let mut subscription = pair.subscribe(&pair.there, pair.queue()).await;
    for number in 0..3 {
        keyed(pair, number, "key").await;
    }
    for number in 0..3 {
        for _ in 0..3 {
            let delivery = pair.next(&mut subscription).await;
            assert_eq!(body(&delivery), number.to_string());
            delivery
                .requeue()
                .await
                .expect("a delivery can be given back");
        }
        assert_eq!(pair.next_number(&mut subscription).await, number);
    }
}

/// A key that is in flight holds up no other key.
pub async fn keys_do_not_wait_for_each_other(pair: &Pair) {
    if pair.can().ordered < Ordered::Key {
        return;
    }
    let mut subscription = pair.subscribe(&pair.there, pair.queue()).await;
    for (number, key) in [(0, "a"), (1, "a"), (2, "b"), (3, "c")] {
        keyed(pair, number, key).await;
    }
    pair.publish(&pair.here, "4").await;
    let mut held = Vec::new();
    for expected in ["0", "2", "3", "4"] {
        let delivery = pair.next(&mut subscription).await;
        assert_eq!(body(&delivery), expected);
        held.push(delivery);
    }
    drop(held.drain(1..));
    pair.next_body(&mut subscription).await;
    held.remove(0)
        .ack()
        .await
        .expect("a delivery can be acknowledged");
    while pair.next_number(&mut subscription).await != 1 {}
}

async fn keyed(pair: &Pair, number: usize, key: &str) {
    let message = Message::new(number.to_string()).keyed(key);
    pair.publish_message(&pair.here, message).await;
}
