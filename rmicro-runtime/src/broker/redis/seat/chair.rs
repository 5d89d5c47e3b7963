//! A subscription as its subscriber has it.

use std::collections::VecDeque;
use std::sync::Arc;
use std::task::{Context, Poll};

use super::Seat;
use super::state::{Arrived, Stage};
use crate::broker::{Delivery, Source};
use crate::error::Result;

/// The end of a subscription that its subscriber has.
pub(in crate::broker::redis) struct Chair {
    seat: Arc<Seat>,
    /// The inbox after this, which is empty here.
    spare: VecDeque<Arrived>,
}

impl Chair {
    pub(in crate::broker::redis) fn at(seat: Arc<Seat>) -> Self {
        Self {
            seat,
            spare: VecDeque::new(),
        }
    }
}

impl Source for Chair {
    fn poll_deliveries(
        &mut self,
        cx: &mut Context<'_>,
        ready: &mut VecDeque<Delivery>,
    ) -> Poll<Result<bool>> {
        let Self { seat, spare } = self;
        let mut state = seat.state();
        if !state.inbox.is_empty() {
            std::mem::swap(&mut state.inbox, spare);
            drop(state);
            for message in spare.drain(..) {
                let delivery = Delivery::new(seat.topic.clone(), message.message)
                    .with_attempt(message.attempt);
                ready.push_back(match message.ticket {
                    0 => delivery,
                    ticket => delivery.with_settle(seat.clone(), ticket),
                });
            }
            seat.changed.notify_one();
            return Poll::Ready(Ok(true));
        }
        if state.stage == Stage::Ended {
            return Poll::Ready(state.error.take().map_or(Ok(false), Err));
        }
        state.waker = Some(cx.waker().clone());
        if !std::mem::replace(&mut state.hungry, true) {
            drop(state);
            seat.changed.notify_one();
        }
        Poll::Pending
    }

    fn poll_unsubscribe(&mut self, cx: &mut Context<'_>) -> Poll<Result<()>> {
        self.seat.leave();
        let mut state = self.seat.state();
        if state.stage == Stage::Ended {
            return Poll::Ready(Ok(()));
        }
        state.leaver = Some(cx.waker().clone());
        Poll::Pending
    }
}

impl Drop for Chair {
    fn drop(&mut self) {
        self.seat.leave();
        self.seat.drop_inbox();
    }
}
