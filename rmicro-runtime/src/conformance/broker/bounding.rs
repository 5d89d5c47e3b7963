//! How much is in flight, and what becomes of the rest.

use super::Pair;

/// Runs every check of bounds, each against a pair that `make` gives.
pub async fn all(make: &impl AsyncFn() -> Pair) {
    run_all!(
        make,
        [
            so_many_are_in_flight_and_no_more,
            what_one_cannot_take_another_gets,
            a_slow_subscriber_loses_nothing,
        ]
    );
}

/// A subscription that has as many in flight as it may gets the next one when one of them ends.
pub async fn so_many_are_in_flight_and_no_more(pair: &Pair) {
    if !pair.can().bounded_in_flight {
        return;
    }
    let topic = pair.queue().in_flight(2);
    let mut subscription = pair.subscribe(&pair.there, topic).await;
    pair.publish_numbers(&pair.here, 0..4).await;
    let first = pair.next(&mut subscription).await;
    let _second = pair.next(&mut subscription).await;
    pair.nothing(&mut subscription).await;
    first.ack().await.expect("a delivery can be acknowledged");
    let third = pair.next(&mut subscription).await;
    pair.nothing(&mut subscription).await;
    third.reject().await.expect("a delivery can be rejected");
    let _fourth = pair.next(&mut subscription).await;
}

/// Of a queue, whoever has room gets what waits while another has none.
pub async fn what_one_cannot_take_another_gets(pair: &Pair) {
    if !pair.can().bounded_in_flight {
        return;
    }
    let topic = pair.queue().in_flight(1);
    let mut stuck = pair.subscribe(&pair.here, topic.clone()).await;
    pair.publish_numbers(&pair.there, 0..6).await;
    let _held = pair.next(&mut stuck).await;
    let mut quick = pair.subscribe(&pair.there, topic).await;
    pair.share([&mut quick], 5).await;
}

/// A publisher that is faster than its subscriber loses nothing, where publishing is confirmed.
pub async fn a_slow_subscriber_loses_nothing(pair: &Pair) {
    const MESSAGES: usize = 500;
    let topic = pair.queue().in_flight(3);
    let mut slow = pair.subscribe(&pair.there, topic).await;
    let publishing = pair.publish_numbers(&pair.here, 0..MESSAGES);
    let pulling = async {
        for _ in 0..3 {
            tokio::task::yield_now().await;
        }
        pair.share([&mut slow], if pair.can().confirms { MESSAGES } else { 1 })
            .await
    };
    tokio::join!(publishing, pulling);
}
