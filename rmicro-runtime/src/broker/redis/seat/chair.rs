//! A subscription as its subscriber has it.

use std::collections::VecDeque;
use std::sync::Arc;
use std::task::{Context, Poll};

use super::Seat;
use super::state::Stage;
use crate::broker::{Delivery, Source};
use crate::error::Result;

/// The end of a subscription that its subscriber has.
pub(in crate::broker::redis) struct Chair(pub(in crate::broker::redis) Arc<Seat>);

impl Source for Chair {
    fn poll_deliveries(
        &mut self,
        cx: &mut Context<'_>,
        ready: &mut VecDeque<Delivery>,
    ) -> Poll<Result<bool>> {
        let seat = &self.0;
        let mut state = seat.state();
        if !state.inbox.is_empty() {
            for message in state.inbox.drain(..) {
                let delivery = Delivery::new(seat.topic.clone(), message.message)
                    .with_attempt(message.attempt);
                ready.push_back(match message.ticket {
                    0 => delivery,
                    ticket => delivery.with_settle(seat.clone(), ticket),
                });
            }
            drop(state);
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
        self.0.leave();
        let mut state = self.0.state();
        if state.stage == Stage::Ended {
            return Poll::Ready(Ok(()));
        }
        state.leaver = Some(cx.waker().clone());
        Poll::Pending
    }
}

impl Drop for Chair {
    fn drop(&mut self) {
        self.0.leave();
        self.0.drop_inbox();
    }
}
