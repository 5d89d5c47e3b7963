//! One subscription of a service: it pulls, runs the handler, and says how each delivery ended.
//!
//! Invariant: a handler runs for so many deliveries at a time as the topic says. A delivery that failed rests before it comes
//! again, without holding up those behind it, and is rejected when it has failed often enough. What the broker is told of an end
//! is on its way while the next handler runs.

use std::num::NonZeroU32;
use std::sync::{Arc, Mutex as Lock, OnceLock, PoisonError};
use std::time::Duration;

use tokio::sync::{Mutex, OwnedSemaphorePermit, Semaphore, watch};
use tokio::task::JoinSet;

use super::envelope;
use super::settling::{Settling, Told};
use super::subscriber::Registered;
use crate::broker::{Ack, Broker, Delivery, Subscription, Topic, Verdict};
use crate::call::{CallHead, CallState, Guarded, Request, ServerCall};
use crate::error::{Code, Error, Result};
use crate::rpc::{ServerInterceptor, ServerNext};
use crate::seam::Seam;

/// The interceptors of a server, known when it starts.
pub(crate) type Chain = Arc<OnceLock<Vec<Arc<dyn ServerInterceptor>>>>;

/// What is waited after a subscription was lost; each further wait is twice as long.
const FIRST_WAIT: Duration = Duration::from_millis(100);
const LONGEST_WAIT: Duration = Duration::from_secs(30);

/// How an attempt ended.
enum Ended {
    Settled(Option<Told>),
    /// It is to be tried again.
    Failed(Delivery),
}

/// One subscription, shared by the tasks that work for it.
pub(super) struct Worker {
    broker: Arc<dyn Broker>,
    registered: Registered,
    chain: Chain,
    seam: Seam,
    leaving: watch::Receiver<bool>,
    subscription: Mutex<Subscription>,
    /// Handlers that may run.
    turns: Semaphore,
    /// Deliveries that may rest without holding up a task.
    beds: Arc<Semaphore>,
    resting: Lock<JoinSet<()>>,
}

impl Worker {
    /// Subscribes; an error says to what.
    pub(super) async fn subscribe(
        broker: Arc<dyn Broker>,
        registered: Registered,
        chain: Chain,
        seam: Seam,
        leaving: watch::Receiver<bool>,
    ) -> Result<Arc<Self>> {
        let topic = &registered.topic;
        let subscribed = broker.subscribe(topic).await;
        let (name, of) = (broker.name(), topic.name());
        let stage = || format!("subscribe: topic {of:?} at broker {name}");
        let subscription = subscribed.map_err(|error| error.at(stage()))?;
        let turns = topic.concurrency_limit();
        let beds = beds(topic) as usize;
        Ok(Arc::new(Self {
            broker,
            registered,
            chain,
            seam,
            leaving,
            subscription: Mutex::new(subscription),
            turns: Semaphore::new(turns),
            beds: Arc::new(Semaphore::new(beds)),
            resting: Lock::default(),
        }))
    }

    /// How many tasks are to [`work`](Self::work).
    pub(super) fn tasks(&self) -> usize {
        self.registered.topic.concurrency_limit()
    }

    /// Handles deliveries until the subscription has ended, the broker has learned of all ends, and nothing rests.
    pub(super) async fn work(self: Arc<Self>) {
        let limit = self.registered.topic.in_flight_limit();
        let mut settling = Settling::new(limit, |error| self.not_settled(error));
        while let Some(delivery) = settling.beside(self.pull()).await {
            match settling.beside(self.attempt(delivery)).await {
                Ended::Settled(told) => settling.add(told).await,
                Ended::Failed(failed) => settling.beside(self.put_to_rest(failed)).await,
            }
        }
        settling.all().await;
        drop(self.beds.acquire_many(beds(&self.registered.topic)).await);
    }

    /// Unsubscribes as soon as the service leaves, even while every handler is busy.
    pub(super) async fn leave(self: Arc<Self>) {
        self.left().await;
        self.end(&mut *self.subscription.lock().await).await;
    }

    async fn end(&self, subscription: &mut Subscription) {
        if let Err(error) = subscription.unsubscribe().await {
            tracing::warn!("{} is not unsubscribed: {error:?}", self.told());
        }
    }

    /// Cuts what rests.
    pub(super) fn cut(&self) {
        self.resting
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .abort_all();
    }

    /// The next delivery; `None` at the end. A subscription that is lost is made again.
    async fn pull(&self) -> Option<Delivery> {
        let mut subscription = self.subscription.lock().await;
        loop {
            if self.has_left() {
                self.end(&mut subscription).await;
            }
            let next = tokio::select! {
                biased;
                () = self.left(), if !self.has_left() => continue,
                next = subscription.next() => next,
            };
            let lost = match next {
                Ok(Some(delivery)) => return Some(delivery),
                _ if self.has_left() => return None,
                Ok(None) => Error::unavailable("the broker has ended it"),
                Err(error) => error,
            };
            tracing::warn!("{} is lost, trying on: {lost:?}", self.told());
            *subscription = self.again().await?;
            tracing::info!("{} is there again", self.told());
        }
    }

    /// Subscribes until that succeeds; `None` when the service leaves first.
    async fn again(&self) -> Option<Subscription> {
        let mut wait = FIRST_WAIT;
        loop {
            self.wait(wait).await;
            if self.has_left() {
                return None;
            }
            if let Ok(subscription) = self.broker.subscribe(&self.registered.topic).await {
                return Some(subscription);
            }
            wait = (wait * 2).min(LONGEST_WAIT);
        }
    }

    /// Runs the handler once, and settles the delivery unless it is to be tried again.
    async fn attempt(&self, delivery: Delivery) -> Ended {
        let turn = self.turns.acquire().await;
        let ended = self.run(&delivery).await;
        drop(turn);
        match ended {
            Ok(()) => Ended::Settled(delivery.end(Verdict::Ack)),
            Err(error) if self.gives_up(&error, &delivery) => {
                let (attempt, id) = (delivery.attempt(), id(&delivery));
                tracing::warn!(
                    "{} rejects message {id} after attempt {attempt}: {error:?}",
                    self.told()
                );
                Ended::Settled(delivery.end(Verdict::Reject))
            }
            Err(error) => {
                tracing::debug!(
                    "{} will try message {} again: {error:?}",
                    self.told(),
                    id(&delivery)
                );
                Ended::Failed(delivery)
            }
        }
    }

    fn not_settled(&self, error: &Error) {
        tracing::warn!("{} could not settle a message: {error:?}", self.told());
    }

    /// Runs the handler behind the interceptors and under guard.
    async fn run(&self, delivery: &Delivery) -> Result<()> {
        let message = delivery.message();
        let mut head = CallHead::new(delivery.topic().to_string(), "receive");
        head.metadata = envelope::metadata(&message.header);
        head.attempt = NonZeroU32::new(delivery.attempt());
        let clock = self.seam.clock;
        let timeout = self.registered.topic.handler_timeout();
        head.deadline = timeout.map(|timeout| clock.now().after(timeout));
        let state = Arc::new(CallState::new(head));
        state.set(message.header.clone());
        let call = ServerCall::new(state.clone(), Request::One(message.body.clone()), None);
        let chain = self.chain.get().map_or(&[][..], Vec::as_slice);
        let handling = ServerNext::new(chain, &*self.registered.endpoint).run(call);
        Guarded::new(handling, state.head(), clock).await
    }

    /// Whether a delivery whose attempt ended so is not tried again.
    fn gives_up(&self, error: &Error, delivery: &Delivery) -> bool {
        let topic = &self.registered.topic;
        let last = delivery.attempt() >= topic.attempt_limit();
        last || error.code() == Code::InvalidArgument || topic.acked() == Ack::OnDelivery
    }

    /// Lets a delivery that failed rest, in a task of its own as long as there are not too many of them.
    async fn put_to_rest(self: &Arc<Self>, delivery: Delivery) {
        let Ok(bed) = self.beds.clone().try_acquire_owned() else {
            return self.rest(delivery).await;
        };
        let resting = self.clone().rest_in(delivery, bed);
        let mut tasks = self.resting.lock().unwrap_or_else(PoisonError::into_inner);
        while tasks.try_join_next().is_some() {}
        tasks.spawn(resting);
    }

    async fn rest_in(self: Arc<Self>, delivery: Delivery, _bed: OwnedSemaphorePermit) {
        self.rest(delivery).await;
    }

    /// Waits, and then gives the delivery back; where the broker cannot take it back, tries it again here.
    async fn rest(&self, mut delivery: Delivery) {
        loop {
            self.wait(self.registered.topic.wait_after(delivery.attempt()))
                .await;
            if self.broker.capabilities().requeue {
                if let Err(error) = delivery.requeue().await {
                    tracing::warn!("{} could not give a message back: {error:?}", self.told());
                }
                return;
            }
            let attempt = delivery.attempt().saturating_add(1);
            match self.attempt(delivery.with_attempt(attempt)).await {
                Ended::Failed(failed) => delivery = failed,
                Ended::Settled(None) => return,
                Ended::Settled(Some(told)) => {
                    if let Err(error) = told.await {
                        self.not_settled(&error);
                    }
                    return;
                }
            }
        }
    }

    /// Waits for `wait`, or until the service leaves.
    async fn wait(&self, wait: Duration) {
        tokio::select! {
            biased;
            () = self.left() => {}
            () = self.seam.clock.sleep(wait) => {}
        }
    }

    fn has_left(&self) -> bool {
        *self.leaving.borrow()
    }

    /// Ready when the service leaves.
    async fn left(&self) {
        let mut leaving = self.leaving.clone();
        // Whoever is gone has left.
        let _ = leaving.wait_for(|left| *left).await;
    }

    fn told(&self) -> String {
        let (broker, topic) = (self.broker.name(), self.registered.topic.name());
        format!("Broker [{broker}] the subscription to topic {topic}")
    }
}

/// How many deliveries may rest without holding up a task.
fn beds(topic: &Topic) -> u32 {
    const MOST: u32 = 1 << 16;
    u32::try_from(topic.in_flight_limit()).map_or(MOST, |limit| limit.min(MOST))
}

/// What the publisher called the message.
fn id(delivery: &Delivery) -> &str {
    delivery
        .message()
        .header
        .get(envelope::ID)
        .unwrap_or("without id")
}
