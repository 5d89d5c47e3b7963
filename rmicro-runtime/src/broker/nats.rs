//! Core NATS: go-micro's messages, through any NATS server (go-micro `broker/nats/nats.go`).
//!
//! Invariant: what is confirmed has passed the server on one connection. Confirmations are answers to messages that this client
//! sends to itself: a server works off what one connection says in its order. Deliberately absent: JetStream, which is another
//! backend; a type of the client's crate in any public signature.

mod config;
mod confirms;
mod dial;
mod echo;
mod form;
mod health;
mod inbox;
mod link;
mod pump;
mod refusals;
mod subject;

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use async_trait::async_trait;

pub use config::NatsConfig;

use self::inbox::Inlet;
use self::link::Slot;
use super::{Broker, Capabilities, Message, Ordered, Start, Subscription, Topic};
use crate::error::{Error, Result};
use crate::seam::Seam;

/// The broker that go-micro calls `nats`: topics are subjects, queues are queue groups.
///
/// A message travels as go-micro writes it, `{"Header":{…},"Body":"…"}` with the body in base64, so that it takes a third more than
/// its body; what is then above the server's `max_payload`, 1 MiB unless it was told otherwise, is
/// [`Code::ResourceExhausted`](crate::Code::ResourceExhausted).
///
/// # What it can
///
/// Messages come at most once and in order. Nothing is acknowledged, kept or given back: what was delivered is gone, and so is what
/// was published while a subscriber was away. A published message is confirmed: the server has given it to whoever was subscribed
/// there. Publishers share confirmations, so that many cost hardly more than one.
///
/// # An outage
///
/// A server that cannot be reached at the first use is an error at once, after each of the servers was tried. Later the connection
/// comes back by itself, and subscriptions with it; the log says once that it was lost and once that it is back. Publishing waits
/// meanwhile. A message whose confirmation was on its way when the connection broke is
/// [`Code::Unavailable`](crate::Code::Unavailable): it may have been delivered or not, and is not sent again.
///
/// # A slow subscriber
///
/// NATS has no back-pressure. What a subscription has not pulled waits in this process, as with go-micro's client up to 524,288
/// messages or 64 MiB ([`NatsConfig`]); what comes then is dropped, which the log says, and [`dropped`](Self::dropped) counts.
///
/// Clones share one connection.
///
/// ```no_run
/// use rmicro_runtime::broker::{Broker, Message, Nats};
/// use rmicro_runtime::seam::Seam;
///
/// # async fn publish() -> rmicro_runtime::Result<()> {
/// let broker = Nats::from_url("nats://127.0.0.1:4222", Seam::default())?;
/// broker.publish("greetings", Message::new("hello")).await
/// # }
/// ```
#[derive(Clone)]
pub struct Nats {
    slot: Arc<Slot>,
    dropped: Arc<AtomicU64>,
}

impl Nats {
    /// A broker that connects as `config` says when it is first used.
    pub fn new(config: NatsConfig, seam: Seam) -> Self {
        Self {
            slot: Arc::new(Slot::new(config, seam)),
            dropped: Arc::default(),
        }
    }

    /// The broker at `url`; see [`NatsConfig::from_url`].
    pub fn from_url(url: &str, seam: Seam) -> Result<Self> {
        Ok(Self::new(NatsConfig::from_url(url)?, seam))
    }

    /// How many messages were dropped because their subscriber was too slow, in all subscriptions of this value and its clones.
    pub fn dropped(&self) -> u64 {
        self.dropped.load(Ordering::Relaxed)
    }
}

#[async_trait]
impl Broker for Nats {
    fn name(&self) -> &'static str {
        "nats"
    }

    fn capabilities(&self) -> Capabilities {
        let mut can = Capabilities::NONE;
        can.confirms = true;
        can.ordered = Ordered::Subscription;
        can
    }

    fn address(&self) -> Option<String> {
        Some(self.slot.config.address())
    }

    fn outage(&self, _topic: &str) -> Option<String> {
        Some(self.slot.outage())
    }

    async fn connect(&self) -> Result<()> {
        self.slot.link().await.map(drop)
    }

    async fn disconnect(&self) -> Result<()> {
        self.slot.disconnect().await;
        Ok(())
    }

    async fn publish(&self, topic: &str, message: Message) -> Result<()> {
        subject::publishable(topic)?;
        let link = match self.slot.known() {
            Some(link) => link,
            // In a box, so that the way of all other messages takes less memory.
            None => Box::pin(self.slot.link()).await?,
        };
        link.publish(topic, &message).await
    }

    async fn subscribe(&self, topic: &Topic) -> Result<Subscription> {
        subject::subscribable(topic)?;
        if topic.started() != Start::New {
            return Err(Error::unimplemented(format!(
                "topic {:?} cannot start with the earliest message: broker nats keeps none",
                topic.name()
            )));
        }
        let link = self.slot.link().await?;
        let (from, held) = link.subscribe(topic).await?;
        let inlet = Inlet::new(topic, &self.slot.config, self.dropped.clone());
        tokio::spawn(pump::run(from, inlet.inbox().clone(), link, held));
        Ok(Subscription::new(inlet))
    }
}

impl fmt::Debug for Nats {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Nats")
            .field("config", &self.slot.config)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
