//! The subscriptions of a service that runs.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;
use tokio::task::JoinSet;

use super::subscriber::Subscribers;
use super::worker::{Chain, Worker};
use crate::broker::Broker;
use crate::error::{Error, Result};
use crate::seam::Seam;

/// The subscriptions of a service and the tasks that work for them; dropping it cuts the handlers, and what they had comes again
/// where the broker can.
pub(crate) struct Subscribed {
    leaving: watch::Sender<bool>,
    workers: Vec<Arc<Worker>>,
    tasks: JoinSet<()>,
    seam: Seam,
}

impl Subscribed {
    /// Subscribes with every handler, all at the same time, since a broker may have to wait until everybody has learned of it; the
    /// first that cannot, in the order in which they were added, is an error, and nothing is subscribed then.
    pub(crate) async fn start(
        subscribers: &Subscribers,
        broker: &Arc<dyn Broker>,
        chain: &Chain,
        seam: &Seam,
    ) -> Result<Self> {
        let mut started = Self {
            leaving: watch::channel(false).0,
            workers: Vec::new(),
            tasks: JoinSet::new(),
            seam: seam.clone(),
        };
        let registered = subscribers.start();
        let mut subscribing = JoinSet::new();
        for (at, registered) in registered.iter().cloned().enumerate() {
            let leaving = started.leaving.subscribe();
            let (broker, chain, seam) = (broker.clone(), chain.clone(), seam.clone());
            let subscribed = Worker::subscribe(broker, registered, chain, seam, leaving);
            subscribing.spawn(async move { (at, subscribed.await) });
        }
        let mut subscribed = Vec::new();
        while let Some(ended) = subscribing.join_next().await {
            let ended = ended.map_err(|error| Error::internal("subscribing ended").source(error));
            subscribed.push(ended?);
        }
        subscribed.sort_by_key(|(at, _)| *at);
        for (registered, (_, worker)) in registered.iter().zip(subscribed) {
            started.workers.push(worker?);
            tracing::info!("Subscribing to topic: {}", registered.topic.name());
        }
        // Handlers run when all are there, so that a start that fails has handled nothing.
        for worker in &started.workers {
            started.tasks.spawn(worker.clone().leave());
            for _ in 0..worker.tasks() {
                started.tasks.spawn(worker.clone().work());
            }
        }
        Ok(started)
    }

    /// Begins to unsubscribe; nothing new is delivered once the broker has learned of it.
    pub(crate) fn leave(&self) {
        self.leaving.send_replace(true);
    }

    /// Waits until every message that was delivered has been handled, for `limit` at most; what runs then is cut, and how many
    /// subscriptions that concerns is returned.
    pub(crate) async fn drain(mut self, limit: Duration) -> usize {
        self.leave();
        let limit = self.seam.clock.now().after(limit);
        let tasks = &mut self.tasks;
        let ended = async { while tasks.join_next().await.is_some() {} };
        if self.seam.clock.until(limit, ended).await.is_some() {
            return 0;
        }
        let cut = self.tasks.len();
        self.workers.iter().for_each(|worker| worker.cut());
        self.tasks.shutdown().await;
        cut
    }
}

impl fmt::Debug for Subscribed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Subscribed({})", self.workers.len())
    }
}

impl Drop for Subscribed {
    fn drop(&mut self) {
        self.workers.iter().for_each(|worker| worker.cut());
    }
}
