//! What a memory registry knows: the services, who watches them, and what the watchers have not
//! read yet.

use std::collections::{BTreeMap, VecDeque};
use std::task::{Poll, Waker};

use crate::error::{Error, Result};
use crate::registry::roster::Roster;
use crate::registry::{Change, ServiceInfo};
use crate::seam::Moment;

/// How many changes a watcher may leave unread.
pub(super) const UNREAD_LIMIT: usize = 256;

/// Everything behind the lock of a memory registry.
#[derive(Debug, Default)]
pub(super) struct State {
    services: BTreeMap<String, Service>,
    /// The earliest moment at which a node may lapse.
    next_lapse: Option<Moment>,
    watchers: BTreeMap<u64, Watcher>,
    last_watcher: u64,
    wakers: Vec<Waker>,
}

#[derive(Debug, Default)]
struct Service {
    roster: Roster,
    /// When the nodes lapse, by id; those that never do are not here.
    until: BTreeMap<String, Moment>,
}

#[derive(Debug, Default)]
struct Watcher {
    name: String,
    unread: VecDeque<Change>,
    missed: bool,
    waker: Option<Waker>,
}

impl State {
    /// Removes the nodes that have lapsed at `now`.
    pub(super) fn sweep(&mut self, now: Moment) {
        if self.next_lapse.is_none_or(|lapse| now < lapse) {
            return;
        }
        let mut changes = Vec::new();
        for service in self.services.values_mut() {
            let until = &service.until;
            let lapsed = |id: &str| until.get(id).is_some_and(|until| *until <= now);
            changes.extend(service.roster.remove(|node| lapsed(&node.id)));
            service.until.retain(|_, until| *until > now);
        }
        self.services
            .retain(|_, service| !service.roster.is_empty());
        let lapses = self.services.values().filter_map(Service::next_lapse);
        self.next_lapse = lapses.min();
        self.tell(changes);
    }

    /// Adds or renews the nodes of `info` until the moment given, or for good.
    pub(super) fn register(&mut self, info: &ServiceInfo, until: Option<Moment>) {
        if info.nodes.is_empty() {
            return;
        }
        let service = self.services.entry(info.name.clone()).or_default();
        for node in &info.nodes {
            match until {
                Some(until) => service.until.insert(node.id.clone(), until),
                None => service.until.remove(&node.id),
            };
        }
        let changes = service.roster.put(info);
        self.next_lapse = self.next_lapse.into_iter().chain(until).min();
        self.tell(changes);
        // A renewal tells nothing, but the timers of the watchers may be due earlier now.
        self.wake(&info.name);
    }

    /// Removes the nodes of `info`.
    pub(super) fn deregister(&mut self, info: &ServiceInfo) {
        let Some(service) = self.services.get_mut(&info.name) else {
            return;
        };
        let changes = service.roster.withdraw(info);
        for node in &info.nodes {
            service.until.remove(&node.id);
        }
        if service.roster.is_empty() {
            self.services.remove(&info.name);
        }
        self.tell(changes);
    }

    /// Every version of `name`; none when it is unknown.
    pub(super) fn versions(&self, name: &str) -> Vec<ServiceInfo> {
        let service = self.services.get(name);
        service.map_or_else(Vec::new, |service| {
            service.roster.versions().cloned().collect()
        })
    }

    /// The names of all services, sorted.
    pub(super) fn names(&self) -> Vec<String> {
        self.services.keys().cloned().collect()
    }

    /// Begins to keep the changes of `name` for a watcher, whose number is returned.
    pub(super) fn watch(&mut self, name: &str) -> u64 {
        self.last_watcher += 1;
        let watcher = Watcher {
            name: name.to_owned(),
            ..Watcher::default()
        };
        self.watchers.insert(self.last_watcher, watcher);
        self.last_watcher
    }

    /// Forgets a watcher.
    pub(super) fn unwatch(&mut self, id: u64) {
        self.watchers.remove(&id);
    }

    /// What watcher `id` has not read yet; when that is nothing, `waker` is kept for the next
    /// change.
    pub(super) fn poll_change(&mut self, id: u64, waker: &Waker) -> Poll<Option<Result<Change>>> {
        let Some(watcher) = self.watchers.get_mut(&id) else {
            return Poll::Ready(None);
        };
        if std::mem::take(&mut watcher.missed) {
            let error = Error::aborted(format!(
                "the watch of {:?} in registry memory was read too slowly and missed changes; look the service up again",
                watcher.name
            ));
            return Poll::Ready(Some(Err(error)));
        }
        match watcher.unread.pop_front() {
            Some(change) => Poll::Ready(Some(Ok(change))),
            None => {
                watcher.waker = Some(waker.clone());
                Poll::Pending
            }
        }
    }

    /// When the next node of the service that watcher `id` watches may lapse.
    pub(super) fn next_lapse(&self, id: u64) -> Option<Moment> {
        let name = &self.watchers.get(&id)?.name;
        self.services.get(name)?.next_lapse()
    }

    /// Marks every watcher as to be woken.
    pub(super) fn wake_all(&mut self) {
        let waiting = self.watchers.values_mut();
        self.wakers
            .extend(waiting.filter_map(|watcher| watcher.waker.take()));
    }

    /// Whoever has to be woken once the lock is given back.
    pub(super) fn take_wakers(&mut self) -> Vec<Waker> {
        std::mem::take(&mut self.wakers)
    }

    fn tell(&mut self, changes: Vec<Change>) {
        for change in changes {
            for watcher in self.watchers.values_mut() {
                if watcher.name == change.service.name {
                    watcher.push(change.clone());
                }
            }
            self.wake(&change.service.name);
        }
    }

    fn wake(&mut self, name: &str) {
        let watchers = self.watchers.values_mut();
        let waiting = watchers.filter(|watcher| watcher.name == name);
        self.wakers
            .extend(waiting.filter_map(|watcher| watcher.waker.take()));
    }
}

impl Service {
    fn next_lapse(&self) -> Option<Moment> {
        self.until.values().min().copied()
    }
}

impl Watcher {
    fn push(&mut self, change: Change) {
        if self.unread.len() == UNREAD_LIMIT {
            self.unread.clear();
            self.missed = true;
        }
        self.unread.push_back(change);
    }
}
