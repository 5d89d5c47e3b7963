//! A broker inside the process: the reference for every other, and what tests use.
//!
//! Invariant: there is no global. Clones share one broker, two [`Memory::new`] know nothing of each other. Deliberately absent: a
//! task, a timer, and a copy of a message; subscribers share header and body.

mod group;
mod publishing;
mod seat;
mod topics;

use std::fmt;
use std::sync::Arc;

use async_trait::async_trait;

use self::publishing::Publishing;
use self::seat::Seat;
use self::topics::Topics;
use super::{Broker, Capabilities, Message, Ordered, Start, Subscription, Topic};
use crate::error::{Error, Result};

/// How many messages may wait behind what is in flight, for each queue and each subscription without one.
const BACKLOG: usize = 16_384;

/// Delivers what was published with it or with a clone of it.
///
/// A message that is given back comes before those that wait. A queue lasts as long as somebody subscribes to it. Publishing waits
/// while a queue, or a subscription without one, has its [`backlog`](Self::backlog) full: nobody's messages are lost because
/// somebody is slow, and a handler that publishes to its own topic can come to wait for itself until its deadline.
///
/// ```
/// use rmicro_runtime::broker::{Broker, Memory, Message};
///
/// # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
/// let here = Memory::new();
/// let there = here.clone();
/// let mut news = here.subscribe(&"news".into()).await?;
/// there.publish("news", Message::new("it rains")).await?;
/// assert_eq!(news.next().await?.unwrap().message().body, "it rains");
/// # Ok::<(), rmicro_runtime::Error>(()) }).unwrap();
/// ```
#[derive(Clone)]
pub struct Memory {
    topics: Arc<Topics>,
    backlog: usize,
}

impl Memory {
    /// A broker to which nobody has subscribed.
    pub fn new() -> Self {
        Self {
            topics: Arc::default(),
            backlog: BACKLOG,
        }
    }

    /// How many messages may wait behind what is in flight, for each queue and each subscription that begins after this; 16,384 by
    /// default, at least 1.
    #[must_use]
    pub fn backlog(self, messages: usize) -> Self {
        Self {
            backlog: messages.max(1),
            ..self
        }
    }
}

impl Default for Memory {
    fn default() -> Self {
        Self::new()
    }
}

#[async_trait]
impl Broker for Memory {
    fn name(&self) -> &'static str {
        "memory"
    }

    fn capabilities(&self) -> Capabilities {
        let mut can = Capabilities::NONE;
        can.confirms = true;
        can.at_least_once = true;
        can.requeue = true;
        can.redelivery_count = true;
        can.bounded_in_flight = true;
        can.ordered = Ordered::Key;
        can
    }

    fn outage(&self, _topic: &str) -> Option<String> {
        // Publishing waits for nothing else.
        Some("a subscription or a queue of the topic has its backlog full".to_owned())
    }

    async fn publish(&self, topic: &str, message: Message) -> Result<()> {
        named(topic)?;
        match self.topics.of(topic) {
            Some(groups) => Publishing::new(groups, message).await,
            None => Ok(()),
        }
    }

    async fn subscribe(&self, topic: &Topic) -> Result<Subscription> {
        named(topic.name())?;
        if topic.started() != Start::New {
            return Err(Error::unimplemented(format!(
                "topic {:?} cannot start with the earliest message: broker memory keeps none",
                topic.name()
            )));
        }
        let seat = Seat::take(&self.topics, topic, self.backlog);
        Ok(Subscription::new(seat))
    }
}

fn named(topic: &str) -> Result<()> {
    if topic.is_empty() {
        return Err(Error::invalid_argument("a topic needs a name"));
    }
    Ok(())
}

impl fmt::Debug for Memory {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Memory")
            .field("topics", &self.topics.names())
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod speed;
#[cfg(test)]
mod tests;
