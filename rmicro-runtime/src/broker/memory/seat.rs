//! A subscription's place in its group.

use std::collections::VecDeque;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use super::group::{Entry, Group, Member};
use super::topics::Topics;
use crate::broker::{Ack, Delivery, Source, Topic};
use crate::error::Result;

/// The source of a subscription; its member leaves the group when it is dropped.
pub(super) struct Seat {
    topics: Arc<Topics>,
    topic: Arc<str>,
    group: Arc<Group>,
    ticket: u64,
    settles: bool,
    inbox: VecDeque<Entry>,
}

impl Seat {
    /// Subscribes as `topic` says; a new group has this `backlog`.
    pub(super) fn take(topics: &Arc<Topics>, topic: &Topic, backlog: usize) -> Self {
        let member = Member::new(topic);
        let (group, ticket) = topics.join(topic.name(), topic.queue_name(), backlog, member);
        Self {
            topics: topics.clone(),
            topic: topic.name().clone(),
            group,
            ticket,
            settles: topic.acked() == Ack::OnSuccess,
            inbox: VecDeque::new(),
        }
    }
}

impl Source for Seat {
    fn poll_deliveries(
        &mut self,
        cx: &mut Context<'_>,
        ready: &mut VecDeque<Delivery>,
    ) -> Poll<Result<bool>> {
        let more = ready!(self.group.poll_inbox(self.ticket, cx, &mut self.inbox));
        for Entry { message, attempt } in self.inbox.drain(..) {
            let delivery = Delivery::new(self.topic.clone(), message).with_attempt(attempt);
            ready.push_back(if self.settles {
                delivery.with_settle(self.group.clone(), self.ticket)
            } else {
                delivery
            });
        }
        Poll::Ready(Ok(more))
    }

    fn poll_unsubscribe(&mut self, _cx: &mut Context<'_>) -> Poll<Result<()>> {
        let (group, ticket) = (&self.group, self.ticket);
        self.topics
            .leave(&self.topic, group, |wakers| group.close(ticket, wakers));
        Poll::Ready(Ok(()))
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        let (group, ticket) = (&self.group, self.ticket);
        self.topics
            .leave(&self.topic, group, |wakers| group.leave(ticket, wakers));
    }
}
