//! How subscriptions end.

use super::Pair;
use crate::broker::Ordered;

/// Runs every check of the end of subscriptions, each against a pair that `make` gives.
pub async fn all(make: &impl AsyncFn() -> Pair) {
    run_all!(
        make,
        [
            what_was_delivered_before_the_end_still_comes,
            the_last_of_a_queue_leaves_nothing_behind,
            after_the_end_nothing_new_comes,
            the_end_may_be_asked_for_twice,
            a_dropped_subscription_disturbs_nobody,
            a_queue_goes_on_with_those_who_stay,
            a_hand_over_loses_nothing_and_doubles_nothing,
            whoever_stops_waiting_for_a_message_loses_none,
        ]
    );
}

/// What was delivered before the end is pulled after it, in its order where the broker has one.
pub async fn what_was_delivered_before_the_end_still_comes(pair: &Pair) {
    let topic = pair.topic().in_flight(1);
    let mut subscription = pair.subscribe(&pair.there, topic).await;
    pair.publish_numbers(&pair.here, 0..3).await;
    let mut all = vec![pair.next_body(&mut subscription).await];
    pair.unsubscribe(&mut subscription).await;
    all.extend(pair.rest(&mut subscription).await);
    if pair.can().ordered < Ordered::Subscription {
        all.sort();
        all.dedup();
        assert!(all.iter().all(|body| ["0", "1", "2"].contains(&&**body)));
    } else {
        let all: Vec<_> = all.iter().map(String::as_str).collect();
        assert!(["0", "1", "2"].starts_with(&all), "{all:?}");
    }
}

/// When the last subscription of a queue ends it gets what waits for the queue, or the queue's next one does.
pub async fn the_last_of_a_queue_leaves_nothing_behind(pair: &Pair) {
    if !pair.can().at_least_once {
        return;
    }
    let mut last = pair.subscribe(&pair.there, pair.queue().in_flight(2)).await;
    pair.publish_numbers(&pair.here, 0..6).await;
    pair.next_body(&mut last).await;
    pair.unsubscribe(&mut last).await;
    let rest = pair.rest(&mut last).await;
    let mut next = pair.subscribe(&pair.here, pair.queue()).await;
    pair.share([&mut next], 5 - rest.len()).await;
    pair.nothing(&mut next).await;
}

/// What is published after the end does not come, and the end stays.
pub async fn after_the_end_nothing_new_comes(pair: &Pair) {
    let mut subscription = pair.subscribe(&pair.there, pair.topic()).await;
    pair.unsubscribe(&mut subscription).await;
    pair.publish(&pair.here, "late").await;
    for _ in 0..2 {
        assert_eq!(pair.rest(&mut subscription).await, [""; 0]);
    }
}

/// Asking for the end again changes nothing.
pub async fn the_end_may_be_asked_for_twice(pair: &Pair) {
    let mut ends = pair.subscribe(&pair.there, pair.queue()).await;
    let mut stays = pair.subscribe(&pair.there, pair.queue()).await;
    pair.unsubscribe(&mut ends).await;
    pair.unsubscribe(&mut ends).await;
    pair.publish(&pair.here, "x").await;
    assert_eq!(pair.next_body(&mut stays).await, "x");
    assert_eq!(pair.rest(&mut ends).await, [""; 0]);
    pair.unsubscribe(&mut ends).await;
}

/// A subscription that is dropped takes no other with it and fails no publisher.
pub async fn a_dropped_subscription_disturbs_nobody(pair: &Pair) {
    let dropped = pair.subscribe(&pair.here, pair.topic()).await;
    let mut stays = pair.subscribe(&pair.here, pair.topic()).await;
    drop(dropped);
    pair.told().await;
    pair.publish(&pair.there, "x").await;
    assert_eq!(pair.next_body(&mut stays).await, "x");
}

/// When a subscription of a queue ends, the others get everything.
pub async fn a_queue_goes_on_with_those_who_stay(pair: &Pair) {
    let mut ends = pair.subscribe(&pair.here, pair.queue()).await;
    let mut stays = pair.subscribe(&pair.there, pair.queue()).await;
    pair.unsubscribe(&mut ends).await;
    drop(ends);
    pair.told().await;
    pair.publish_numbers(&pair.here, 0..20).await;
    assert_eq!(pair.share([&mut stays], 20).await, [20]);
}

/// While messages are published one subscription of a queue ends and another begins: each message comes to one of them, once.
pub async fn a_hand_over_loses_nothing_and_doubles_nothing(pair: &Pair) {
    const PART: usize = 50;
    let mut stays = pair.subscribe(&pair.there, pair.queue()).await;
    let mut ends = pair.subscribe(&pair.here, pair.queue()).await;
    pair.publish_numbers(&pair.here, 0..PART).await;
    let ((), ()) = tokio::join!(
        pair.publish_numbers(&pair.here, PART..2 * PART),
        pair.unsubscribe(&mut ends),
    );
    let rest = pair.rest(&mut ends).await;
    let mut begins = pair.subscribe(&pair.here, pair.queue()).await;
    pair.publish_numbers(&pair.here, 2 * PART..3 * PART).await;
    let of_others = 3 * PART - rest.len();
    pair.share([&mut stays, &mut begins], of_others).await;
    pair.nothing(&mut stays).await;
    pair.nothing(&mut begins).await;
}

/// Waiting for a message may be given up at any time.
pub async fn whoever_stops_waiting_for_a_message_loses_none(pair: &Pair) {
    let mut subscription = pair.subscribe(&pair.there, pair.topic()).await;
    let publishing = pair.publish_numbers(&pair.here, 0..50);
    let pulling = async {
        let mut pulled = 0;
        while pulled < 50 {
            let waiting = tokio::select! {
                biased;
                next = subscription.next() => Some(next),
                () = tokio::task::yield_now() => None,
            };
            let Some(next) = waiting else { continue };
            let delivery = next.expect("a subscription is not lost");
            let delivery = delivery.expect("a subscription does not end by itself");
            delivery
                .ack()
                .await
                .expect("a delivery can be acknowledged");
            pulled += 1;
        }
    };
    let limit = pair.clock.now().after(std::time::Duration::from_secs(30));
    let both = async { tokio::join!(publishing, pulling) };
    pair.clock
        .until(limit, both)
        .await
        .expect("no message is lost");
}
