//! A message that has come, and how it ends.

use std::fmt;
use std::sync::Arc;

use super::message::Message;
use crate::call::BoxFuture;
use crate::error::Result;

/// A message that was delivered and is not settled.
///
/// It ends by one of [`ack`](Self::ack), [`requeue`](Self::requeue) and [`reject`](Self::reject). One that is dropped is given
/// back, where the broker can. With [`Ack::OnDelivery`](super::Ack::OnDelivery) all this means nothing.
#[must_use = "a delivery that is dropped comes again"]
pub struct Delivery {
    topic: Arc<str>,
    message: Message,
    attempt: u32,
    receipt: Option<Receipt>,
}

/// Who is told of the end, and of whose.
struct Receipt {
    settle: Arc<dyn Settle>,
    ticket: u64,
}

/// How a delivery ended.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[non_exhaustive]
pub enum Verdict {
    /// It was handled: it does not come again.
    Ack,
    /// It is to come again, here or elsewhere.
    Requeue,
    /// It is not to come again, although nobody could handle it; a broker that keeps such messages keeps it.
    Reject,
    /// It was dropped unsettled, as by a task that was cut. It is to come again where that is possible without waiting.
    Abandon,
}

/// The end of a delivery, for its broker.
#[derive(Debug)]
#[non_exhaustive]
pub struct Settled {
    /// What the broker called the delivery.
    pub ticket: u64,
    /// How it ended.
    pub verdict: Verdict,
    /// The message.
    pub message: Message,
    /// Which attempt it was.
    pub attempt: u32,
}

/// A broker's end of its deliveries.
pub trait Settle: Send + Sync + 'static {
    /// Learns how a delivery ended; each is told once. What has to be waited for is returned, and not polled where the verdict is
    /// [`Verdict::Abandon`]. A broker that cannot do it returns an error with [`Code::Unimplemented`](crate::Code::Unimplemented).
    fn settle(&self, settled: Settled) -> Option<BoxFuture<'static, Result<()>>>;
}

impl Delivery {
    /// A first delivery that is done as it is; for brokers.
    pub fn new(topic: Arc<str>, message: Message) -> Self {
        Self {
            topic,
            message,
            attempt: 1,
            receipt: None,
        }
    }

    /// Says which attempt it is, from 1; for brokers.
    pub fn with_attempt(mut self, attempt: u32) -> Self {
        self.attempt = attempt;
        self
    }

    /// Says who is to learn how it ends, and under which `ticket`; for brokers.
    pub fn with_settle(mut self, settle: Arc<dyn Settle>, ticket: u64) -> Self {
        self.receipt = Some(Receipt { settle, ticket });
        self
    }

    /// The topic that the message was published to.
    pub fn topic(&self) -> &Arc<str> {
        &self.topic
    }

    /// The message.
    pub fn message(&self) -> &Message {
        &self.message
    }

    /// Which attempt this is: 1, and more for a message that came before and was not acknowledged, where the broker
    /// [counts](super::Capabilities::redelivery_count).
    pub fn attempt(&self) -> u32 {
        self.attempt
    }

    /// Says that the message was handled; the broker has learned of it when this returns.
    ///
    /// After an error, and when the future is dropped before it is ready, the message may come again.
    pub async fn ack(self) -> Result<()> {
        learned(self.end(Verdict::Ack)).await
    }

    /// Gives the message back, so that it comes again at once, here or at another subscription of the queue.
    ///
    /// A broker that cannot is [`Code::Unimplemented`](crate::Code::Unimplemented), and the message is gone.
    pub async fn requeue(self) -> Result<()> {
        learned(self.end(Verdict::Requeue)).await
    }

    /// Says that nobody can handle the message: it does not come again.
    pub async fn reject(self) -> Result<()> {
        learned(self.end(Verdict::Reject)).await
    }

    /// Ends it, and gives what there is to be waited for until the broker has learned of that.
    pub(crate) fn end(mut self, verdict: Verdict) -> Option<BoxFuture<'static, Result<()>>> {
        self.settle(verdict)
    }

    fn settle(&mut self, verdict: Verdict) -> Option<BoxFuture<'static, Result<()>>> {
        let Receipt { settle, ticket } = self.receipt.take()?;
        settle.settle(Settled {
            ticket,
            verdict,
            message: std::mem::take(&mut self.message),
            attempt: self.attempt,
        })
    }
}

async fn learned(told: Option<BoxFuture<'static, Result<()>>>) -> Result<()> {
    match told {
        Some(told) => told.await,
        None => Ok(()),
    }
}

impl Drop for Delivery {
    fn drop(&mut self) {
        drop(self.settle(Verdict::Abandon));
    }
}

impl fmt::Debug for Delivery {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Delivery")
            .field("topic", &self.topic)
            .field("message", &self.message)
            .field("attempt", &self.attempt)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use super::*;
    use crate::error::{Code, Error};

    #[derive(Default)]
    struct Diary(Mutex<Vec<(u64, Verdict, u32)>>);

    impl Settle for Diary {
        fn settle(&self, settled: Settled) -> Option<BoxFuture<'static, Result<()>>> {
            let entry = (settled.ticket, settled.verdict, settled.attempt);
            self.0.lock().unwrap().push(entry);
            let refused = settled.verdict == Verdict::Requeue;
            refused.then(|| Box::pin(async { Err(Error::unimplemented("no")) }) as _)
        }
    }

    #[tokio::test]
    async fn each_end_is_told_once() {
        let diary = Arc::new(Diary::default());
        let delivery = |ticket| {
            let delivery = Delivery::new("t".into(), Message::new("x")).with_attempt(2);
            delivery.with_settle(diary.clone(), ticket)
        };
        delivery(1).ack().await.unwrap();
        delivery(2).reject().await.unwrap();
        let refused = delivery(3).requeue().await.unwrap_err();
        drop(delivery(4));
        drop(delivery(5).ack());
        assert_eq!(refused.code(), Code::Unimplemented);
        let told = diary.0.lock().unwrap().clone();
        let verdicts = [
            (1, Verdict::Ack, 2),
            (2, Verdict::Reject, 2),
            (3, Verdict::Requeue, 2),
            (4, Verdict::Abandon, 2),
            (5, Verdict::Abandon, 2),
        ];
        assert_eq!(told, verdicts);
    }

    #[tokio::test]
    async fn what_is_done_on_delivery_needs_no_word() {
        let delivery = Delivery::new("t".into(), Message::new("x"));
        assert_eq!(delivery.attempt(), 1);
        delivery.ack().await.unwrap();
    }
}
