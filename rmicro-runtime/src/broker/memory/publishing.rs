//! A message on its way to the groups of its topic.
//!
//! Invariant: it goes to all of them in one poll, so that dropping the future publishes to all or to none.

use std::pin::Pin;
use std::task::{Context, Poll};

use super::topics::Groups;
use crate::broker::Message;
use crate::error::Result;

/// Waits until every group has room, and then gives the message to each.
pub(super) struct Publishing {
    groups: Groups,
    message: Message,
    /// The group that has no room, and the number of this publisher there.
    waits: Option<(usize, u64)>,
}

impl Publishing {
    pub(super) fn new(groups: Groups, message: Message) -> Self {
        Self {
            groups,
            message,
            waits: None,
        }
    }

    /// Whether the group at `index` has room; the `only` one takes the message at once.
    fn poll_group(&mut self, index: usize, only: bool, cx: &mut Context<'_>) -> Poll<()> {
        let known = self.waits.filter(|(group, _)| *group == index);
        let mut id = known.map(|(_, id)| id);
        let group = &self.groups[index];
        let polled = if only {
            group.poll_push(&mut self.message, &mut id, cx)
        } else {
            group.poll_room(&mut id, cx)
        };
        if polled.is_pending() {
            self.stop_waiting_elsewhere(index);
        }
        self.waits = id.map(|id| (index, id)).or(self.waits);
        polled
    }

    fn stop_waiting_elsewhere(&mut self, index: usize) {
        if let Some((group, id)) = self.waits.take_if(|(group, _)| *group != index) {
            self.groups[group].forget(id);
        }
    }
}

impl Future for Publishing {
    type Output = Result<()>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<()>> {
        let this = self.get_mut();
        let only = this.groups.len() == 1;
        for index in 0..this.groups.len() {
            if this.poll_group(index, only, cx).is_pending() {
                return Poll::Pending;
            }
        }
        if !only {
            for group in this.groups.iter() {
                group.push(this.message.clone());
            }
        }
        Poll::Ready(Ok(()))
    }
}

impl Drop for Publishing {
    fn drop(&mut self) {
        if let Some((group, id)) = self.waits.take() {
            self.groups[group].forget(id);
        }
    }
}
