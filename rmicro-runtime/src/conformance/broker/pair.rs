//! Two brokers that see each other, and how checks publish, pull and wait.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use crate::broker::{Broker, Capabilities, Delivery, Message, Subscription, Topic};
use crate::seam::{Chance, Clock};

/// Two brokers that carry each other's messages: two clones, two clients of one server, two nodes that find each other.
#[derive(Debug)]
pub struct Pair {
    pub(super) here: Arc<dyn Broker>,
    pub(super) there: Arc<dyn Broker>,
    pub(super) clock: Clock,
    patience: Duration,
    quiet: Duration,
    propagation: Duration,
    /// The name of the topic, unlike that of any other pair.
    pub(super) name: String,
}

impl Pair {
    /// A pair in which everything comes within ten seconds, and nothing comes that has not come within a fifth of a second.
    pub fn new(here: Arc<dyn Broker>, there: Arc<dyn Broker>) -> Self {
        Self {
            here,
            there,
            clock: Clock::default(),
            patience: Duration::from_secs(10),
            quiet: Duration::from_millis(200),
            propagation: Duration::ZERO,
            name: format!("conformance-{}", Chance::default().uuid()),
        }
    }

    /// Sets how long a message may take at most, given back ones included, on a machine that is busy.
    #[must_use]
    pub fn patience(self, patience: Duration) -> Self {
        Self { patience, ..self }
    }

    /// Sets how long to wait for what is not to come.
    #[must_use]
    pub fn quiet(self, quiet: Duration) -> Self {
        Self { quiet, ..self }
    }

    /// Sets how long it takes until the other side has learned that somebody subscribed or unsubscribed, where brokers tell each
    /// other through a registry.
    #[must_use]
    pub fn propagation(self, propagation: Duration) -> Self {
        Self {
            propagation,
            ..self
        }
    }

    /// What both of them can.
    pub(super) fn can(&self) -> Capabilities {
        let can = self.here.capabilities();
        assert_eq!(can, self.there.capabilities(), "both are of one kind");
        can
    }

    /// The pair's topic.
    pub(super) fn topic(&self) -> Topic {
        Topic::new(&*self.name)
    }

    /// The pair's topic with a queue.
    pub(super) fn queue(&self) -> Topic {
        self.topic().queue("queue")
    }

    /// Subscribes at `broker`, and waits until both sides know.
    pub(super) async fn subscribe(&self, broker: &Arc<dyn Broker>, topic: Topic) -> Subscription {
        let subscribed = broker.subscribe(&topic).await;
        let subscription = subscribed.expect("a topic can be subscribed to");
        self.told().await;
        subscription
    }

    /// Unsubscribes, and waits until both sides know.
    pub(super) async fn unsubscribe(&self, subscription: &mut Subscription) {
        let ended = subscription.unsubscribe().await;
        ended.expect("a subscription can be ended");
        self.told().await;
    }

    /// Waits until both sides know who has subscribed.
    pub(super) async fn told(&self) {
        if !self.propagation.is_zero() {
            self.clock.sleep(self.propagation).await;
        }
    }

    /// Publishes a message with this body to the pair's topic.
    pub(super) async fn publish(&self, broker: &Arc<dyn Broker>, body: &str) {
        self.publish_message(broker, Message::new(body.to_owned()))
            .await;
    }

    /// Publishes `message` to the pair's topic.
    pub(super) async fn publish_message(&self, broker: &Arc<dyn Broker>, message: Message) {
        let limit = self.clock.now().after(self.patience);
        let published = self
            .clock
            .until(limit, broker.publish(&self.name, message))
            .await;
        published
            .expect("publishing ends")
            .expect("a message can be published");
    }

    /// Publishes the numbers of `range`, one after the other.
    pub(super) async fn publish_numbers(
        &self,
        broker: &Arc<dyn Broker>,
        range: std::ops::Range<usize>,
    ) {
        for number in range {
            self.publish(broker, &number.to_string()).await;
        }
    }

    /// The next delivery.
    pub(super) async fn next(&self, subscription: &mut Subscription) -> Delivery {
        let limit = self.clock.now().after(self.patience);
        let next = self.clock.until(limit, subscription.next()).await;
        let next = next.unwrap_or_else(|| panic!("no message comes within {:?}", self.patience));
        next.expect("a subscription is not lost")
            .expect("a subscription does not end by itself")
    }

    /// The body of the next delivery, which is acknowledged.
    pub(super) async fn next_body(&self, subscription: &mut Subscription) -> String {
        let delivery = self.next(subscription).await;
        let body = body(&delivery);
        delivery
            .ack()
            .await
            .expect("a delivery can be acknowledged");
        body
    }

    /// The number in the next delivery, which is acknowledged.
    pub(super) async fn next_number(&self, subscription: &mut Subscription) -> usize {
        let body = self.next_body(subscription).await;
        body.parse().expect("the body is a number")
    }

    /// Sees that nothing comes.
    pub(super) async fn nothing(&self, subscription: &mut Subscription) {
        let limit = self.clock.now().after(self.quiet);
        if let Some(next) = self.clock.until(limit, subscription.next()).await {
            panic!("something comes: {next:?}");
        }
    }

    /// The bodies that still come, until the subscription ends; all of them are acknowledged.
    pub(super) async fn rest(&self, subscription: &mut Subscription) -> Vec<String> {
        let mut bodies = Vec::new();
        let limit = self.clock.now().after(self.patience);
        loop {
            let next = self.clock.until(limit, subscription.next()).await;
            let next = next.expect("a subscription ends once it is told to");
            let Some(delivery) = next.expect("a subscription is not lost") else {
                return bodies;
            };
            bodies.push(body(&delivery));
            delivery
                .ack()
                .await
                .expect("a delivery can be acknowledged");
        }
    }

    /// Pulls from all of `subscriptions` until they have `count` numbers together, each once; gives how many each of them had.
    pub(super) async fn share<const N: usize>(
        &self,
        subscriptions: [&mut Subscription; N],
        count: usize,
    ) -> [usize; N] {
        let mut shares = [0; N];
        let mut seen = BTreeSet::new();
        let mut subscriptions = subscriptions;
        while seen.len() < count {
            let (from, delivery) = self.next_of(&mut subscriptions).await;
            shares[from] += 1;
            let number = body(&delivery);
            assert!(seen.insert(number.clone()), "{number} comes twice");
            delivery
                .ack()
                .await
                .expect("a delivery can be acknowledged");
        }
        shares
    }

    /// The next delivery of any of `subscriptions`.
    async fn next_of(&self, subscriptions: &mut [&mut Subscription]) -> (usize, Delivery) {
        let limit = self.clock.now().after(self.patience);
        let next = std::future::poll_fn(|cx| {
            for (index, subscription) in subscriptions.iter_mut().enumerate() {
                let stream = std::pin::Pin::new(&mut **subscription);
                if let std::task::Poll::Ready(next) = futures_core::Stream::poll_next(stream, cx) {
                    return std::task::Poll::Ready((index, next));
                }
            }
            std::task::Poll::Pending
        });
        let next = self.clock.until(limit, next).await;
        let (index, next) =
            next.unwrap_or_else(|| panic!("no message comes within {:?}", self.patience));
        let next = next.expect("a subscription does not end by itself");
        (index, next.expect("a subscription is not lost"))
    }
}

/// The body as text.
pub(super) fn body(delivery: &Delivery) -> String {
    String::from_utf8_lossy(&delivery.message().body).into_owned()
}
