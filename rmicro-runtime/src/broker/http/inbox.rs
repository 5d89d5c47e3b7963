//! What has come for one subscription.
//!
//! Invariant: a message that was taken is pulled, unless the subscription is dropped; one that was not taken was answered so.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};

use tokio::sync::Semaphore;

use crate::broker::{Ack, Delivery, Message, Settle, Settled, Topic, Verdict};
use crate::call::BoxFuture;
use crate::error::{Error, Result};

/// What a message counts as at least in the backlog, and the unit in which that is counted.
const UNIT: usize = 1024;

/// Between those who deliver over HTTP and the subscription that pulls.
#[derive(Debug)]
pub(super) struct Inbox {
    topic: Arc<str>,
    settles: bool,
    /// Room in the backlog, in units.
    room: Semaphore,
    units: u32,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    /// The backlog, each with what it counts as.
    waiting: VecDeque<(Message, u32)>,
    /// How many more may be in flight.
    free: usize,
    closed: bool,
    waker: Option<Waker>,
}

impl Inbox {
    /// An inbox for what `topic` asks for, in which so many bytes may wait.
    pub(super) fn new(topic: &Topic, backlog: usize) -> Self {
        let units = (backlog / UNIT).clamp(1, Semaphore::MAX_PERMITS.min(u32::MAX as usize));
        Self {
            topic: topic.name().clone(),
            settles: topic.acked() == Ack::OnSuccess,
            room: Semaphore::new(units),
            units: u32::try_from(units).unwrap_or(u32::MAX),
            state: Mutex::new(State {
                waiting: VecDeque::new(),
                free: topic.in_flight_limit(),
                closed: false,
                waker: None,
            }),
        }
    }

    pub(super) fn topic(&self) -> &Arc<str> {
        &self.topic
    }

    /// Takes `message` as soon as there is room, in the order in which they came; `false` when the subscription has ended. Cancel
    /// safe: a message that is not taken then is dropped.
    pub(super) async fn take(&self, message: Message) -> bool {
        let units = u32::try_from(length(&message).div_ceil(UNIT)).unwrap_or(u32::MAX);
        let units = units.clamp(1, self.units);
        let Ok(room) = self.room.acquire_many(units).await else {
            return false;
        };
        let mut state = self.lock();
        if state.closed {
            return false;
        }
        room.forget();
        state.waiting.push_back((message, units));
        let waker = state.waker.take();
        drop(state);
        waker.into_iter().for_each(Waker::wake);
        true
    }

    /// Appends what may be delivered to `ready`; `false` when nothing more will come.
    pub(super) fn poll(
        self: &Arc<Self>,
        cx: &mut Context<'_>,
        ready: &mut VecDeque<Delivery>,
    ) -> Poll<bool> {
        let mut state = self.lock();
        let count = state.free.min(state.waiting.len());
        if count == 0 {
            if state.closed && state.waiting.is_empty() {
                return Poll::Ready(false);
            }
            state.waker = Some(cx.waker().clone());
            return Poll::Pending;
        }
        if self.settles {
            state.free -= count;
        }
        let mut units = 0;
        for (message, counted) in state.waiting.drain(..count) {
            units += counted as usize;
            ready.push_back(self.delivery(message));
        }
        drop(state);
        self.room.add_permits(units);
        Poll::Ready(true)
    }

    /// Takes nothing more; what was taken can still be pulled.
    pub(super) fn close(&self) {
        let mut state = self.lock();
        state.closed = true;
        let waker = state.waker.take();
        drop(state);
        self.room.close();
        waker.into_iter().for_each(Waker::wake);
    }

    fn delivery(self: &Arc<Self>, message: Message) -> Delivery {
        let delivery = Delivery::new(self.topic.clone(), message);
        if self.settles {
            delivery.with_settle(self.clone(), 0)
        } else {
            delivery
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// How many bytes `message` takes about: many short names take more than they have letters.
fn length(message: &Message) -> usize {
    const ENTRY: usize = 64;
    let header = message.header.iter();
    let header = header.map(|(name, value)| name.len() + value.len() + ENTRY);
    message.body.len() + header.sum::<usize>()
}

impl Settle for Inbox {
    fn settle(&self, settled: Settled) -> Option<BoxFuture<'static, Result<()>>> {
        let mut state = self.lock();
        state.free += 1;
        let waker = state.waker.take();
        drop(state);
        waker.into_iter().for_each(Waker::wake);
        (settled.verdict == Verdict::Requeue).then(|| {
            let error = Error::unimplemented(
                "broker http cannot take a message back: it came by a request that was answered",
            );
            Box::pin(async { Err(error) }) as _
        })
    }
}
