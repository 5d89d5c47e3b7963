//! Which groups a topic has: one for each queue, one for each subscription without a queue.
//!
//! Invariant: a group is here exactly as long as messages may come to it. Nothing waits, and nobody's waker is called, under this
//! lock; it is taken before that of a group and never after it.

use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};

use super::group::{Group, Member, Wakers};

/// The groups of every topic that has one.
#[derive(Default)]
pub(super) struct Topics(RwLock<HashMap<Arc<str>, Groups>>);

/// The groups of a topic as they were at one time; a cheap clone, so that publishing holds no lock of the whole broker.
pub(super) type Groups = Arc<[Arc<Group>]>;

impl Topics {
    /// The groups of `topic`.
    pub(super) fn of(&self, topic: &str) -> Option<Groups> {
        let topics = self.0.read().unwrap_or_else(PoisonError::into_inner);
        topics.get(topic).cloned()
    }

    /// Seats `member` in the group of `queue`, or in a new one of `backlog`, and gives that group and the member's ticket.
    pub(super) fn join(
        &self,
        topic: &Arc<str>,
        queue: Option<&Arc<str>>,
        backlog: usize,
        member: Member,
    ) -> (Arc<Group>, u64) {
        let mut wakers = Wakers::default();
        let mut topics = self.0.write().unwrap_or_else(PoisonError::into_inner);
        let groups = topics.entry(topic.clone()).or_default();
        let of_queue = |group: &&Arc<Group>| queue.is_some() && group.queue() == queue;
        let known = groups.iter().find(of_queue).cloned();
        let group = known.unwrap_or_else(|| {
            let new = Arc::new(Group::new(queue.cloned(), backlog));
            *groups = groups.iter().cloned().chain([new.clone()]).collect();
            new
        });
        let ticket = group.join(member, &mut wakers);
        drop(topics);
        wakers.wake();
        (group, ticket)
    }

    /// Takes `group` away from `topic` if `leave` says that nobody is left in it.
    pub(super) fn leave(
        &self,
        topic: &str,
        group: &Arc<Group>,
        leave: impl FnOnce(&mut Wakers) -> bool,
    ) {
        let mut wakers = Wakers::default();
        let mut topics = self.0.write().unwrap_or_else(PoisonError::into_inner);
        if leave(&mut wakers)
            && let Some(groups) = topics.get_mut(topic)
        {
            let others = groups.iter().filter(|other| !Arc::ptr_eq(other, group));
            *groups = others.cloned().collect();
            if groups.is_empty() {
                topics.remove(topic);
            }
        }
        drop(topics);
        wakers.wake();
    }

    /// The topics that somebody has subscribed to, sorted.
    pub(super) fn names(&self) -> Vec<Arc<str>> {
        let topics = self.0.read().unwrap_or_else(PoisonError::into_inner);
        let mut names: Vec<_> = topics.keys().cloned().collect();
        names.sort();
        names
    }
}
