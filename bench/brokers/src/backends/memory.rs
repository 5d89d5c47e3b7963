//! Within the process: a map of topics with a bounded channel of tokio for each subscriber, as a user would write it by hand.
//!
//! It bounds what waits and what is in flight, and a publisher waits where there is no room, as with rmicro. What it does not do:
//! give a message back and count the attempts, share a queue, keep the order of a key, give to all or to none when a publisher
//! stops waiting, and drain a subscriber that leaves.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, PoisonError, RwLock};

use bytes::Bytes;
use rmicro_runtime::broker::{Memory, Topic};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc};

use super::{Backend, Measuring};
use crate::Outcome;
use crate::cases::{Case, Stack};
use crate::envelope::HEADER;
use crate::load::{Figures, Way, measure};
use crate::ours::Ours;

pub const BACKEND: Backend = Backend {
    name: "memory",
    peer: "tokio 1.54.1: a bounded mpsc channel for each subscriber of a topic and a semaphore for what is in flight; it has no queues, no \
           redelivery and no order of keys, and bare is the channel alone",
    bound: Some(
        "The bound for this broker is not 0.9 of raw but 5 million messages a second of one core's time from one publisher to one \
         subscriber, which `broker::memory::speed` measures; here publishers and subscriber are on all cores.",
    ),
    measure: measuring,
};

const TOPIC: &str = "bench";
/// How many messages may wait behind what is in flight, as with rmicro.
const BACKLOG: usize = 16_384;

fn measuring(stack: Stack, case: &'static Case) -> Measuring {
    Box::pin(run(stack, case))
}

async fn run(stack: Stack, case: &Case) -> Outcome<Figures> {
    let topic = Topic::new(TOPIC);
    let in_flight = topic.in_flight_limit();
    let body: Bytes = vec![b'x'; case.size].into();
    match stack {
        Stack::Rmicro => measure(Ours::new(Memory::new(), topic, case), case, 0).await,
        Stack::Raw => {
            let topics = RwLock::default();
            let raw = Raw {
                topics,
                in_flight,
                body,
            };
            measure(raw, case, 0).await
        }
        Stack::Bare => measure(Bare::new(body), case, 0).await,
    }
}

/// What is published; subscribers share it.
struct Message {
    header: BTreeMap<String, String>,
    body: Bytes,
}

type Subscribers = Arc<Vec<mpsc::Sender<Arc<Message>>>>;

struct Raw {
    topics: RwLock<HashMap<String, Subscribers>>,
    in_flight: usize,
    body: Bytes,
}

/// A subscriber's end of the channel, and its room for what is in flight.
struct Subscriber {
    waiting: mpsc::Receiver<Arc<Message>>,
    room: Arc<Semaphore>,
}

/// A message in flight; dropping it acknowledges it.
struct Delivery {
    message: Arc<Message>,
    _room: OwnedSemaphorePermit,
}

impl Raw {
    fn subscribers(&self, topic: &str) -> Subscribers {
        let topics = self.topics.read().unwrap_or_else(PoisonError::into_inner);
        topics.get(topic).cloned().unwrap_or_default()
    }
}

impl Subscriber {
    async fn next(&mut self) -> Outcome<Delivery> {
        let room = self.room.clone().acquire_owned().await?;
        let message = self.waiting.recv().await.ok_or("the broker has ended")?;
        Ok(Delivery {
            message,
            _room: room,
        })
    }
}

impl Way for Raw {
    type Incoming = Subscriber;

    async fn subscribe(&self) -> Outcome<Subscriber> {
        let (sender, waiting) = mpsc::channel(BACKLOG);
        let mut topics = self.topics.write().unwrap_or_else(PoisonError::into_inner);
        let subscribers = topics.entry(TOPIC.to_owned()).or_default();
        Arc::make_mut(subscribers).push(sender);
        let room = Arc::new(Semaphore::new(self.in_flight));
        Ok(Subscriber { waiting, room })
    }

    async fn next(incoming: &mut Subscriber) -> Outcome<usize> {
        let delivery = incoming.next().await?;
        std::hint::black_box(&delivery.message.header);
        Ok(delivery.message.body.len())
    }

    async fn publish(&self) -> Outcome<()> {
        let (name, value) = HEADER;
        let message = Arc::new(Message {
            header: BTreeMap::from([(name.to_owned(), value.to_owned())]),
            body: self.body.clone(),
        });
        for subscriber in self.subscribers(TOPIC).iter() {
            // One that has gone is no subscriber.
            let _ = subscriber.send(message.clone()).await;
        }
        Ok(())
    }
}

/// The channel alone.
struct Bare {
    sender: mpsc::Sender<Bytes>,
    receiver: std::sync::Mutex<Option<mpsc::Receiver<Bytes>>>,
    body: Bytes,
}

impl Bare {
    fn new(body: Bytes) -> Self {
        let (sender, receiver) = mpsc::channel(BACKLOG);
        Self {
            sender,
            receiver: std::sync::Mutex::new(Some(receiver)),
            body,
        }
    }
}

impl Way for Bare {
    type Incoming = mpsc::Receiver<Bytes>;

    async fn subscribe(&self) -> Outcome<mpsc::Receiver<Bytes>> {
        let mut receiver = self.receiver.lock().unwrap_or_else(PoisonError::into_inner);
        Ok(receiver.take().ok_or("there is one subscriber")?)
    }

    async fn next(incoming: &mut mpsc::Receiver<Bytes>) -> Outcome<usize> {
        let body = incoming.recv().await.ok_or("the channel has ended")?;
        Ok(body.len())
    }

    async fn publish(&self) -> Outcome<()> {
        Ok(self.sender.send(self.body.clone()).await?)
    }
}
