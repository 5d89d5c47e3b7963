//! What is behind the lock of a group: who is in it, what waits, and who waits.
//!
//! Invariant: a message is in one place: it waits in `pending`, or in the lane of its key, or lies in one inbox, or a delivery has
//! it. While anybody has room nothing is in `pending`.

use std::collections::{BTreeMap, VecDeque};
use std::task::{Context, Poll, Waker};

use super::Wakers;
use super::lanes::Lanes;
use super::member::{Entry, Member};
use crate::broker::{Message, Settled, Verdict};

/// Everything behind the lock of a group.
#[derive(Debug)]
pub(super) struct State {
    /// In the order of their tickets.
    members: Vec<(u64, Member)>,
    /// How many members are not closed.
    open: usize,
    /// The last number that was given to a member or a publisher.
    last_id: u64,
    /// The member that had the last message.
    turn: u64,
    pending: VecDeque<Entry>,
    lanes: Lanes,
    /// How many messages are in `pending` and in lanes.
    waiting: usize,
    backlog: usize,
    /// Those who wait for room.
    publishers: BTreeMap<u64, Waker>,
    wakers: Wakers,
}

impl State {
    pub(super) fn new(backlog: usize) -> Self {
        Self {
            members: Vec::new(),
            open: 0,
            last_id: 0,
            turn: 0,
            pending: VecDeque::new(),
            lanes: Lanes::default(),
            waiting: 0,
            backlog,
            publishers: BTreeMap::new(),
            wakers: Wakers::default(),
        }
    }

    pub(super) fn poll_room(&mut self, id: &mut Option<u64>, cx: &Context<'_>) -> Poll<()> {
        if self.waiting < self.backlog || self.members.is_empty() {
            return Poll::Ready(());
        }
        let id = *id.get_or_insert_with(|| {
            self.last_id += 1;
            self.last_id
        });
        self.publishers.insert(id, cx.waker().clone());
        Poll::Pending
    }

    pub(super) fn forget(&mut self, publisher: u64) {
        self.publishers.remove(&publisher);
    }

    pub(super) fn push(&mut self, message: Message) {
        // Without members the group has been taken away from its topic.
        if !self.members.is_empty() {
            let attempt = 1;
            self.pending.push_back(Entry { message, attempt });
            self.waiting += 1;
            self.deliver();
        }
    }

    pub(super) fn join(&mut self, member: Member) -> u64 {
        self.last_id += 1;
        self.members.push((self.last_id, member));
        self.open += 1;
        self.deliver();
        self.last_id
    }

    pub(super) fn close(&mut self, ticket: u64) -> bool {
        if let Some(member) = self.member(ticket)
            && !member.closed
        {
            member.closed = true;
            self.open -= 1;
        }
        self.open == 0
    }

    pub(super) fn leave(&mut self, ticket: u64) -> bool {
        if let Ok(at) = self.find(ticket) {
            let (_, member) = self.members.remove(at);
            self.open -= usize::from(!member.closed);
            // In front of what waits, in the order in which it came.
            for entry in member.inbox.into_iter().rev() {
                self.give_back(entry, member.settles);
            }
        }
        if self.members.is_empty() {
            self.pending.clear();
            self.lanes = Lanes::default();
            self.waiting = 0;
        }
        self.deliver();
        self.open == 0
    }

    pub(super) fn poll_inbox(
        &mut self,
        ticket: u64,
        cx: &Context<'_>,
        inbox: &mut VecDeque<Entry>,
    ) -> Poll<bool> {
        let (open, waiting) = (self.open, self.waiting);
        let Some(member) = self.member(ticket) else {
            return Poll::Ready(false);
        };
        if !member.inbox.is_empty() {
            std::mem::swap(&mut member.inbox, inbox);
            if !member.settles {
                member.room += inbox.len();
                self.deliver();
            }
            return Poll::Ready(true);
        }
        if member.closed && (open > 0 || waiting == 0) {
            self.leave(ticket);
            return Poll::Ready(false);
        }
        member.wait(cx);
        Poll::Pending
    }

    /// Gives the message back to be dropped, where it is done.
    pub(super) fn settle(&mut self, settled: Settled) -> Option<Message> {
        let Settled {
            ticket,
            verdict,
            message,
            attempt,
        } = settled;
        if let Some(member) = self.member(ticket) {
            member.room += 1;
        }
        let done = match verdict {
            Verdict::Ack | Verdict::Reject => {
                if let Some(next) = self.lanes.done(&message) {
                    self.pending.push_front(next);
                }
                Some(message)
            }
            Verdict::Requeue | Verdict::Abandon => {
                let attempt = attempt.saturating_add(1);
                self.give_back(Entry { message, attempt }, true);
                None
            }
        };
        self.deliver();
        done
    }

    pub(super) fn take_wakers(&mut self) -> Wakers {
        std::mem::take(&mut self.wakers)
    }

    /// Puts `entry` in front of what waits; it had its key, if `settles`.
    fn give_back(&mut self, entry: Entry, settles: bool) {
        if settles {
            self.lanes.back(&entry.message);
        }
        if !self.members.is_empty() {
            self.pending.push_front(entry);
            self.waiting += 1;
        }
    }

    /// Delivers what can be delivered, and wakes whom that concerns.
    fn deliver(&mut self) {
        while !self.pending.is_empty()
            && let Some(at) = self.next_in_turn()
        {
            self.deliver_to(at);
        }
        if !self.publishers.is_empty() && self.waiting <= self.backlog / 2 {
            let publishers = std::mem::take(&mut self.publishers);
            publishers
                .into_values()
                .for_each(|waker| self.wakers.push(waker));
        }
        if self.open == 0 && self.waiting == 0 {
            // Those who unsubscribed and waited for the rest.
            let members = self.members.iter_mut();
            let waiting = members.filter_map(|(_, member)| member.waker.take());
            waiting.for_each(|waker| self.wakers.push(waker));
        }
    }

    fn deliver_to(&mut self, at: usize) {
        let (Some(entry), Some((ticket, member))) =
            (self.pending.pop_front(), self.members.get_mut(at))
        else {
            return;
        };
        let Some(entry) = self.lanes.pass(entry, member.settles) else {
            return;
        };
        if !member.settles
            && let Some(next) = self.lanes.done(&entry.message)
        {
            // Nobody will settle it, so those behind it are let go here.
            self.pending.push_front(next);
        }
        self.turn = *ticket;
        self.waiting -= 1;
        member.room -= 1;
        member.inbox.push_back(entry);
        if let Some(waker) = member.waker.take() {
            self.wakers.push(waker);
        }
    }

    /// Where the member is who gets the next message: the first after the last one who has room and is not closed, unless all
    /// are.
    fn next_in_turn(&self) -> Option<usize> {
        let takes = |at: &usize| {
            let (_, member) = &self.members[*at];
            member.room > 0 && (!member.closed || self.open == 0)
        };
        let (first, end) = (self.after(self.turn), self.members.len());
        (first..end).find(takes).or_else(|| (0..first).find(takes))
    }

    /// Where the first member with a later ticket is.
    fn after(&self, ticket: u64) -> usize {
        self.members.partition_point(|(other, _)| *other <= ticket)
    }

    fn find(&self, ticket: u64) -> Result<usize, usize> {
        self.members
            .binary_search_by_key(&ticket, |(other, _)| *other)
    }

    fn member(&mut self, ticket: u64) -> Option<&mut Member> {
        let at = self.find(ticket).ok()?;
        self.members.get_mut(at).map(|(_, member)| member)
    }
}
