//! The streaming calls that one connection task owns and polls.
//!
//! Each member has a waker of its own, and only woken members are polled, each once a round. `FuturesUnordered` would stop a round
//! after two members that woke themselves, and hyper's bodies do that with every chunk.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Wake, Waker};

use super::inbox::CallFuture;

/// The members, and the list of those that were woken.
#[derive(Default)]
pub(super) struct StreamSet {
    slots: Vec<Option<Slot>>,
    free: Vec<usize>,
    woken: Arc<Mutex<Woken>>,
    round: Vec<usize>,
}

struct Slot {
    future: CallFuture,
    waker: Waker,
}

#[derive(Default)]
struct Woken {
    list: Vec<usize>,
    /// The connection task, when it is not running; while it runs it looks at the list itself.
    task: Option<Waker>,
}

struct SlotWaker {
    index: usize,
    woken: Arc<Mutex<Woken>>,
}

impl StreamSet {
    /// Says that the connection task runs now, so that nobody need wake it.
    pub(super) fn enter(&self) {
        lock(&self.woken).task = None;
    }

    /// Says that the connection task is about to wait; `false` when a member was woken meanwhile, and it must not.
    pub(super) fn leave(&self, cx: &Context<'_>) -> bool {
        let mut woken = lock(&self.woken);
        woken.task = Some(cx.waker().clone());
        woken.list.is_empty()
    }

    /// Polls `future` for the first time and keeps it unless it is ready.
    pub(super) fn start(&mut self, mut future: CallFuture) {
        let index = self.free.pop().unwrap_or_else(|| {
            self.slots.push(None);
            self.slots.len() - 1
        });
        let waker = Waker::from(Arc::new(SlotWaker {
            index,
            woken: self.woken.clone(),
        }));
        if future
            .as_mut()
            .poll(&mut Context::from_waker(&waker))
            .is_ready()
        {
            self.free.push(index);
        } else {
            self.slots[index] = Some(Slot { future, waker });
        }
    }

    /// Begins a round with the members that were woken since the last one; `false` when there are none.
    pub(super) fn begin_round(&mut self) -> bool {
        if self.round.is_empty() {
            std::mem::swap(&mut self.round, &mut lock(&self.woken).list);
            self.round.reverse();
        }
        !self.round.is_empty()
    }

    /// Polls the next member of the round; `false` when the round is over.
    pub(super) fn poll_next(&mut self) -> bool {
        let Some(index) = self.round.pop() else {
            return false;
        };
        // A waker may outlive its member, and name a slot that is empty or has a new one.
        if let Some(slot) = &mut self.slots[index] {
            let mut cx = Context::from_waker(&slot.waker);
            if let Poll::Ready(()) = slot.future.as_mut().poll(&mut cx) {
                self.slots[index] = None;
                self.free.push(index);
            }
        }
        true
    }
}

impl Wake for SlotWaker {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        let mut woken = lock(&self.woken);
        if !woken.list.contains(&self.index) {
            woken.list.push(self.index);
        }
        let task = woken.task.take();
        drop(woken);
        if let Some(task) = task {
            task.wake();
        }
    }
}

fn lock(woken: &Mutex<Woken>) -> MutexGuard<'_, Woken> {
    woken.lock().unwrap_or_else(PoisonError::into_inner)
}
