//! A subscription: what has come for it, what is in flight, and how far it has read.
//!
//! Invariant: a message is in flight from when it was read until the server has learned of its end. Nothing waits, and nobody's
//! waker is called, under the lock.

mod chair;
mod flights;
mod report;
mod state;
mod turn;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;

pub(super) use self::chair::Chair;
use self::report::Learned;
pub(super) use self::report::News;
use self::report::Report;
pub(super) use self::state::{Incoming, Teller};
use self::state::{Stage, State};
pub(super) use self::turn::Turn;
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
    /// Somebody has room, or leaves.
    pub(super) changed: Notify,
    /// There is something to tell the server, or it leaves.
    pub(super) news: Notify,
    ended: Notify,
}

/// The end of a delivery, for the server to learn.
#[derive(Debug)]
pub(super) struct End {
    pub(super) ticket: u64,
    pub(super) id: Id,
    pub(super) how: How,
}

/// How a delivery ended, as the server learns it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum How {
    Done,
    /// It comes again here, for the time that is given.
    Again(u32),
    /// It is for whoever asks first, and was delivered so often.
    GivenBack(u32),
}

impl How {
    fn comes_again_here(self) -> bool {
        matches!(self, Self::Again(_))
    }
}

impl Seat {
    /// A seat for `topic`, which has read up to `position`.
    pub(super) fn new(topic: &Topic, position: Id) -> Arc<Self> {
        let (queued, on_success) = (
            topic.queue_name().is_some(),
            topic.acked() == Ack::OnSuccess,
        );
        Arc::new(Self {
            topic: topic.name().clone(),
            queued,
            settles: queued && on_success,
            limit: topic.in_flight_limit(),
            state: Mutex::new(State::new(position, on_success)),
            changed: Notify::new(),
            news: Notify::new(),
            ended: Notify::new(),
        })
    }

    /// How many deliveries there may be in flight.
    pub(super) fn limit(&self) -> usize {
        self.limit
    }

    /// How many messages are read at once: a part, so that others of the queue have theirs.
    pub(super) fn share(&self) -> usize {
        (self.limit / 4).max(1)
    }

    /// Takes what was read, and gives whether somebody has waited for it; from now on `teller` tells what ends.
    pub(super) fn take(&self, messages: Vec<Incoming>, teller: Teller) -> bool {
        let mut state = self.state();
        state.teller = teller;
        let waker = state.take(messages);
        drop(state);
        waker.map(std::task::Waker::wake).is_some()
    }

    /// How far it has read.
    pub(super) fn position(&self) -> Id {
        self.state().position
    }

    /// What is in flight, in the order of the ids.
    pub(super) fn flights(&self) -> Vec<Id> {
        self.state().flights.ids()
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
            self.news.notify_one();
            self.changed.notify_one();
        }
    }

    /// Nothing is read any more; an `error` says that this is no good end.
    pub(super) fn end(&self, error: Option<Error>) {
        let wakers = {
            let mut state = self.state();
            state.stage = Stage::Ended;
            state.error = error;
            if state.gone {
                // What was being read when the subscriber went.
                self.give_back_inbox(&mut state);
            }
            [state.waker.take(), state.leaver.take()]
        };
        wakers
            .into_iter()
            .flatten()
            .for_each(std::task::Waker::wake);
        self.ended.notify_waiters();
        self.news.notify_one();
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

    /// What was not pulled is for others.
    fn drop_inbox(&self) {
        let mut state = self.state();
        state.gone = true;
        self.give_back_inbox(&mut state);
        drop(state);
        self.news.notify_one();
    }

    fn give_back_inbox(&self, state: &mut State) {
        let inbox = std::mem::take(&mut state.inbox);
        if self.settles && !state.untold {
            for message in &inbox {
                if let Some(id) = state.flights.get(message.ticket) {
                    let how = How::GivenBack(message.attempt.saturating_sub(1));
                    state.end(message.ticket, id, how);
                }
            }
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Notes the end of a delivery; gives what whoever ended it is to learn, `None` where the server is told nothing.
    fn ended(&self, settled: Settled) -> Option<Arc<Report>> {
        let mut state = self.state();
        let id = state.flights.get(settled.ticket)?;
        let again = matches!(settled.verdict, Verdict::Requeue | Verdict::Abandon);
        let stays = again && state.stage == Stage::Open;
        let attempt = settled.attempt.saturating_add(1);
        let how = match settled.verdict {
            _ if stays => How::Again(attempt),
            _ if again => How::GivenBack(settled.attempt),
            _ => How::Done,
        };
        let (mut waker, mut is_news, mut report) = (None, false, None);
        if stays {
            waker = state.again(settled.ticket, settled.message, attempt);
        }
        if self.settles {
            is_news = !state.untold && state.end(settled.ticket, id, how);
            report = Some(state.news.report.clone());
        } else if !stays {
            state.flights.remove(settled.ticket);
        }
        let teller = state.teller;
        drop(state);
        if is_news && teller == Teller::Keeper {
            self.news.notify_one();
        }
        if !self.settles || (is_news && teller == Teller::Reader) {
            self.changed.notify_one();
        }
        waker.into_iter().for_each(std::task::Waker::wake);
        if settled.verdict == Verdict::Reject {
            tracing::info!(
                "Broker [redis] topic {}: message {id} was rejected",
                self.topic
            );
        }
        report
    }
}

impl Settle for Seat {
    fn settle(&self, settled: Settled) -> Option<BoxFuture<'static, Result<()>>> {
        let waits = settled.verdict != Verdict::Abandon;
        let report = self.ended(settled).filter(|_| waits)?;
        Some(Box::pin(Learned::of(report)))
    }
}
