//! How the subscriptions of a queue share its messages.

use super::Pair;
use super::pair::body;

/// How many messages are shared.
const MESSAGES: usize = 90;

/// Runs every check of queues, each against a pair that `make` gives.
pub async fn all(make: &impl AsyncFn() -> Pair) {
    run_all!(
        make,
        [
            a_queue_of_one_process_is_shared_evenly,
            a_queue_of_two_processes_is_shared_evenly,
            a_queue_and_a_plain_subscription_both_get_a_message,
            two_queues_both_get_a_message,
            a_queue_is_of_its_topic_alone,
            whoever_joins_a_queue_gets_a_share,
        ]
    );
}

/// Each message goes to one of two subscriptions in one process, and neither starves.
pub async fn a_queue_of_one_process_is_shared_evenly(pair: &Pair) {
    let mut one = pair.subscribe(&pair.here, pair.queue()).await;
    let mut other = pair.subscribe(&pair.here, pair.queue()).await;
    pair.publish_numbers(&pair.there, 0..MESSAGES).await;
    is_even(&pair.share([&mut one, &mut other], MESSAGES).await);
    pair.nothing(&mut one).await;
    pair.nothing(&mut other).await;
}

/// Each message goes to one of three subscriptions in two processes, and none starves.
pub async fn a_queue_of_two_processes_is_shared_evenly(pair: &Pair) {
    let mut here = pair.subscribe(&pair.here, pair.queue()).await;
    let mut also_here = pair.subscribe(&pair.here, pair.queue()).await;
    let mut there = pair.subscribe(&pair.there, pair.queue()).await;
    pair.publish_numbers(&pair.here, 0..MESSAGES).await;
    is_even(
        &pair
            .share([&mut here, &mut also_here, &mut there], MESSAGES)
            .await,
    );
    for subscription in [&mut here, &mut also_here, &mut there] {
        pair.nothing(subscription).await;
    }
}

/// A queue takes nothing from a subscription without one.
pub async fn a_queue_and_a_plain_subscription_both_get_a_message(pair: &Pair) {
    let mut plain = pair.subscribe(&pair.here, pair.topic()).await;
    let mut queued = pair.subscribe(&pair.there, pair.queue()).await;
    pair.publish_numbers(&pair.here, 0..5).await;
    pair.share([&mut plain], 5).await;
    pair.share([&mut queued], 5).await;
}

/// Two queues each get every message.
pub async fn two_queues_both_get_a_message(pair: &Pair) {
    let mut one = pair.subscribe(&pair.here, pair.topic().queue("one")).await;
    let mut two = pair.subscribe(&pair.here, pair.topic().queue("two")).await;
    pair.publish_numbers(&pair.there, 0..5).await;
    pair.share([&mut one], 5).await;
    pair.share([&mut two], 5).await;
}

/// Two topics may have queues of one name, which are two queues.
pub async fn a_queue_is_of_its_topic_alone(pair: &Pair) {
    let mut own = pair.subscribe(&pair.here, pair.queue()).await;
    let other = crate::broker::Topic::new(format!("{}-other", pair.name)).queue("queue");
    let mut others = pair.subscribe(&pair.here, other).await;
    pair.publish_numbers(&pair.here, 0..5).await;
    pair.share([&mut own], 5).await;
    pair.nothing(&mut others).await;
}

/// A subscription that joins a queue gets a share of what is published from then on.
pub async fn whoever_joins_a_queue_gets_a_share(pair: &Pair) {
    let mut first = pair.subscribe(&pair.here, pair.queue()).await;
    pair.publish(&pair.here, "first").await;
    let delivery = pair.next(&mut first).await;
    assert_eq!(body(&delivery), "first");
    delivery
        .ack()
        .await
        .expect("a delivery can be acknowledged");
    let mut second = pair.subscribe(&pair.there, pair.queue()).await;
    pair.publish_numbers(&pair.here, 0..MESSAGES).await;
    is_even(&pair.share([&mut first, &mut second], MESSAGES).await);
}

/// Whether everybody had a third of a fair share at least, which a broker that chooses by chance gives, too.
fn is_even(shares: &[usize]) {
    let fair = shares.iter().sum::<usize>() / shares.len();
    assert!(
        shares.iter().all(|share| *share >= fair / 3),
        "{shares:?} are no even shares"
    );
}
