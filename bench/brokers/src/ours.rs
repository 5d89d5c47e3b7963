//! rmicro's side, the same for every broker.

use bytes::Bytes;
use rmicro_runtime::broker::{Broker, Message, Subscription, Topic};

use crate::cases::Case;
use crate::envelope::HEADER;
use crate::load::Way;
use crate::{Failure, Outcome};

/// A broker of rmicro's.
pub struct Ours {
    broker: Box<dyn Broker>,
    topic: Topic,
    body: Bytes,
}

impl Ours {
    /// Publishes to `topic` by `broker`, and subscribes to it.
    pub fn new(broker: impl Broker, topic: Topic, case: &Case) -> Self {
        Self {
            broker: Box::new(broker),
            topic,
            body: vec![b'x'; case.size].into(),
        }
    }
}

impl Way for Ours {
    type Incoming = Subscription;

    async fn subscribe(&self) -> Outcome<Subscription> {
        Ok(self.broker.subscribe(&self.topic).await?)
    }

    async fn next(incoming: &mut Subscription) -> Outcome<usize> {
        let delivery = incoming.next().await?;
        let delivery = delivery.ok_or_else(|| Failure::from("the subscription has ended"))?;
        let length = delivery.message().body.len();
        delivery.ack().await?;
        Ok(length)
    }

    async fn publish(&self) -> Outcome<()> {
        let (name, value) = HEADER;
        let message = Message::new(self.body.clone()).header(name, value);
        Ok(self.broker.publish(self.topic.name(), message).await?)
    }
}
