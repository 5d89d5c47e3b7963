//! The streaming calls that one connection task owns and polls.
//!
//! Each member has a waker of its own, and only woken members are polled, each once a round. `FuturesUnordered` would stop a round
//! after two members that woke themselves, and hyper's bodies do that with every chunk.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Wake, Waker};
use std::time::Duration;

use super::apart;
use super::inbox::CallFuture;
use crate::call::Route;
use crate::seam::Clock;

/// The members, and the list of those that were woken.
///
/// A member that computes too long in one poll gets a task of its own, so that the others do not wait for it again.
pub(super) struct StreamSet {
    clock: Clock,
    slow_after: Duration,
    slots: Vec<Option<Slot>>,
    free: Vec<usize>,
    woken: Arc<Mutex<Woken>>,
    round: Vec<usize>,
}

struct Slot {
    future: CallFuture,
    route: Option<Arc<Route>>,
    member: Arc<SlotWaker>,
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
    /// Whether the list names this slot already.
    listed: AtomicBool,
    woken: Arc<Mutex<Woken>>,
}

impl StreamSet {
    /// A set without members, whose polls may take as long as `slow_after`.
    pub(super) fn new(clock: Clock, slow_after: Duration) -> Self {
        Self {
            clock,
            slow_after,
            slots: Vec::new(),
            free: Vec::new(),
            woken: Arc::default(),
            round: Vec::new(),
        }
    }

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

    /// Polls `future`, a call of `route`, for the first time and keeps it unless it is ready.
    pub(super) fn start(&mut self, mut future: CallFuture, route: Option<Arc<Route>>) {
        let index = self.free.pop().unwrap_or_else(|| {
            self.slots.push(None);
            self.slots.len() - 1
        });
        let listed = AtomicBool::new(false);
        let woken = self.woken.clone();
        let member = Arc::new(SlotWaker {
            index,
            listed,
            woken,
        });
        let waker = Waker::from(member.clone());
        let (polled, slow) = self.timed(&mut future, &waker);
        if let Some(route) = &route {
            route.slow.observe(slow);
        }
        match polled {
            Poll::Pending if slow => self.move_out(future, route),
            Poll::Pending => {
                self.slots[index] = Some(Slot {
                    future,
                    route,
                    member,
                    waker,
                });
                return;
            }
            Poll::Ready(()) => {}
        }
        self.free.push(index);
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
        if let Some(mut slot) = self.slots[index].take() {
            slot.member.listed.store(false, Ordering::SeqCst);
            match self.timed(&mut slot.future, &slot.waker) {
                (Poll::Pending, false) => self.slots[index] = Some(slot),
                (polled, slow) => {
                    self.free.push(index);
                    self.let_go(slot, polled, slow);
                }
            }
        }
        true
    }

    /// Lets a member go, to its end or to a task of its own.
    fn let_go(&self, slot: Slot, polled: Poll<()>, slow: bool) {
        if slow && let Some(route) = &slot.route {
            route.slow.observe(true);
        }
        if polled.is_pending() {
            self.move_out(slot.future, slot.route);
        }
    }

    /// Goes on with a call in a task of its own, which polls it again and so makes itself known to what it waits for.
    fn move_out(&self, future: CallFuture, route: Option<Arc<Route>>) {
        match route {
            Some(route) => apart::spawn(future, true, route, self.clock, self.slow_after),
            None => drop(tokio::spawn(future)),
        }
    }

    /// Polls `future` and tells whether that took too long.
    fn timed(&self, future: &mut CallFuture, waker: &Waker) -> (Poll<()>, bool) {
        let begun = self.clock.now();
        let polled = future.as_mut().poll(&mut Context::from_waker(waker));
        (polled, self.clock.now().since(begun) > self.slow_after)
    }
}

impl Wake for SlotWaker {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        if self.listed.swap(true, Ordering::SeqCst) {
            return;
        }
        let mut woken = lock(&self.woken);
        woken.list.push(self.index);
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

#[cfg(test)]
mod tests {
    use std::sync::atomic::AtomicUsize;

    use super::*;

    /// A member that counts its polls, is done after `polls` of them, and gives its waker away.
    fn member(polls: usize) -> (CallFuture, Arc<AtomicUsize>, Arc<Mutex<Option<Waker>>>) {
        let (count, waker) = (Arc::new(AtomicUsize::new(0)), Arc::new(Mutex::new(None)));
        let (counted, given) = (count.clone(), waker.clone());
        let future = std::future::poll_fn(move |cx: &mut Context<'_>| {
            *given.lock().unwrap() = Some(cx.waker().clone());
            match counted.fetch_add(1, Ordering::SeqCst) + 1 == polls {
                true => Poll::Ready(()),
                false => Poll::Pending,
            }
        });
        (Box::pin(future), count, waker)
    }

    fn wake(waker: &Mutex<Option<Waker>>) {
        waker.lock().unwrap().as_ref().unwrap().wake_by_ref();
    }

    fn round(set: &mut StreamSet) -> usize {
        let mut polled = 0;
        if set.begin_round() {
            while set.poll_next() {
                polled += 1;
            }
        }
        polled
    }

    #[test]
    fn only_woken_members_are_polled_each_once_a_round() {
        let mut set = StreamSet::new(Clock::default(), Duration::from_secs(3600));
        let (first, first_count, first_waker) = member(10);
        let (second, second_count, _) = member(10);
        set.start(first, None);
        set.start(second, None);
        assert_eq!(round(&mut set), 0);
        wake(&first_waker);
        wake(&first_waker);
        assert_eq!(round(&mut set), 1);
        assert_eq!(first_count.load(Ordering::SeqCst), 2);
        assert_eq!(second_count.load(Ordering::SeqCst), 1);
    }

    #[test]
    fn a_waker_that_outlives_its_member_harms_nobody() {
        let mut set = StreamSet::new(Clock::default(), Duration::from_secs(3600));
        let (first, _, first_waker) = member(2);
        set.start(first, None);
        wake(&first_waker);
        round(&mut set);
        wake(&first_waker);
        round(&mut set);
        let (second, second_count, _) = member(10);
        set.start(second, None);
        wake(&first_waker);
        round(&mut set);
        assert!(second_count.load(Ordering::SeqCst) <= 2);
    }

    #[test]
    fn a_wake_while_the_task_runs_keeps_it_from_waiting() {
        let mut set = StreamSet::new(Clock::default(), Duration::from_secs(3600));
        let (first, _, waker) = member(10);
        set.enter();
        set.start(first, None);
        let cx = Context::from_waker(Waker::noop());
        assert!(set.leave(&cx));
        set.enter();
        wake(&waker);
        assert!(!set.leave(&cx));
    }
}
