//! Brokers that say what is not so, which the suite has to find out; `durable` alone it cannot, as it restarts nothing.

use std::collections::VecDeque;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use async_trait::async_trait;

use super::{Pair, suite};
use crate::broker::{
    Broker, Capabilities, Delivery, Memory, Message, Ordered, Settle, Settled, Source,
    Subscription, Topic, Verdict,
};
use crate::call::BoxFuture;
use crate::error::{Error, Result};

/// What is wrong with a broker besides its words.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Fault {
    Nothing,
    /// It is done with a message when it is delivered.
    Forgets,
    /// The same, and of two messages that come at once the second is first.
    Swaps,
    /// It confirms every tenth message and throws it away.
    Loses,
}

/// The memory broker with a fault, and what it says of itself.
#[derive(Clone, Debug)]
struct Liar {
    memory: Memory,
    fault: Fault,
    says: Capabilities,
}

#[async_trait]
impl Broker for Liar {
    fn name(&self) -> &'static str {
        "liar"
    }

    fn capabilities(&self) -> Capabilities {
        self.says
    }

    async fn publish(&self, topic: &str, message: Message) -> Result<()> {
        if self.fault == Fault::Loses && message.body.ends_with(b"9") {
            return Ok(());
        }
        self.memory.publish(topic, message).await
    }

    async fn subscribe(&self, topic: &Topic) -> Result<Subscription> {
        let inner = self.memory.subscribe(topic).await?;
        Ok(match self.fault {
            Fault::Nothing | Fault::Loses => inner,
            fault => Subscription::new(Forgetful { inner, fault }),
        })
    }
}

/// Settles every delivery before it gives it out.
struct Forgetful {
    inner: Subscription,
    fault: Fault,
}

impl Source for Forgetful {
    fn poll_deliveries(
        &mut self,
        cx: &mut Context<'_>,
        ready: &mut VecDeque<Delivery>,
    ) -> Poll<Result<bool>> {
        let mut next = || futures_core::Stream::poll_next(std::pin::Pin::new(&mut self.inner), cx);
        let Some(first) = ready!(next()) else {
            return Poll::Ready(Ok(false));
        };
        ready.push_back(forget(first?));
        while let Poll::Ready(Some(more)) = next() {
            ready.push_back(forget(more?));
        }
        if self.fault == Fault::Swaps && ready.len() > 1 {
            ready.swap(0, 1);
        }
        Poll::Ready(Ok(true))
    }

    fn poll_unsubscribe(&mut self, cx: &mut Context<'_>) -> Poll<Result<()>> {
        let ending = std::pin::pin!(self.inner.unsubscribe());
        ending.poll(cx)
    }
}

/// The same message in a delivery that nobody waits for.
fn forget(delivery: Delivery) -> Delivery {
    let (topic, message) = (delivery.topic().clone(), delivery.message().clone());
    let mut ended = std::pin::pin!(delivery.ack());
    let mut cx = Context::from_waker(std::task::Waker::noop());
    assert!(ended.as_mut().poll(&mut cx).is_ready(), "memory is quick");
    Delivery::new(topic, message).with_settle(Arc::new(Refuses), 0)
}

struct Refuses;

impl Settle for Refuses {
    fn settle(&self, settled: Settled) -> Option<BoxFuture<'static, Result<()>>> {
        let refused = settled.verdict == Verdict::Requeue;
        refused.then(|| Box::pin(async { Err(Error::unimplemented("it is gone")) }) as _)
    }
}

/// Whether a broker with this fault, which says this of itself, passes.
fn passes(fault: Fault, says: Capabilities) -> bool {
    let run = move || {
        let mut runtime = tokio::runtime::Builder::new_current_thread();
        let runtime = runtime.enable_time().start_paused(true).build().unwrap();
        runtime.block_on(suite(async || {
            let memory = Memory::new();
            let liar = Arc::new(Liar {
                memory,
                fault,
                says,
            });
            Pair::new(liar.clone(), liar).quiet(Duration::from_millis(5))
        }));
    };
    std::thread::spawn(run).join().is_ok()
}

/// A word too many, or too few.
type Tell = fn(&mut Capabilities);

/// What a broker can that has forgotten a message when it is delivered.
fn little() -> Capabilities {
    let mut can = Capabilities::NONE;
    can.confirms = true;
    can.ordered = Ordered::Subscription;
    can
}

#[test]
fn a_broker_that_says_what_it_can_passes() {
    assert!(passes(Fault::Nothing, Memory::new().capabilities()));
    assert!(passes(Fault::Forgets, little()));
    let mut unordered = little();
    unordered.ordered = Ordered::Never;
    assert!(passes(Fault::Swaps, unordered));
}

#[test]
fn a_broker_that_says_that_it_can_more_fails() {
    let lies: [(&str, Tell); 5] = [
        ("at_least_once", |can| can.at_least_once = true),
        ("requeue", |can| can.requeue = true),
        ("bounded_in_flight", |can| can.bounded_in_flight = true),
        ("retains", |can| can.retains = true),
        ("by key", |can| can.ordered = Ordered::Key),
    ];
    for (lie, tell) in lies {
        let mut says = little();
        tell(&mut says);
        assert!(!passes(Fault::Forgets, says), "{lie} is believed");
    }
    assert!(!passes(Fault::Swaps, little()), "the order is believed");
    let memory = Memory::new().capabilities();
    assert!(!passes(Fault::Loses, memory), "confirmations are believed");
}

#[test]
fn a_broker_that_does_what_it_says_it_cannot_fails() {
    let lies: [(&str, Tell); 2] = [
        ("requeue", |can| can.requeue = false),
        ("redelivery_count", |can| can.redelivery_count = false),
    ];
    for (lie, tell) in lies {
        let mut says = Memory::new().capabilities();
        tell(&mut says);
        assert!(!passes(Fault::Nothing, says), "{lie} is believed");
    }
}
