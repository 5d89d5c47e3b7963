//! The connection of a broker, which is made when it is first used, and what is done with it.

use std::cell::RefCell;
use std::sync::{Arc, PoisonError, RwLock};
use std::task::Poll;
use std::time::Duration;

use async_nats::connection::State;
use async_nats::{Client, ConnectError, ConnectErrorKind, Subject, Subscriber};
use bytes::Bytes;
use tokio::sync::{Mutex, mpsc, watch};
use tokio::task::JoinSet;

use super::config::NatsConfig;
use super::confirms::{Confirms, at_once, let_go};
use super::dial::{nats_error, options};
use super::echo::Echo;
use super::form;
use super::health::Health;
use super::refusals::Wish;
use crate::broker::{Message, Topic};
use crate::error::{Code, Error, Result};
use crate::seam::Seam;

/// How long the end waits for subscriptions.
const END_LIMIT: Duration = Duration::from_secs(5);
/// How often it is looked whether the server is back, where no event says so.
const LOOK: Duration = Duration::from_millis(250);

/// The place of the connection, empty until it is needed.
pub(super) struct Slot {
    pub(super) config: NatsConfig,
    seam: Seam,
    link: RwLock<Option<Arc<Link>>>,
    connecting: Mutex<()>,
}

/// A connection, which comes back by itself when it is lost.
pub(super) struct Link {
    client: Client,
    health: Health,
    confirms: Arc<Confirms>,
    seam: Seam,
    closing: watch::Sender<bool>,
    /// A clone is at each subscription, so that the receiver knows when all have ended.
    held: std::sync::Mutex<Option<mpsc::Sender<()>>>,
    ended: Mutex<mpsc::Receiver<()>>,
    /// Confirms; it ends with the link.
    _serving: JoinSet<()>,
}

impl Slot {
    pub(super) fn new(config: NatsConfig, seam: Seam) -> Self {
        Self {
            config,
            seam,
            link: RwLock::default(),
            connecting: Mutex::default(),
        }
    }

    /// The connection, which is made where there is none.
    pub(super) async fn link(&self) -> Result<Arc<Link>> {
        if let Some(link) = self.known() {
            return Ok(link);
        }
        let _one = self.connecting.lock().await;
        if let Some(link) = self.known() {
            return Ok(link);
        }
        let link = Link::connect(&self.config, &self.seam).await;
        let link = Arc::new(link.map_err(|error| nats_error(error, &self.config))?);
        *self.link.write().unwrap_or_else(PoisonError::into_inner) = Some(link.clone());
        Ok(link)
    }

    /// Lets go of the connection after its subscriptions have ended.
    pub(super) async fn disconnect(&self) {
        let _one = self.connecting.lock().await;
        let link = self
            .link
            .write()
            .unwrap_or_else(PoisonError::into_inner)
            .take();
        if let Some(link) = link {
            link.close().await;
        }
    }

    /// Why publishing has to wait, as [`Broker::outage`](crate::broker::Broker::outage) says it.
    pub(super) fn outage(&self) -> String {
        let lost = self.known().and_then(|link| link.health.outage());
        let why = lost.map(|why| format!("cannot be reached: {why}"));
        let why = why.as_deref().unwrap_or("has not answered");
        format!("nats at {} {why}", self.config.address())
    }

    /// The connection that there is; one that has ended for good is none.
    pub(super) fn known(&self) -> Option<Arc<Link>> {
        let link = self.link.read().unwrap_or_else(PoisonError::into_inner);
        link.clone().filter(|link| !link.has_ended())
    }
}

impl Link {
    async fn connect(config: &NatsConfig, seam: &Seam) -> Result<Self, ConnectError> {
        let health = Health::new();
        let client = options(config, seam, &health)
            .connect(&config.servers)
            .await?;
        let subject = client.new_inbox();
        let heard = client.subscribe(subject.clone()).await;
        let heard =
            heard.map_err(|error| ConnectError::with_source(ConnectErrorKind::Io, error))?;
        let confirms = Arc::new(Confirms::new(client.clone(), subject.into()));
        let echo = Echo::new(confirms.clone(), heard, health.clone(), seam.clock);
        let mut serving = JoinSet::new();
        serving.spawn(echo.serve());
        let (held, ended) = mpsc::channel(1);
        Ok(Self {
            client,
            health,
            confirms,
            seam: seam.clone(),
            closing: watch::channel(false).0,
            held: std::sync::Mutex::new(Some(held)),
            ended: Mutex::new(ended),
            _serving: serving,
        })
    }

    /// Publishes, and waits until the server has confirmed it.
    pub(super) async fn publish(&self, subject: &str, message: &Message) -> Result<()> {
        // What is seldom waited for is in a box, so that this itself is small.
        if !self.is_there() {
            Box::pin(self.there()).await;
        }
        let payload = self.payload(message)?;
        let connection = self.confirms.connection();
        match at_once(|| self.send(subject, payload)).await {
            Poll::Ready(sent) => sent?,
            Poll::Pending => Box::pin(self.send(subject, self.payload(message)?)).await?,
        }
        let proof = self.confirms.proof(connection).await?;
        proof.grant(Wish::Publish(subject))
    }

    /// `message` as it goes over the wire, if the server takes it.
    fn payload(&self, message: &Message) -> Result<Bytes> {
        let payload = form::encode(message)?;
        let (length, limit) = (payload.len(), self.client.max_payload());
        if length > limit {
            return Err(Error::resource_exhausted(format!(
                "the message takes {length} bytes, header and base64 included, and the server takes {limit} at most: publish less \
                 at a time, or raise its max_payload"
            )));
        }
        Ok(payload)
    }

    /// Sends `payload` when the connection has room for it.
    async fn send(&self, subject: &str, payload: Bytes) -> Result<()> {
        let sent = self.client.publish(subject_of(subject), payload).await;
        sent.map_err(|error| let_go().source(error))
    }

    /// Subscribes, and waits until the server knows it.
    ///
    /// What stands beside the messages is held by the subscription as long as it lasts.
    pub(super) async fn subscribe(&self, topic: &Topic) -> Result<(Subscriber, mpsc::Sender<()>)> {
        let held = self.held().ok_or_else(ended)?;
        let subject = topic.name().to_string();
        let subscribed = match topic.queue_name() {
            Some(queue) => {
                self.client
                    .queue_subscribe(subject, queue.to_string())
                    .await
            }
            None => self.client.subscribe(subject).await,
        };
        let from = subscribed.map_err(|error| ended().source(error))?;
        self.known(topic.name()).await?;
        self.known(topic.name()).await?; // A refusal is told a moment late.
        Ok((from, held))
    }

    /// Waits until the server knows the subscription to `subject`, on this connection or on one that comes after it.
    async fn known(&self, subject: &str) -> Result<()> {
        loop {
            self.there().await;
            let proof = self.confirms.proof(self.confirms.connection()).await;
            let proof = proof.and_then(|refusals| refusals.grant(Wish::Subscribe(subject)));
            // A connection that broke comes back with all subscriptions.
            match proof {
                Err(error) if error.code() == Code::Unavailable && !self.has_ended() => {}
                proof => return proof,
            }
        }
    }

    /// Waits until the server knows what was sent until now, but only as long as the connection lasts: the server forgets with it
    /// what it was told.
    pub(super) async fn known_or_lost(&self) {
        if self.client.connection_state() == State::Connected {
            let _ = self.confirms.proof(self.confirms.connection()).await;
        }
    }

    /// Ready when the broker lets go of the connection.
    pub(super) async fn closing(&self) {
        let mut closing = self.closing.subscribe();
        // Whoever is gone has let go.
        let _ = closing.wait_for(|closing| *closing).await;
    }

    /// What a subscription holds as long as it lasts; `None` when the broker lets go.
    fn held(&self) -> Option<mpsc::Sender<()>> {
        let held = self.held.lock();
        held.unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Whether the server is there, or never will be.
    fn is_there(&self) -> bool {
        self.client.connection_state() == State::Connected || self.has_ended()
    }

    /// Waits while the server is away.
    async fn there(&self) {
        let mut health = self.health.watch();
        while !self.is_there() {
            let limit = self.seam.clock.now().after(LOOK);
            // What the events say comes a moment before or after what the state says.
            let _ = self.seam.clock.until(limit, health.changed()).await;
        }
    }

    /// Whether the client has ended for good; it does so only by an error of its own.
    fn has_ended(&self) -> bool {
        self.confirms.have_ended() || *self.closing.borrow()
    }

    async fn close(&self) {
        self.closing.send_replace(true);
        let last = self
            .held
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take();
        drop(last);
        let limit = self.seam.clock.now().after(END_LIMIT);
        let ending = async {
            let _ = self.ended.lock().await.recv().await;
            self.known_or_lost().await;
        };
        let _ = self.seam.clock.until(limit, ending).await;
        // Nothing is to be saved when it has ended already.
        let _ = self.client.drain().await;
    }
}

/// `topic` as the client takes it; that of the last message of this thread is shared, as it is freed on another one, which costs malloc
/// more than all else here.
fn subject_of(topic: &str) -> Subject {
    thread_local! {
        static LAST: RefCell<Subject> = const { RefCell::new(Subject::from_static("")) };
    }
    LAST.with_borrow_mut(|last| {
        if last.as_str() != topic {
            *last = topic.into();
        }
        last.clone()
    })
}

fn ended() -> Error {
    Error::unavailable("the connection has ended before the server knew the subscription")
}
