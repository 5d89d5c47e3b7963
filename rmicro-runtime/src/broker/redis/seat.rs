//! A subscription: what has come for it, what is in flight, and how far it has read.
//!
//! Invariant: a message is in flight from when it was read until the server has learned of its end. Nothing waits, and nobody's
//! waker is called, under the lock.

mod chair;
mod state;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::{Notify, mpsc, oneshot};

pub(super) use self::chair::Chair;
pub(super) use self::state::Incoming;
use self::state::{Flight, Stage, State};
use super::layout::Id;
use crate::broker::{Ack, Settle, Settled, Topic, Verdict};
use crate::call::BoxFuture;
use crate::error::{Error, Result};

/// A subscription as its tasks and its deliveries know it.
pub(super) struct Seat {
    pub(super) topic: Arc<str>,
    /// Whether it has a queue; without one all of it ends with this process.
    pub(super) queued: bool,
    /// Whether the server is told how deliveries end.
    pub(super) settles: bool,
    limit: usize,
    state: Mutex<State>,
    ends: mpsc::UnboundedSender<End>,
    /// Somebody has room, or leaves.
    pub(super) changed: Notify,
    ended: Notify,
}

/// The end of a delivery, for the server to learn.
#[derive(Debug)]
pub(super) struct End {
    pub(super) ticket: u64,
    pub(super) id: Id,
    pub(super) how: How,
    pub(super) told: Option<oneshot::Sender<Result<()>>>,
}

/// How a delivery ended, as the server learns it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum How {
    Done,
    /// It comes again here, for the time that is given.
    Again(u32),
    /// It is for whoever asks first, and was delivered so often.
    GivenBack(u32),
    /// Nothing ended: the subscription leaves.
    Leaving,
}

impl Seat {
    /// A seat for `topic`, which has read up to `position`; what ends is told to the receiver.
    pub(super) fn new(topic: &Topic, position: Id) -> (Arc<Self>, mpsc::UnboundedReceiver<End>) {
        let (ends, told) = mpsc::unbounded_channel();
        let (queued, on_success) = (
            topic.queue_name().is_some(),
            topic.acked() == Ack::OnSuccess,
        );
        let seat = Self {
            topic: topic.name().clone(),
            queued,
            settles: queued && on_success,
            limit: topic.in_flight_limit(),
            state: Mutex::new(State::new(position, on_success)),
            ends,
            changed: Notify::new(),
            ended: Notify::new(),
        };
        (Arc::new(seat), told)
    }

    /// How many deliveries there may be in flight.
    pub(super) fn limit(&self) -> usize {
        self.limit
    }

    /// How many messages are read at once: a part, so that others of the queue have theirs.
    pub(super) fn share(&self) -> usize {
        (self.limit / 4).max(1)
    }

    /// How many messages may be read now; waits for some, and is `None` when it leaves.
    pub(super) async fn room(&self) -> Option<usize> {
        loop {
            {
                let state = self.state();
                if state.stage != Stage::Open {
                    return None;
                }
                let (room, share) = (self.limit.saturating_sub(state.used()), self.share());
                if room >= share || (room > 0 && state.hungry) {
                    return Some(room.min(share));
                }
            }
            self.changed.notified().await;
        }
    }

    /// Takes what was read.
    pub(super) fn take(&self, messages: impl IntoIterator<Item = Incoming>) {
        let waker = self.state().take(messages);
        waker.into_iter().for_each(std::task::Waker::wake);
    }

    /// How far it has read.
    pub(super) fn position(&self) -> Id {
        self.state().position
    }

    /// What is in flight, in the order of the ids.
    pub(super) fn flights(&self) -> Vec<Id> {
        self.state().ids()
    }

    /// Forgets the deliveries with these tickets, of which the server has learned.
    pub(super) fn forget(&self, tickets: impl IntoIterator<Item = u64>) {
        let mut state = self.state();
        for ticket in tickets {
            state.flights.remove(&ticket);
        }
        drop(state);
        self.changed.notify_one();
    }

    /// Whether it takes nothing new.
    pub(super) fn leaves(&self) -> bool {
        self.state().stage != Stage::Open
    }

    /// Whether nothing of it is left.
    pub(super) fn is_over(&self) -> bool {
        let state = self.state();
        state.stage == Stage::Ended && (!self.settles || state.flights.is_empty())
    }

    /// Whether nothing is read any more.
    pub(super) fn has_ended(&self) -> bool {
        self.state().stage == Stage::Ended
    }

    /// Takes nothing new from now on; what has come still comes.
    pub(super) fn leave(&self) {
        let mut state = self.state();
        let first = state.stage == Stage::Open;
        if first {
            state.stage = Stage::Leaving;
        }
        drop(state);
        if first {
            self.tell(0, Id::default(), How::Leaving, None);
            self.changed.notify_one();
        }
    }

    /// Nothing is read any more; an `error` says that this is no good end.
    pub(super) fn end(&self, error: Option<Error>) {
        let wakers = {
            let mut state = self.state();
            state.stage = Stage::Ended;
            state.error = error;
            [state.waker.take(), state.leaver.take()]
        };
        wakers
            .into_iter()
            .flatten()
            .for_each(std::task::Waker::wake);
        self.ended.notify_waiters();
        self.tell(0, Id::default(), How::Leaving, None);
    }

    /// Ready when nothing is read any more.
    pub(super) async fn until_ended(&self) {
        loop {
            let ended = self.ended.notified();
            if self.has_ended() {
                return;
            }
            ended.await;
        }
    }

    fn tell(&self, ticket: u64, id: Id, how: How, told: Option<oneshot::Sender<Result<()>>>) {
        // Without a receiver everything has ended.
        drop(self.ends.send(End {
            ticket,
            id,
            how,
            told,
        }));
    }

    /// What was not pulled is for others.
    fn drop_inbox(&self) {
        let mut state = self.state();
        let inbox = std::mem::take(&mut state.inbox);
        let ids = inbox
            .iter()
            .map(|message| state.flights.get(&message.ticket).map(|flight| flight.id));
        let ids: Vec<_> = ids.collect();
        drop(state);
        for (message, id) in inbox.iter().zip(ids) {
            if let Some(id) = id.filter(|_| self.settles) {
                self.tell(
                    message.ticket,
                    id,
                    How::GivenBack(message.attempt - 1),
                    None,
                );
            }
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// How the delivery ended for the server; `None` where it needs not learn it.
    fn ended_as(&self, settled: Settled) -> Option<(Id, How)> {
        let mut state = self.state();
        let flight = state.flights.get(&settled.ticket)?;
        let Flight { id } = *flight;
        let again = matches!(settled.verdict, Verdict::Requeue | Verdict::Abandon);
        if settled.verdict == Verdict::Reject {
            tracing::info!(
                "Broker [redis] topic {}: message {id} was rejected",
                self.topic
            );
        }
        if again && state.stage == Stage::Open {
            let attempt = settled.attempt.saturating_add(1);
            let waker = state.again(settled.ticket, settled.message, attempt);
            drop(state);
            waker.into_iter().for_each(std::task::Waker::wake);
            return self.settles.then_some((id, How::Again(attempt)));
        }
        if !self.settles {
            state.flights.remove(&settled.ticket);
            drop(state);
            self.changed.notify_one();
            return None;
        }
        let how = if again {
            How::GivenBack(settled.attempt)
        } else {
            How::Done
        };
        Some((id, how))
    }
}

impl Settle for Seat {
    fn settle(&self, settled: Settled) -> Option<BoxFuture<'static, Result<()>>> {
        let (ticket, waits) = (settled.ticket, settled.verdict != Verdict::Abandon);
        let (id, how) = self.ended_as(settled)?;
        if !waits {
            self.tell(ticket, id, how, None);
            return None;
        }
        let (told, learned) = oneshot::channel();
        self.tell(ticket, id, how, Some(told));
        Some(Box::pin(async move {
            learned
                .await
                .unwrap_or_else(|_| Err(Error::unavailable("the subscription has ended")))
        }))
    }
}
