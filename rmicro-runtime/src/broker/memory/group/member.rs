//! A subscription as its group knows it.

use std::collections::VecDeque;
use std::task::{Context, Waker};

use crate::broker::{Ack, Message, Topic};

/// A message, and which attempt its next delivery is.
#[derive(Debug)]
pub(in crate::broker::memory) struct Entry {
    pub(in crate::broker::memory) message: Message,
    pub(in crate::broker::memory) attempt: u32,
}

/// A subscription: what has come for it, and what it can still take.
#[derive(Debug)]
pub(in crate::broker::memory) struct Member {
    pub(super) inbox: VecDeque<Entry>,
    /// How many more may be in flight.
    pub(super) room: usize,
    /// Whether a delivery is in flight until it is settled, and not until it is pulled.
    pub(super) settles: bool,
    /// Whether it takes nothing new as long as somebody else is there.
    pub(super) closed: bool,
    pub(super) waker: Option<Waker>,
}

impl Member {
    /// Somebody who subscribed as `topic` says.
    pub(in crate::broker::memory) fn new(topic: &Topic) -> Self {
        Self {
            inbox: VecDeque::new(),
            room: topic.in_flight_limit(),
            settles: topic.acked() == Ack::OnSuccess,
            closed: false,
            waker: None,
        }
    }

    /// Is to be woken when something comes.
    pub(super) fn wait(&mut self, cx: &Context<'_>) {
        match &mut self.waker {
            Some(waker) => waker.clone_from(cx.waker()),
            None => self.waker = Some(cx.waker().clone()),
        }
    }
}
