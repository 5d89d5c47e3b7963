//! A registry that remembers: what a client looks services up in, before every call.
//!
//! Invariant: knowledge has one source per name, a task that follows the watch of the registry
//! behind. A registry that is away empties nothing: what was known is served until the registry is
//! back and says otherwise. The tasks end with the last clone.

mod backoff;
mod batch;
mod follower;

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::net::IpAddr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};
use std::time::Duration;

use async_trait::async_trait;
use tokio::sync::{Notify, watch};
use tokio::task::JoinHandle;

use self::follower::{Answer, Follower};
use super::roster::Roster;
use super::{Registry, ServiceInfo, Watch};
use crate::error::{Error, Result};
use crate::seam::Seam;

/// Remembers what another registry says, and follows its changes.
///
/// The first lookup of a name starts a watch and asks once, however many look it up at the time;
/// from then on the watch tells what is new, and lookups ask nobody. A watch that fails is started
/// again, later and later, and then asks again. Of a service without nodes nothing is remembered: a
/// lookup asks again, but no sooner than 100 ms after the last answer, and ends early when the
/// watch tells of a node. A name that nobody has looked up for ten minutes is forgotten after ten
/// more at the latest.
///
/// Lookups need a tokio runtime, which runs the watches.
#[derive(Clone, Debug)]
pub struct Cached(Arc<Shared>);

impl Cached {
    /// Remembers what `inner` says.
    pub fn new(inner: Arc<dyn Registry>, seam: Seam) -> Self {
        Self(Arc::new(Shared {
            inner,
            seam,
            names: RwLock::default(),
        }))
    }

    /// Waits for the follower of `name` to know something, or to be told that there is nothing to
    /// know.
    ///
    /// Cancel safe: the question that was asked stays asked for the others who wait.
    async fn lookup(&self, name: &str) -> Result<Arc<[ServiceInfo]>> {
        loop {
            let (mut answers, before) = self.follow(name);
            loop {
                if let Some(known) = self.known(name) {
                    return Ok(known);
                }
                let answer = answers.borrow_and_update().clone();
                if answer.count != before {
                    return Err(self.absent(name, answer.error.as_deref()));
                }
                if answers.changed().await.is_err() {
                    break; // The follower forgot the name at this very moment: begin again.
                }
            }
        }
    }

    /// Asks the follower of `name` to look, starting it where there is none; its answers arrive in
    /// the receiver, and the number says how many there were before.
    fn follow(&self, name: &str) -> (watch::Receiver<Answer>, u64) {
        let mut names = self.0.write();
        let slot = match names.entry(name.to_owned()) {
            Entry::Vacant(vacant) => vacant.insert(self.start(name)),
            Entry::Occupied(mut slot) => {
                if slot.get().task.is_finished() {
                    slot.insert(self.start(name));
                }
                slot.into_mut()
            }
        };
        slot.used.store(true, Ordering::Relaxed);
        // In this order: a question that nobody waits for is not asked, and an answer that is
        // counted already is not waited for.
        let answers = slot.answers.clone();
        let before = answers.borrow().count;
        slot.wanted.notify_one();
        (answers, before)
    }

    /// The answers of the follower of `name`, which is asked only where it has to be started.
    fn answers(&self, name: &str) -> watch::Receiver<Answer> {
        let answers = self.0.read().get(name).and_then(|slot| {
            let follows = !slot.task.is_finished();
            follows.then(|| slot.answers.clone())
        });
        answers.unwrap_or_else(|| self.follow(name).0)
    }

    fn start(&self, name: &str) -> Slot {
        let wanted = Arc::new(Notify::new());
        let (sender, answers) = watch::channel(Answer::default());
        let follower = Follower::new(name, &self.0, Arc::clone(&wanted), sender);
        Slot {
            known: None,
            used: AtomicBool::new(true),
            answers,
            wanted,
            task: tokio::spawn(follower.run()),
        }
    }

    /// The error that all who waited for one answer get; an [`Error`] itself cannot be cloned.
    fn absent(&self, name: &str, error: Option<&Error>) -> Error {
        let Some(error) = error else {
            let registry = self.name();
            return Error::not_found(format!("no node for {name:?} in registry {registry}"));
        };
        let copy = Error::new(error.code(), error.message().to_owned());
        match std::error::Error::source(error) {
            Some(source) => copy.source(source.to_string()),
            None => copy,
        }
    }
}

#[async_trait]
impl Registry for Cached {
    fn name(&self) -> &'static str {
        self.0.inner.name()
    }

    async fn register(&self, service: &ServiceInfo, ttl: Duration) -> Result<()> {
        self.0.inner.register(service, ttl).await
    }

    async fn deregister(&self, service: &ServiceInfo) -> Result<()> {
        self.0.inner.deregister(service).await
    }

    async fn get_service(&self, name: &str) -> Result<Vec<ServiceInfo>> {
        let versions = match self.known(name) {
            Some(known) => known,
            None => self.lookup(name).await?,
        };
        Ok(versions.to_vec())
    }

    async fn list_services(&self) -> Result<Vec<ServiceInfo>> {
        self.0.inner.list_services().await
    }

    async fn watch(&self, name: &str) -> Result<Watch> {
        self.0.inner.watch(name).await
    }

    /// Follows `name` while somebody waits, as a lookup does; an answer that changes nothing ends no wait, so those who wait
    /// together do not make each other ask.
    async fn changed(&self, name: &str, seen: Option<&Arc<[ServiceInfo]>>) -> Result<()> {
        loop {
            let mut answers = self.answers(name);
            loop {
                answers.borrow_and_update();
                if !is_same(self.known(name).as_ref(), seen) {
                    return Ok(());
                }
                if answers.changed().await.is_err() {
                    break; // The follower forgot the name at this very moment: begin again.
                }
            }
        }
    }

    fn known(&self, name: &str) -> Option<Arc<[ServiceInfo]>> {
        let names = self.0.read();
        let slot = names.get(name)?;
        // Read before it is written: callers on all cores come by here, and a write would take the
        // line from them.
        if !slot.used.load(Ordering::Relaxed) {
            slot.used.store(true, Ordering::Relaxed);
        }
        slot.known.clone()
    }

    fn propagation(&self) -> Duration {
        self.0.inner.propagation()
    }

    fn toward(&self) -> Option<IpAddr> {
        self.0.inner.toward()
    }
}

/// What the clones of one cache share; followers refer to it weakly.
#[derive(Debug)]
struct Shared {
    inner: Arc<dyn Registry>,
    seam: Seam,
    names: RwLock<BTreeMap<String, Slot>>,
}

impl Shared {
    fn read(&self) -> RwLockReadGuard<'_, BTreeMap<String, Slot>> {
        self.names.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self) -> RwLockWriteGuard<'_, BTreeMap<String, Slot>> {
        self.names.write().unwrap_or_else(PoisonError::into_inner)
    }

    /// Makes the versions of `roster` what is known of `name`; what is the same keeps its [`Arc`].
    fn learn(&self, name: &str, roster: &Roster) {
        let known = self.read().get(name).and_then(|slot| slot.known.clone());
        if known
            .iter()
            .flat_map(|known| known.iter())
            .eq(roster.versions())
        {
            return;
        }
        // Copied before the lock is taken, for which every caller would have to wait.
        let versions: Arc<[_]> = roster.versions().cloned().collect();
        let versions = (!versions.is_empty()).then_some(versions);
        if let Some(slot) = self.write().get_mut(name) {
            slot.known = versions;
        }
    }

    /// Forgets `name` unless somebody waits for `answers` or has looked it up since the last time;
    /// tells whether it did.
    fn forget(&self, name: &str, answers: &watch::Sender<Answer>) -> bool {
        let mut names = self.write();
        // One receiver is the slot's own.
        let wanted =
            |slot: &Slot| slot.used.swap(false, Ordering::Relaxed) || answers.receiver_count() > 1;
        let idle = !names.get(name).is_some_and(wanted);
        let slot = idle.then(|| names.remove(name));
        drop(names);
        drop(slot);
        idle
    }
}

/// One name that was looked up.
#[derive(Debug)]
struct Slot {
    known: Option<Arc<[ServiceInfo]>>,
    used: AtomicBool,
    answers: watch::Receiver<Answer>,
    wanted: Arc<Notify>,
    task: JoinHandle<()>,
}

impl Drop for Slot {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// Whether both are the same knowledge, or none.
fn is_same(one: Option<&Arc<[ServiceInfo]>>, other: Option<&Arc<[ServiceInfo]>>) -> bool {
    match (one, other) {
        (Some(one), Some(other)) => Arc::ptr_eq(one, other),
        (one, other) => one.is_none() && other.is_none(),
    }
}

#[cfg(test)]
mod tests;
