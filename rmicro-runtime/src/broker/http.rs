//! go-micro's broker without a server: subscribers are in the registry, publishers post to them (go-micro `broker/http.go`).
//!
//! Invariant: what is sent is understood by go-micro v2 to v6, and what they send is taken. Unlike theirs, a publisher waits for
//! the answers and says who has not got the message. Deliberately absent: HTTPS; messages that are kept for later, which go-micro
//! does for 64 of them; an order among the publishers of go-micro, which has none.

mod answer;
mod aside;
mod bell;
mod body;
mod config;
mod crowd;
mod directory;
mod failure;
#[cfg(fuzzing)]
pub mod fuzzed;
mod inbox;
mod leaving;
mod line;
mod listener;
mod patience;
mod pool;
mod post;
mod publishing;
mod query;
mod receiving;
mod record;
mod seat;
mod wire;

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use tokio::sync::oneshot;

pub use self::config::HttpConfig;

use self::directory::Directory;
use self::inbox::Inbox;
use self::leaving::Leaving;
use self::listener::Listener;
use self::pool::Pool;
use self::seat::{Keeper, Seats};
use super::{Broker, Capabilities, Message, Ordered, Start, Subscription, Topic};
use crate::error::{Error, Result};
use crate::registry::{Beat, Registry, announced};
use crate::seam::Seam;

/// How long the requests that are there when it disconnects may take.
const DRAIN_LIMIT: Duration = Duration::from_secs(5);

/// Delivers messages over HTTP to whoever the registry says has subscribed; a clone is the same broker.
///
/// **Where it listens.** Nowhere before something is subscribed, or [`connect`](Broker::connect) is called; then at
/// [`HttpConfig::address`]. That is 127.0.0.1 and any port where nobody says it, as with go-micro, and then publishers on other
/// machines cannot deliver: they get an error that names the node. A service listens on the address that it is announced with,
/// where that is one of its machine's.
///
/// **Who gets what.** A subscription is a node of the service `micro.http.broker` in the registry. Publishing posts to each
/// without a queue, at the same time, and to one by chance of each queue; to another one where that is proved not to have the
/// message, as nobody listens there or its subscription has ended. It returns when all have answered, within
/// [`HttpConfig::delivery_timeout`], and an error names those that have not got it. Nobody there is no error, unlike with go-micro.
/// Dropping the future does not stop what was begun; one that is kept and not polled stands still, and holds its connection.
///
/// **What an answer means.** The message is in the memory of the subscriber's process, where [`HttpConfig::backlog`] may wait;
/// without room the publisher waits. It is lost when that process dies: messages come at most once, and none is taken back.
///
/// **Who knows of whom.** Subscribing returns when the registry has taken it and its
/// [propagation](Registry::propagation) has passed. With a registry in memory every publisher knows it then. Over mDNS those of
/// rmicro do that have published before, unless the announcement was lost on the network, which the next renewal repairs; and
/// those of go-micro that have found a subscription of any topic before, others within 5 s.
///
/// ```
/// use std::sync::Arc;
/// use rmicro_runtime::broker::{Broker, Http, HttpConfig, Message};
/// use rmicro_runtime::registry::Memory;
/// use rmicro_runtime::seam::Seam;
///
/// # tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(async {
/// let registry = Arc::new(Memory::new());
/// let here = Http::new(HttpConfig::default(), registry.clone(), Seam::default());
/// let there = Http::new(HttpConfig::default(), registry, Seam::default());
/// let mut news = here.subscribe(&"news".into()).await?;
/// there.publish("news", Message::new("it rains")).await?;
/// assert_eq!(news.next().await?.unwrap().message().body, "it rains");
/// # Ok::<(), rmicro_runtime::Error>(()) }).unwrap();
/// ```
#[derive(Clone)]
pub struct Http(Arc<Shared>);

struct Shared {
    config: Arc<HttpConfig>,
    registry: Arc<dyn Registry>,
    seam: Seam,
    seats: Arc<Seats>,
    directory: Directory,
    pool: Arc<Pool>,
    listener: tokio::sync::Mutex<Option<Listener>>,
    /// Where it listens, for those who do not wait.
    address: Mutex<Option<String>>,
    leaving: Arc<Leaving>,
}

impl Http {
    /// A broker with these settings, whose subscriptions are in `registry`; it reaches nobody yet.
    pub fn new(config: HttpConfig, registry: Arc<dyn Registry>, seam: Seam) -> Self {
        let config = Arc::new(config);
        Self(Arc::new(Shared {
            seats: Arc::default(),
            directory: Directory::new(registry.clone(), seam.clock),
            pool: Arc::new(Pool::new(seam.clone(), config.clone())),
            listener: tokio::sync::Mutex::default(),
            address: Mutex::default(),
            leaving: Arc::default(),
            config,
            registry,
            seam,
        }))
    }

    /// The broker that `url` names, as [`HttpConfig::from_url`] reads it.
    pub fn from_url(url: &str, registry: Arc<dyn Registry>, seam: Seam) -> Result<Self> {
        Ok(Self::new(HttpConfig::from_url(url)?, registry, seam))
    }
}

#[async_trait]
impl Broker for Http {
    fn name(&self) -> &'static str {
        "http"
    }

    fn capabilities(&self) -> Capabilities {
        let mut can = Capabilities::NONE;
        can.confirms = true;
        can.ordered = Ordered::Subscription;
        can
    }

    fn address(&self) -> Option<String> {
        self.0.lock_address().clone()
    }

    fn outage(&self, topic: &str) -> Option<String> {
        let shared = &*self.0;
        let wait = |target: &record::Target| shared.pool.waits_for(&target.address);
        shared.directory.outage(topic, wait)
    }

    /// Listens, so that an address that is taken shows early.
    async fn connect(&self) -> Result<()> {
        self.0.listen().await.map(drop)
    }

    async fn disconnect(&self) -> Result<()> {
        let shared = &*self.0;
        // Somebody may hold a publication and not ask how it goes.
        let limit = shared
            .seam
            .clock
            .now()
            .after(shared.config.delivery_timeout);
        let released = shared.leaving.released();
        let _ = shared.seam.clock.until(limit, released).await;
        shared.leaving.ended().await;
        shared.seats.leave().await;
        let listener = shared.listener.lock().await.take();
        *shared.lock_address() = None;
        if let Some(listener) = listener {
            listener.drain(shared.seam.clock, DRAIN_LIMIT).await;
        }
        shared.pool.clear();
        Ok(())
    }

    async fn publish(&self, topic: &str, message: Message) -> Result<()> {
        named(topic)?;
        let (length, limit) = (message.body.len(), self.0.config.max_message_size);
        if length > limit {
            return Err(Error::resource_exhausted(format!(
                "the message has {length} bytes, and broker http takes {limit}: set its max_message_size"
            )));
        }
        let audience = match self.0.directory.known(topic) {
            Some(audience) => audience,
            None => Box::pin(self.0.directory.audience(topic)).await?,
        };
        if audience.all.is_empty() && audience.queues.is_empty() {
            return Ok(());
        }
        let body = wire::to_json(topic, message)?;
        let delivering = publishing::deliver(&self.0.pool, &self.0.seam.chance, &audience, body);
        self.0.leaving.run(delivering).await
    }

    async fn subscribe(&self, topic: &Topic) -> Result<Subscription> {
        named(topic.name())?;
        record::check_queue(topic)?;
        if topic.started() != Start::New {
            return Err(Error::unimplemented(format!(
                "topic {:?} cannot start with the earliest message: broker http keeps none",
                topic.name()
            )));
        }
        let shared = &self.0;
        let address = shared.listen().await?;
        let id = record::id(topic.name(), &shared.seam.chance);
        let beat = Beat {
            registry: shared.registry.clone(),
            service: Arc::new(record::service(topic, &id, &address)),
            ttl: shared.config.register_ttl,
            interval: shared.config.register_interval,
            seam: shared.seam.clone(),
        };
        let inbox = Inbox::new(topic, shared.config.backlog);
        let keeper = Keeper::take(&shared.seats, id, inbox, beat);
        let source = keeper.source(shared.clone());
        let (told, started) = oneshot::channel();
        tokio::spawn(keeper.keep(told));
        started.await.unwrap_or_else(|_| Err(seat::unkept()))?;
        Ok(Subscription::new(source))
    }
}

impl Shared {
    /// Listens where nothing does, and gives the address to announce.
    async fn listen(&self) -> Result<String> {
        let mut listener = self.listener.lock().await;
        let bound = match &*listener {
            Some(listener) => listener.bound(),
            None => {
                let started = Listener::start(&self.config, &self.seats, &self.seam).await?;
                listener.insert(started).bound()
            }
        };
        let bound = bound.to_string();
        let address = announced(&bound, None, &*self.registry, &self.seam.net);
        *self.lock_address() = Some(bound);
        Ok(address)
    }

    fn lock_address(&self) -> std::sync::MutexGuard<'_, Option<String>> {
        self.address.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn named(topic: &str) -> Result<()> {
    if topic.is_empty() {
        return Err(Error::invalid_argument("a topic needs a name"));
    }
    Ok(())
}

impl fmt::Debug for Http {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Http")
            .field("registry", &self.0.registry.name())
            .field("address", &self.address())
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
