//! A broker on Redis Streams: at least once, with acknowledgements that outlive a process.
//!
//! Invariant: what the server has confirmed stays there until every queue and subscription of its topic is done with it, unless
//! [`RedisConfig::max_len`] says otherwise. Deliberately absent: a type of the client crate in what others see.

mod config;
mod dial;
mod failure;
mod health;
mod janitor;
mod keeper;
mod layout;
mod link;
mod place;
mod post;
mod reader;
mod reply;
mod seat;
mod url;
mod wire;

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError, Weak};

use async_trait::async_trait;

pub use self::config::RedisConfig;
use self::failure::Trouble;
use self::janitor::Janitor;
use self::keeper::Keeper;
use self::layout::Id;
use self::link::Link;
use self::place::Place;
use self::reader::Reader;
use self::seat::{Chair, Seat};
use super::{Broker, Capabilities, Message, Ordered, Start, Subscription, Topic};
use crate::error::{Error, Result};
use crate::seam::Seam;

/// Delivers through a Redis server, version 6.2 or later.
///
/// A topic is a stream, a queue a group of consumers in it. It delivers at least once: a publisher whose connection breaks sends
/// again, and a message whose handler's process dies comes to another subscription of the queue when
/// [`claim_after`](RedisConfig::claim_after) is over. How much outlives the server's own end is for its configuration to say
/// (`appendonly`). Clones share the connections.
///
/// ```
/// use rmicro_runtime::broker::{Broker, Redis};
/// use rmicro_runtime::seam::Seam;
///
/// let broker = Redis::from_url("redis://127.0.0.1:6379", Seam::default())?;
/// assert!(broker.capabilities().at_least_once);
/// # Ok::<(), rmicro_runtime::Error>(())
/// ```
#[derive(Clone)]
pub struct Redis(Arc<Inner>);

struct Inner {
    link: Arc<Link>,
    janitor: Arc<Janitor>,
    seats: Mutex<Vec<Weak<Seat>>>,
}

impl Redis {
    /// A broker with these settings; an error says which of them cannot be met.
    pub fn new(config: RedisConfig, seam: Seam) -> Result<Self> {
        let link = Arc::new(Link::new(config.checked()?, seam));
        Ok(Self(Arc::new(Inner {
            janitor: Arc::new(Janitor::new(link.clone())),
            link,
            seats: Mutex::default(),
        })))
    }

    /// The broker that `url` names, as [`RedisConfig::from_url`] reads it.
    pub fn from_url(url: &str, seam: Seam) -> Result<Self> {
        Self::new(RedisConfig::from_url(url)?, seam)
    }

    fn link(&self) -> &Arc<Link> {
        &self.0.link
    }

    fn key(&self, topic: &str) -> Result<String> {
        if topic.is_empty() {
            return Err(Error::invalid_argument("a topic needs a name"));
        }
        Ok(format!("{}{topic}", self.link().config.prefix))
    }

    /// Makes the group of `topic` at the server, and gives how far it has read.
    async fn join(&self, topic: &Topic, place: &Place) -> Result<Id, Trouble> {
        let link = self.link();
        let after = match topic.started() {
            Start::Earliest => "0",
            _ => "$",
        };
        match link.try_once(&place.key, &place.create(after)).await {
            Err(Trouble::HasGroup) | Ok(_) => {}
            Err(trouble) => return Err(trouble),
        }
        link.try_once(&place.key, &place.enter()).await?;
        if topic.started() == Start::Earliest {
            return Ok(Id::default());
        }
        let groups = link.try_once(&place.key, &place.groups()).await?;
        Ok(reply::delivered(groups, &place.group).unwrap_or_default())
    }

    fn seated(&self, seat: &Arc<Seat>) {
        let mut seats = self.0.seats.lock().unwrap_or_else(PoisonError::into_inner);
        seats.retain(|seat| seat.strong_count() > 0);
        seats.push(Arc::downgrade(seat));
    }
}

#[async_trait]
impl Broker for Redis {
    fn name(&self) -> &'static str {
        "redis"
    }

    fn capabilities(&self) -> Capabilities {
        let mut can = Capabilities::NONE;
        can.confirms = true;
        can.at_least_once = true;
        can.requeue = true;
        can.redelivery_count = true;
        can.bounded_in_flight = true;
        can.durable = true;
        can.retains = true;
        can.ordered = Ordered::Subscription;
        can
    }

    fn address(&self) -> Option<String> {
        Some(self.link().at().to_owned())
    }

    fn outage(&self, _topic: &str) -> Option<String> {
        Some(self.link().health.outage())
    }

    async fn connect(&self) -> Result<()> {
        let reached = self.link().try_once("", &redis::cmd("PING")).await;
        reached
            .map(drop)
            .map_err(|trouble| trouble.into_error(self.link().at()))
    }

    async fn disconnect(&self) -> Result<()> {
        let seats =
            std::mem::take(&mut *self.0.seats.lock().unwrap_or_else(PoisonError::into_inner));
        let seats: Vec<_> = seats.iter().filter_map(Weak::upgrade).collect();
        seats.iter().for_each(|seat| seat.leave());
        for seat in seats {
            seat.until_ended().await;
        }
        self.0.janitor.stop();
        self.link().close();
        Ok(())
    }

    async fn publish(&self, topic: &str, message: Message) -> Result<()> {
        let (key, link) = (self.key(topic)?, self.link());
        let add = || layout::add(&key, link.config.max_len, &message);
        let added = link.insist(&key, add).await;
        added
            .map(drop)
            .map_err(|trouble| trouble.into_error(link.at()))
    }

    async fn subscribe(&self, topic: &Topic) -> Result<Subscription> {
        let link = self.link();
        let place = Place::of(self.key(topic.name())?, topic, link.seam.chance.uuid());
        let told = |trouble: Trouble| trouble.into_error(link.at());
        let position = self.join(topic, &place).await.map_err(told)?;
        let wire = link.dial().await.map_err(told)?;
        self.0.janitor.mind(&place.key);
        let seat = Seat::new(topic, position);
        let (told, learned) = tokio::sync::watch::channel((place.clone(), None));
        let reader = Reader::new(link.clone(), seat.clone(), place, told);
        tokio::spawn(reader.run(wire));
        tokio::spawn(Keeper::new(link.clone(), seat.clone(), learned).run());
        self.seated(&seat);
        Ok(Subscription::new(Chair::at(seat)))
    }
}

impl fmt::Debug for Redis {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Redis").field(&self.link().config).finish()
    }
}

#[cfg(test)]
mod speed;
#[cfg(test)]
mod tests;
