//! Those who share messages: the subscriptions of one queue, or one without a queue.
//!
//! Invariant: whoever is woken is woken after the lock.

mod lanes;
mod member;
mod state;

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, Waker};

pub(super) use self::member::{Entry, Member};
use self::state::State;
use crate::broker::{Message, Settle, Settled};
use crate::call::BoxFuture;
use crate::error::Result;

/// The subscriptions of one queue, or one subscription without a queue, and what waits for them.
pub(super) struct Group {
    queue: Option<Arc<str>>,
    state: Mutex<State>,
}

/// Those who are to be woken when no lock is held.
#[derive(Debug, Default)]
pub(super) struct Wakers(Vec<Waker>);

impl Group {
    /// A group without members, in which `backlog` messages may wait.
    pub(super) fn new(queue: Option<Arc<str>>, backlog: usize) -> Self {
        Self {
            queue,
            state: Mutex::new(State::new(backlog)),
        }
    }

    pub(super) fn queue(&self) -> Option<&Arc<str>> {
        self.queue.as_ref()
    }

    /// Whether there is room for a message; the publisher `id`, which is given one, is woken when there is.
    pub(super) fn poll_room(&self, id: &mut Option<u64>, cx: &mut Context<'_>) -> Poll<()> {
        self.with(|state| state.poll_room(id, cx))
    }

    /// Takes `message` if there is room; see [`poll_room`](Self::poll_room).
    pub(super) fn poll_push(
        &self,
        message: &mut Message,
        id: &mut Option<u64>,
        cx: &mut Context<'_>,
    ) -> Poll<()> {
        self.with(|state| {
            let room = state.poll_room(id, cx);
            room.map(|()| state.push(std::mem::take(message)))
        })
    }

    /// Takes `message`, room or not.
    pub(super) fn push(&self, message: Message) {
        self.with(|state| state.push(message));
    }

    /// Wakes the publisher `id` no more.
    pub(super) fn forget(&self, id: u64) {
        self.with(|state| state.forget(id));
    }

    /// Seats a subscription and gives it its ticket.
    pub(super) fn join(&self, member: Member, wakers: &mut Wakers) -> u64 {
        self.collecting(wakers, |state| state.join(member))
    }

    /// Delivers nothing new to the member with `ticket` unless nobody else is there; says whether that is so.
    pub(super) fn close(&self, ticket: u64, wakers: &mut Wakers) -> bool {
        self.collecting(wakers, |state| state.close(ticket))
    }

    /// Forgets the member with `ticket`, and gives what it had not pulled to the others; says whether nobody else takes messages.
    pub(super) fn leave(&self, ticket: u64, wakers: &mut Wakers) -> bool {
        self.collecting(wakers, |state| state.leave(ticket))
    }

    /// Moves what has come for `ticket` into `inbox`, which is empty; `false` when nothing more will come.
    pub(super) fn poll_inbox(
        &self,
        ticket: u64,
        cx: &mut Context<'_>,
        inbox: &mut VecDeque<Entry>,
    ) -> Poll<bool> {
        self.with(|state| state.poll_inbox(ticket, cx, inbox))
    }

    /// Acts on the state, then wakes whoever that concerns.
    fn with<T>(&self, act: impl FnOnce(&mut State) -> T) -> T {
        let mut wakers = Wakers::default();
        let output = self.collecting(&mut wakers, act);
        wakers.wake();
        output
    }

    fn collecting<T>(&self, wakers: &mut Wakers, act: impl FnOnce(&mut State) -> T) -> T {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let output = act(&mut state);
        *wakers = state.take_wakers();
        output
    }
}

impl Settle for Group {
    fn settle(&self, settled: Settled) -> Option<BoxFuture<'static, Result<()>>> {
        // A message that is done is dropped here, after the lock.
        let _done = self.with(|state| state.settle(settled));
        None
    }
}

impl Wakers {
    /// Adds `waker`.
    fn push(&mut self, waker: Waker) {
        self.0.push(waker);
    }

    /// Wakes all of them.
    pub(super) fn wake(self) {
        self.0.into_iter().for_each(Waker::wake);
    }
}
