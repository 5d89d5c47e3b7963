//! Who has subscribed to what, as the registry tells it.
//!
//! Invariant: what the watch has told is read before each answer, so a publisher knows what its registry had told it by then.
//! Deliberately absent: a task, since nobody has to know between two publications. A registry that is away empties nothing.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use super::failure;
use super::record::{self, SERVICE, Target};
use crate::error::{Code, Error, Result};
use crate::registry::{Registry, Roster, Watch};
use crate::seam::{Clock, Moment};

/// How soon after an answer the registry is asked again, where it knew of nobody or could not be asked.
const ASK_INTERVAL: Duration = Duration::from_secs(1);
/// How long the registry may take to answer.
const ANSWER_LIMIT: Duration = Duration::from_secs(10);

/// Who gets a message of one topic.
#[derive(Debug, Default)]
pub(super) struct Audience {
    /// Each of them.
    pub(super) all: Vec<Arc<Target>>,
    /// One of each.
    pub(super) queues: Vec<Vec<Arc<Target>>>,
}

/// The subscriptions that a registry knows of.
#[derive(Debug)]
pub(super) struct Directory {
    registry: Arc<dyn Registry>,
    clock: Clock,
    known: Mutex<Known>,
    /// Whoever asks the registry has it meanwhile.
    asking: tokio::sync::Mutex<()>,
    /// Whether the registry was asked and has not answered, even where nobody waits for it any more.
    unanswered: AtomicBool,
}

#[derive(Default)]
struct Known {
    roster: Roster,
    watch: Option<Watch>,
    /// When the registry was asked last.
    asked: Option<Moment>,
    /// Whether it is being asked: what the watch tells meanwhile has to wait for the answer, which may be older.
    asking: bool,
    /// Whether the log says that the registry is away.
    away: bool,
    topics: BTreeMap<String, Arc<Audience>>,
}

impl Directory {
    pub(super) fn new(registry: Arc<dyn Registry>, clock: Clock) -> Self {
        Self {
            registry,
            clock,
            known: Mutex::default(),
            asking: tokio::sync::Mutex::default(),
            unanswered: AtomicBool::new(false),
        }
    }

    /// Who has subscribed to `topic`, where that is known without asking the registry.
    pub(super) fn known(&self, topic: &str) -> Option<Arc<Audience>> {
        let mut known = self.lock();
        if known.asking {
            return None;
        }
        known.read();
        let tells = known.watch.is_some() && !known.roster.is_empty() && known.asked.is_some();
        tells.then(|| known.audience(topic))
    }

    /// Who has subscribed to `topic`.
    ///
    /// Only the first question waits, and those that are asked while nobody has subscribed to anything. An error says that the
    /// registry could not be asked and nothing is known of before. Cancel safe.
    pub(super) async fn audience(&self, topic: &str) -> Result<Arc<Audience>> {
        let _one = self.asking.lock().await;
        let asks = {
            let mut known = self.lock();
            known.read();
            let asks = known.has_to_ask(self.clock.now());
            known.asking = asks;
            if !asks && known.away && known.roster.is_empty() {
                return Err(Error::unavailable(format!(
                    "registry {} does not answer",
                    self.registry.name()
                )));
            }
            asks
        };
        if asks {
            self.ask().await?;
        } else {
            // Whoever asked last may have gone before the answer, and is not to be waited for any more.
            self.unanswered.store(false, Ordering::Relaxed);
        }
        Ok(self.lock().audience(topic))
    }

    /// Why a publication to `topic` is not over: the registry has not answered, or those have not that `wait` is true of.
    pub(super) fn outage(&self, topic: &str, wait: impl Fn(&Target) -> bool) -> Option<String> {
        if self.unanswered.load(Ordering::Relaxed) {
            let name = self.registry.name();
            return Some(format!("registry {name} has not told who subscribes"));
        }
        let audience = self.lock().topics.get(topic).cloned()?;
        let targets = audience.all.iter().chain(audience.queues.iter().flatten());
        failure::unanswered(
            targets
                .map(|target| &**target)
                .filter(|target| wait(target)),
        )
    }

    /// Asks the registry, and takes in what it tells.
    async fn ask(&self) -> Result<()> {
        let limit = self.clock.now().after(ANSWER_LIMIT);
        self.unanswered.store(true, Ordering::Relaxed);
        let answer = self.clock.until(limit, self.answer()).await;
        self.unanswered.store(false, Ordering::Relaxed);
        let answer = answer
            .unwrap_or_else(|| Err(Error::unavailable(format!("no answer in {ANSWER_LIMIT:?}"))));
        let mut known = self.lock();
        known.asked = Some(self.clock.now());
        known.asking = false;
        let name = self.registry.name();
        match answer {
            Ok((watch, roster)) => {
                known.watch = watch.or(known.watch.take());
                known.roster = roster;
            }
            Err(error) => {
                known.watch = None;
                if !known.away {
                    tracing::warn!(
                        "Broker [http] registry {name} does not tell who subscribes: {error:?}"
                    );
                }
                known.away = true;
                return match known.roster.is_empty() {
                    true => Err(error.at(format_args!("registry {name}"))),
                    false => Ok(()),
                };
            }
        }
        if std::mem::take(&mut known.away) {
            tracing::info!("Broker [http] registry {name} tells who subscribes again");
        }
        known.index();
        known.read();
        Ok(())
    }

    /// Watches where nothing does, and then asks, so that the answer and the watch leave no gap between them.
    async fn answer(&self) -> Result<(Option<Watch>, Roster)> {
        let watches = self.lock().watch.is_some();
        let watch = match watches {
            true => None,
            false => Some(self.registry.watch(SERVICE).await?),
        };
        match self.registry.get_service(SERVICE).await {
            Ok(versions) => Ok((watch, Roster::of(&versions))),
            Err(error) if error.code() == Code::NotFound => Ok((watch, Roster::default())),
            Err(error) => Err(error),
        }
    }

    fn lock(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Known {
    /// Who has subscribed to `topic`.
    fn audience(&self, topic: &str) -> Arc<Audience> {
        self.topics.get(topic).cloned().unwrap_or_default()
    }

    /// Whether the registry has not answered since changes were missed, or knew of nobody or was away a while ago.
    fn has_to_ask(&self, now: Moment) -> bool {
        let Some(asked) = self.asked else {
            return true;
        };
        (self.watch.is_none() || self.roster.is_empty()) && now >= asked.after(ASK_INTERVAL)
    }

    /// Applies what the watch has told.
    fn read(&mut self) {
        let mut cx = Context::from_waker(Waker::noop());
        let mut changed = false;
        while let Some(watch) = &mut self.watch
            && let Poll::Ready(told) = watch.as_mut().poll_next(&mut cx)
        {
            match told {
                Some(Ok(change)) => changed |= self.roster.apply(&change),
                // Something was missed, or nothing comes any more: watched and asked anew.
                Some(Err(_)) | None => {
                    self.watch = None;
                    self.asked = None;
                }
            }
        }
        if changed {
            self.index();
        }
    }

    fn index(&mut self) {
        let mut topics: BTreeMap<String, Audience> = BTreeMap::new();
        for service in self.roster.versions() {
            let queue = record::queue(service);
            let mut shares: BTreeMap<&str, Vec<Arc<Target>>> = BTreeMap::new();
            for (topic, target) in service.nodes.iter().filter_map(record::target) {
                let target = Arc::new(target);
                match queue {
                    Some(_) => shares.entry(topic).or_default().push(target),
                    None => topics.entry(topic.to_owned()).or_default().all.push(target),
                }
            }
            for (topic, share) in shares {
                let audience = topics.entry(topic.to_owned()).or_default();
                audience.queues.push(share);
            }
        }
        let topics = topics.into_iter();
        self.topics = topics.map(|(topic, who)| (topic, Arc::new(who))).collect();
    }
}

impl std::fmt::Debug for Known {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Known").field(&self.topics).finish()
    }
}

#[cfg(test)]
mod tests {
    use async_trait::async_trait;
    use tokio::sync::Semaphore;

    use super::*;
    use crate::registry::{Memory, Node, ServiceInfo};

    /// A registry whose answers are on their way until they are let through.
    #[derive(Debug)]
    struct Slow {
        inner: Memory,
        told: Semaphore,
        through: Semaphore,
    }

    #[async_trait]
    impl Registry for Slow {
        fn name(&self) -> &'static str {
            "slow"
        }

        async fn register(&self, service: &ServiceInfo, ttl: Duration) -> Result<()> {
            self.inner.register(service, ttl).await
        }

        async fn deregister(&self, service: &ServiceInfo) -> Result<()> {
            self.inner.deregister(service).await
        }

        async fn get_service(&self, name: &str) -> Result<Vec<ServiceInfo>> {
            let answer = self.inner.get_service(name).await;
            self.told.add_permits(1);
            self.through.acquire().await.expect("it is open").forget();
            answer
        }

        async fn list_services(&self) -> Result<Vec<ServiceInfo>> {
            self.inner.list_services().await
        }

        async fn watch(&self, name: &str) -> Result<Watch> {
            self.inner.watch(name).await
        }
    }

    #[tokio::test(start_paused = true)]
    async fn what_the_watch_tells_while_an_older_answer_is_on_its_way_is_not_lost() {
        let inner = Memory::new();
        let slow = Arc::new(Slow {
            inner: inner.clone(),
            told: Semaphore::new(0),
            through: Semaphore::new(1),
        });
        let clock = Clock::default();
        let directory = Arc::new(Directory::new(slow.clone(), clock));
        assert!(directory.audience("t").await.unwrap().all.is_empty());
        slow.told.acquire().await.unwrap().forget();
        clock.sleep(2 * ASK_INTERVAL).await;
        let asker = directory.clone();
        let asking = tokio::spawn(async move { asker.audience("t").await });
        slow.told.acquire().await.unwrap().forget();
        let node = Node::new("t-1", "127.0.0.1:1")
            .metadata("broker", "http")
            .metadata("topic", "t");
        let service = ServiceInfo::new(SERVICE, "ff.http.broadcast").node(node);
        let ttl = Duration::from_secs(600);
        inner.register(&service, ttl).await.unwrap();
        assert!(directory.known("t").is_none(), "the answer is awaited");
        slow.through.add_permits(1);
        assert_eq!(asking.await.unwrap().unwrap().all.len(), 1);
        assert_eq!(directory.known("t").unwrap().all.len(), 1);
    }
}
