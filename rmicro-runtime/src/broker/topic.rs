//! What a subscriber asks for.

use std::sync::Arc;
use std::time::Duration;

/// A topic and how to subscribe to it.
///
/// A topic is any text that is not empty; `.`, `*` and `>` mean what they mean to the broker.
///
/// ```
/// use std::time::Duration;
/// use rmicro_runtime::broker::Topic;
///
/// let orders = Topic::new("orders").queue("billing").concurrency(8).timeout(Duration::from_secs(5));
/// let plain: Topic = "orders".into();
/// ```
#[derive(Clone, Debug)]
#[must_use = "it subscribes to nothing by itself"]
pub struct Topic {
    name: Arc<str>,
    queue: Option<Arc<str>>,
    ack: Ack,
    start: Start,
    in_flight: usize,
    concurrency: usize,
    attempts: u32,
    backoff: Duration,
    timeout: Option<Duration>,
}

/// When a delivery is done.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
#[non_exhaustive]
pub enum Ack {
    /// When somebody settles it: the handler of a service by its outcome, a subscriber of its own by
    /// [`Delivery::ack`](super::Delivery::ack).
    #[default]
    OnSuccess,
    /// When it is delivered, so that it comes at most once. Settling it means nothing, and giving it back is an error.
    OnDelivery,
}

/// With which message a subscription begins.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
#[non_exhaustive]
pub enum Start {
    /// With what is published from now on, and for a queue that the broker remembers, where its subscribers stopped.
    #[default]
    New,
    /// With the first message that the broker still has, for a queue that it does not remember.
    Earliest,
}

impl Topic {
    /// The topic `name` with everything else as by default.
    pub fn new(name: impl Into<Arc<str>>) -> Self {
        Self {
            name: name.into(),
            queue: None,
            ack: Ack::OnSuccess,
            start: Start::New,
            in_flight: 64,
            concurrency: 1,
            attempts: 5,
            backoff: Duration::from_millis(100),
            timeout: None,
        }
    }

    /// Shares the messages with all other subscriptions of the queue `name`: each message goes to one of them.
    pub fn queue(mut self, name: impl Into<Arc<str>>) -> Self {
        self.queue = Some(name.into());
        self
    }

    /// Says when a delivery is done; [`Ack::OnSuccess`] by default.
    pub fn ack(mut self, ack: Ack) -> Self {
        self.ack = ack;
        self
    }

    /// Says where to begin; [`Start::New`] by default.
    pub fn start(mut self, start: Start) -> Self {
        self.start = start;
        self
    }

    /// How many deliveries may be in flight, the ones that wait in this process included; 64 by default, at least 1.
    pub fn in_flight(mut self, deliveries: usize) -> Self {
        self.in_flight = deliveries.max(1);
        self
    }

    /// How many handlers a service runs at a time for this subscription; 1 by default, so that they run in the order of the
    /// messages, and at least 1. More than [`in_flight`](Self::in_flight) has no effect.
    pub fn concurrency(mut self, handlers: usize) -> Self {
        self.concurrency = handlers.max(1);
        self
    }

    /// How often a service gives a message to the handler before it rejects it; 5 by default, at least 1.
    pub fn attempts(mut self, attempts: u32) -> Self {
        self.attempts = attempts.max(1);
        self
    }

    /// How long a service waits after the first attempt that failed; each further wait is twice as long, up to 30 s. 100 ms by
    /// default.
    pub fn backoff(mut self, wait: Duration) -> Self {
        self.backoff = wait;
        self
    }

    /// How long a handler of a service may take for a message, after which it is dropped and the attempt has failed; no limit by
    /// default.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = Some(timeout);
        self
    }
}

/// What was said; for brokers and for the service.
impl Topic {
    /// The name of the topic.
    pub fn name(&self) -> &Arc<str> {
        &self.name
    }

    /// The name of the queue.
    pub fn queue_name(&self) -> Option<&Arc<str>> {
        self.queue.as_ref()
    }

    /// When a delivery is done.
    pub fn acked(&self) -> Ack {
        self.ack
    }

    /// Where to begin.
    pub fn started(&self) -> Start {
        self.start
    }

    /// How many deliveries may be in flight.
    pub fn in_flight_limit(&self) -> usize {
        self.in_flight
    }

    /// How many handlers may run.
    pub fn concurrency_limit(&self) -> usize {
        self.concurrency.min(self.in_flight)
    }

    /// How often a message is handled at most.
    pub fn attempt_limit(&self) -> u32 {
        self.attempts
    }

    /// What is waited after the attempt with this number, which failed.
    pub fn wait_after(&self, attempt: u32) -> Duration {
        const LONGEST: Duration = Duration::from_secs(30);
        let doubled = 1_u32.checked_shl(attempt.saturating_sub(1));
        let wait = doubled.and_then(|factor| self.backoff.checked_mul(factor));
        wait.unwrap_or(LONGEST).min(LONGEST)
    }

    /// How long a handler may take.
    pub fn handler_timeout(&self) -> Option<Duration> {
        self.timeout
    }
}

impl From<&str> for Topic {
    fn from(name: &str) -> Self {
        Self::new(name)
    }
}

impl From<String> for Topic {
    fn from(name: String) -> Self {
        Self::new(name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_double_up_to_half_a_minute() {
        let topic = Topic::new("t");
        let waits = [1, 2, 3, 9, 10, 31, 32, 33, 34, u32::MAX]
            .map(|attempt| topic.wait_after(attempt).as_millis());
        assert_eq!(waits[..4], [100, 200, 400, 25_600]);
        assert_eq!(waits[4..], [30_000; 6]);
    }

    #[test]
    fn nothing_is_bounded_to_nothing() {
        let topic = Topic::new("t").in_flight(0).concurrency(0).attempts(0);
        let bounds = (
            topic.in_flight_limit(),
            topic.concurrency_limit(),
            topic.attempt_limit(),
        );
        assert_eq!(bounds, (1, 1, 1));
        assert_eq!(
            Topic::new("t")
                .in_flight(2)
                .concurrency(9)
                .concurrency_limit(),
            2
        );
    }
}
