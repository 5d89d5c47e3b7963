//! What the memory broker adds to the contract: room, waiting publishers, and subscribers that come and go under load.

use std::collections::BTreeMap;
use std::future::poll_fn;
use std::pin::pin;
use std::task::Poll;
use std::time::Duration;

use super::*;
use crate::broker::{Ack, Delivery};
use crate::seam::Clock;

async fn pull(subscription: &mut Subscription) -> Delivery {
    subscription.next().await.unwrap().unwrap()
}

/// Polls `future` once.
async fn once<F: Future + Unpin>(future: &mut F) -> Poll<F::Output> {
    poll_fn(|cx| Poll::Ready(std::pin::Pin::new(&mut *future).poll(cx))).await
}

fn number(delivery: &Delivery) -> usize {
    let text = std::str::from_utf8(&delivery.message().body).unwrap();
    text.parse().unwrap()
}

#[tokio::test]
async fn a_publisher_waits_while_one_group_has_no_room_and_then_reaches_all() {
    let broker = Memory::new().backlog(1);
    let topic = Topic::new("t").in_flight(1);
    let mut stuck = broker.subscribe(&topic).await.unwrap();
    let mut free = broker.subscribe(&Topic::new("t")).await.unwrap();
    for _ in 0..2 {
        broker.publish("t", Message::new("1")).await.unwrap();
    }
    let mut waiting = broker.publish("t", Message::new("2"));
    assert!(once(&mut waiting).await.is_pending());
    let mut given_up = broker.publish("t", Message::new("3"));
    assert!(once(&mut given_up).await.is_pending());
    drop(given_up);
    pull(&mut stuck).await.ack().await.unwrap();
    waiting.await.unwrap();
    for expected in [1, 2] {
        let delivery = pull(&mut stuck).await;
        assert_eq!(number(&delivery), expected);
        delivery.ack().await.unwrap();
    }
    for expected in [1, 1, 2] {
        let delivery = pull(&mut free).await;
        assert_eq!(number(&delivery), expected);
        delivery.ack().await.unwrap();
    }
    let mut nothing = std::pin::pin!(free.next());
    assert!(once(&mut nothing).await.is_pending());
}

#[tokio::test]
async fn a_publisher_goes_on_when_the_one_who_has_no_room_leaves() {
    let broker = Memory::new().backlog(1);
    let stuck = broker.subscribe(&Topic::new("t").in_flight(1)).await;
    let stuck = stuck.unwrap();
    for _ in 0..2 {
        broker.publish("t", Message::new("x")).await.unwrap();
    }
    let publishing = tokio::spawn({
        let broker = broker.clone();
        async move { broker.publish("t", Message::new("x")).await }
    });
    tokio::task::yield_now().await;
    assert!(!publishing.is_finished());
    drop(stuck);
    publishing.await.unwrap().unwrap();
    assert_eq!(format!("{broker:?}"), "Memory { topics: [], .. }");
}

#[tokio::test]
async fn what_was_not_pulled_goes_back_in_its_order() {
    let broker = Memory::new();
    let topic = Topic::new("t").queue("q").in_flight(4);
    let mut lost = broker.subscribe(&topic).await.unwrap();
    for number in 0..8 {
        let message = Message::new(number.to_string());
        broker.publish("t", message).await.unwrap();
    }
    pull(&mut lost).await.ack().await.unwrap();
    let stays = broker.subscribe(&topic.in_flight(1)).await.unwrap();
    let mut stays = stays;
    drop(lost);
    let mut order = Vec::new();
    for _ in 1..8 {
        let delivery = pull(&mut stays).await;
        order.push(number(&delivery));
        delivery.ack().await.unwrap();
    }
    // The fifth was on its way to whoever stayed.
    order.retain(|number| *number != 5);
    assert_eq!(order, [1, 2, 3, 4, 6, 7]);
}

#[tokio::test]
async fn those_behind_a_key_come_when_it_goes_to_somebody_who_settles_nothing() {
    let broker = Memory::new();
    let topic = Topic::new("t").queue("q").in_flight(1);
    let mut settles = broker.subscribe(&topic).await.unwrap();
    for number in 0..3 {
        let message = Message::new(number.to_string()).keyed("key");
        broker.publish("t", message).await.unwrap();
    }
    let first = settles.next().await.unwrap().unwrap();
    let on_delivery = topic.ack(Ack::OnDelivery).in_flight(8);
    let mut takes = broker.subscribe(&on_delivery).await.unwrap();
    first.requeue().await.unwrap();
    drop(settles);
    for expected in 0..3 {
        let mut next = pin!(takes.next());
        let Poll::Ready(delivery) = once(&mut next).await else {
            panic!("{expected} does not come");
        };
        assert_eq!(number(&delivery.unwrap().unwrap()), expected);
    }
}

/// Pulls until it has ended; leaves in one of three ways after a few deliveries, and begins again until `last`.
async fn churn(
    broker: Memory,
    seed: usize,
    mut last: tokio::sync::watch::Receiver<bool>,
) -> Vec<usize> {
    let topic = Topic::new("t").queue("q").in_flight(1 + seed % 5);
    let (mut handled, mut round) = (Vec::new(), seed);
    loop {
        let mut subscription = broker.subscribe(&topic).await.unwrap();
        for _ in 0..round % 37 {
            let delivery = tokio::select! {
                biased;
                delivery = subscription.next() => delivery.unwrap(),
                _ = last.wait_for(|last| *last) => None,
            };
            let Some(delivery) = delivery else { break };
            match (number(&delivery) + round) % 7 {
                0 => delivery.requeue().await.unwrap(),
                1 => drop(delivery),
                _ => {
                    handled.push(number(&delivery));
                    delivery.ack().await.unwrap();
                }
            }
        }
        round += 1;
        if round.is_multiple_of(2) {
            subscription.unsubscribe().await.unwrap();
            while let Some(delivery) = subscription.next().await.unwrap() {
                handled.push(number(&delivery));
                delivery.ack().await.unwrap();
            }
        }
        if *last.borrow() {
            return handled;
        }
        tokio::task::yield_now().await;
    }
}

/// Handles everything until `last`, and then what is left.
async fn stay(
    mut subscription: Subscription,
    mut last: tokio::sync::watch::Receiver<bool>,
) -> Vec<usize> {
    let mut handled = Vec::new();
    let mut left = false;
    loop {
        let delivery = tokio::select! {
            biased;
            delivery = subscription.next() => delivery.unwrap(),
            _ = last.wait_for(|last| *last), if !left => {
                left = true;
                continue;
            }
            // By then those who churn have given back what they had.
            () = Clock::default().sleep(Duration::from_millis(500)), if left => return handled,
        };
        let delivery = delivery.expect("nobody unsubscribes");
        handled.push(number(&delivery));
        delivery.ack().await.unwrap();
    }
}

/// Publishes the numbers of `range`, every third with a key.
async fn publish(broker: Memory, range: std::ops::Range<usize>) {
    for number in range {
        let message = Message::new(number.to_string());
        let message = if number.is_multiple_of(3) {
            message.keyed((number % 10).to_string())
        } else {
            message
        };
        broker.publish("t", message).await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn subscribers_that_come_and_go_lose_nothing_and_double_nothing() {
    const PUBLISHERS: usize = 3;
    const EACH: usize = 4000;
    let broker = Memory::new().backlog(16);
    // One who stays, so that the queue does.
    let stays = broker.subscribe(&Topic::new("t").queue("q")).await.unwrap();
    let (end, last) = tokio::sync::watch::channel(false);
    let mut handling = vec![tokio::spawn(stay(stays, last.clone()))];
    for seed in 0..4 {
        handling.push(tokio::spawn(churn(broker.clone(), seed * 11, last.clone())));
    }
    let publishing: Vec<_> = (0..PUBLISHERS)
        .map(|first| publish(broker.clone(), first * EACH..(first + 1) * EACH))
        .map(tokio::spawn)
        .collect();
    for publisher in publishing {
        publisher.await.unwrap();
    }
    end.send_replace(true);
    let mut counts = BTreeMap::new();
    for handler in handling {
        for number in handler.await.unwrap() {
            *counts.entry(number).or_insert(0) += 1;
        }
    }
    let all = 0..PUBLISHERS * EACH;
    let lost: Vec<_> = all.filter(|number| !counts.contains_key(number)).collect();
    counts.retain(|_, count| *count > 1);
    assert!(lost.is_empty(), "lost {lost:?}");
    assert!(counts.is_empty(), "doubled {counts:?}");
}
