//! How deliveries end.

use super::Pair;
use super::pair::body;
use crate::broker::Ack;
use crate::error::Code;

/// Runs every check of the end of deliveries, each against a pair that `make` gives.
pub async fn all(make: &impl AsyncFn() -> Pair) {
    run_all!(
        make,
        [
            a_first_delivery_is_the_first_attempt,
            what_is_acknowledged_does_not_come_again,
            what_is_rejected_does_not_come_again,
            what_is_given_back_comes_again,
            what_is_given_back_comes_again_and_again,
            what_a_lost_subscription_had_comes_to_another,
            what_is_done_on_delivery_does_not_come_again,
            a_delivery_may_be_settled_by_another_task,
        ]
    );
}

/// A message that comes for the first time says so.
pub async fn a_first_delivery_is_the_first_attempt(pair: &Pair) {
    let mut subscription = pair.subscribe(&pair.there, pair.queue()).await;
    pair.publish(&pair.here, "x").await;
    let delivery = pair.next(&mut subscription).await;
    assert_eq!(delivery.attempt(), 1);
    delivery
        .ack()
        .await
        .expect("a delivery can be acknowledged");
}

/// A message that was acknowledged is done.
pub async fn what_is_acknowledged_does_not_come_again(pair: &Pair) {
    let mut subscription = pair.subscribe(&pair.there, pair.queue()).await;
    pair.publish_numbers(&pair.here, 0..3).await;
    pair.share([&mut subscription], 3).await;
    pair.nothing(&mut subscription).await;
}

/// A message that was rejected is done, for everybody in its queue.
pub async fn what_is_rejected_does_not_come_again(pair: &Pair) {
    let mut subscription = pair.subscribe(&pair.there, pair.queue()).await;
    pair.publish(&pair.here, "bad").await;
    let delivery = pair.next(&mut subscription).await;
    delivery.reject().await.expect("a delivery can be rejected");
    let mut other = pair.subscribe(&pair.here, pair.queue()).await;
    pair.nothing(&mut subscription).await;
    pair.nothing(&mut other).await;
}

/// A message that is given back comes again as a further attempt; a broker that cannot do that refuses.
pub async fn what_is_given_back_comes_again(pair: &Pair) {
    let mut subscription = pair.subscribe(&pair.there, pair.queue()).await;
    pair.publish(&pair.here, "again").await;
    let given_back = pair.next(&mut subscription).await.requeue().await;
    if !pair.can().requeue {
        let error = given_back.expect_err("it cannot give back");
        assert_eq!(error.code(), Code::Unimplemented, "{error:?}");
        return;
    }
    given_back.expect("a delivery can be given back");
    let delivery = pair.next(&mut subscription).await;
    assert_eq!(body(&delivery), "again");
    let counted = if pair.can().redelivery_count { 2 } else { 1 };
    assert_eq!(delivery.attempt(), counted);
    delivery
        .ack()
        .await
        .expect("a delivery can be acknowledged");
    pair.nothing(&mut subscription).await;
}

/// Nothing limits how often a message is given back, and every attempt is counted.
pub async fn what_is_given_back_comes_again_and_again(pair: &Pair) {
    if !pair.can().requeue {
        return;
    }
    let mut subscription = pair.subscribe(&pair.there, pair.queue()).await;
    pair.publish(&pair.here, "again").await;
    for attempt in 1..=20 {
        let delivery = pair.next(&mut subscription).await;
        if pair.can().redelivery_count {
            assert_eq!(delivery.attempt(), attempt);
        }
        delivery
            .requeue()
            .await
            .expect("a delivery can be given back");
    }
    assert_eq!(pair.next_body(&mut subscription).await, "again");
}

/// What a subscription had pulled and not settled, and what it had not pulled, comes to another one of its queue.
pub async fn what_a_lost_subscription_had_comes_to_another(pair: &Pair) {
    if !pair.can().at_least_once {
        return;
    }
    let mut lost = pair.subscribe(&pair.here, pair.queue()).await;
    pair.publish_numbers(&pair.there, 0..5).await;
    let pulled = pair.next(&mut lost).await;
    let mut other = pair.subscribe(&pair.there, pair.queue()).await;
    drop(pulled);
    drop(lost);
    pair.told().await;
    let mut seen = std::collections::BTreeSet::new();
    while seen.len() < 5 {
        seen.insert(pair.next_number(&mut other).await);
    }
}

/// A message that is done when it is delivered is done, whatever becomes of it.
pub async fn what_is_done_on_delivery_does_not_come_again(pair: &Pair) {
    let topic = pair.queue().ack(Ack::OnDelivery);
    let mut subscription = pair.subscribe(&pair.there, topic).await;
    pair.publish_numbers(&pair.here, 0..3).await;
    drop(pair.next(&mut subscription).await);
    let delivery = pair.next(&mut subscription).await;
    delivery
        .ack()
        .await
        .expect("to acknowledge it means nothing");
    let delivery = pair.next(&mut subscription).await;
    delivery.reject().await.expect("to reject it means nothing");
    pair.nothing(&mut subscription).await;
}

/// Deliveries may be settled in any order, by whoever has them.
pub async fn a_delivery_may_be_settled_by_another_task(pair: &Pair) {
    let mut subscription = pair.subscribe(&pair.there, pair.queue()).await;
    pair.publish_numbers(&pair.here, 0..3).await;
    let mut deliveries = Vec::new();
    for _ in 0..3 {
        deliveries.push(pair.next(&mut subscription).await);
    }
    let settling = async move {
        for delivery in deliveries.into_iter().rev() {
            delivery
                .ack()
                .await
                .expect("a delivery can be acknowledged");
        }
    };
    tokio::spawn(settling).await.expect("it does not panic");
    pair.nothing(&mut subscription).await;
}
