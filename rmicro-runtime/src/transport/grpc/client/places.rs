//! How many calls run on a connection, and how many may.
//!
//! h2 queues without bound what a peer does not take yet, so the places are counted here, in front of it. Invariant: while somebody
//! waits, a place that becomes free is given to the one who has waited longest, and nobody who comes later gets one before.

use std::collections::VecDeque;
use std::future::poll_fn;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};

/// The places of one connection.
#[derive(Debug)]
pub(super) struct Places {
    inner: Mutex<Inner>,
    /// What we allow ourselves.
    own_limit: usize,
    /// How many are taken, to be read without the lock.
    taken: AtomicUsize,
    open: AtomicBool,
    given_up: AtomicBool,
}

#[derive(Debug, Default)]
struct Inner {
    taken: usize,
    /// What the peer allows, and we.
    limit: usize,
    queue: VecDeque<Arc<Mutex<Waiter>>>,
    closed: bool,
}

/// Somebody in the queue.
#[derive(Debug, Default)]
struct Waiter {
    granted: bool,
    waker: Option<Waker>,
}

/// One place; dropping it gives it to the next in line.
#[derive(Debug)]
pub(super) struct Place(Arc<Places>);

impl Places {
    /// No place until [`set_limit`](Self::set_limit); never more than `own_limit`, unless that is 0.
    pub(super) fn new(own_limit: u32) -> Self {
        let own_limit = match own_limit {
            0 => usize::MAX,
            limit => limit as usize,
        };
        Self {
            inner: Mutex::default(),
            own_limit,
            taken: AtomicUsize::new(0),
            open: AtomicBool::new(true),
            given_up: AtomicBool::new(false),
        }
    }

    /// Takes a place; `None` when none is free, or others wait for it.
    pub(super) fn take(self: &Arc<Self>) -> Option<Place> {
        let mut inner = self.lock();
        if inner.taken >= inner.limit || !inner.queue.is_empty() {
            return None;
        }
        inner.taken += 1;
        self.taken.store(inner.taken, SeqCst);
        Some(Place(Arc::clone(self)))
    }

    /// Waits in line for a place; `None` at the end of the connection. Cancel safe: whoever goes away gives the place on.
    pub(super) async fn wait(self: &Arc<Self>) -> Option<Place> {
        let mut line = InLine {
            places: self,
            waiter: None,
        };
        poll_fn(|cx| line.poll(cx)).await
    }

    /// Sets what the peer allows.
    pub(super) fn set_limit(&self, limit: usize) {
        let mut inner = self.lock();
        inner.limit = limit.min(self.own_limit);
        while inner.taken < inner.limit && inner.grant() {
            inner.taken += 1;
        }
        self.taken.store(inner.taken, SeqCst);
    }

    /// Says that no place is given any more.
    pub(super) fn close(&self) {
        self.open.store(false, SeqCst);
        let mut inner = self.lock();
        inner.closed = true;
        for waiter in std::mem::take(&mut inner.queue) {
            wake(&mut lock(&waiter));
        }
    }

    /// Says that the peer gave no sign of life, which is why the calls on its places end.
    pub(super) fn give_up(&self) {
        self.given_up.store(true, SeqCst);
        self.close();
    }

    /// Whether any call runs.
    pub(super) fn any_taken(&self) -> bool {
        self.taken.load(SeqCst) > 0
    }

    /// Whether places are given.
    pub(super) fn is_open(&self) -> bool {
        self.open.load(SeqCst)
    }

    fn release(&self) {
        let mut inner = self.lock();
        if inner.taken > inner.limit || !inner.grant() {
            inner.taken -= 1;
            self.taken.store(inner.taken, SeqCst);
        }
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        lock(&self.inner)
    }
}

impl Inner {
    /// Tells the first in line that a place is theirs; `false` when nobody waits. Who counts it as taken is the caller's business.
    fn grant(&mut self) -> bool {
        let Some(waiter) = self.queue.pop_front() else {
            return false;
        };
        let mut waiter = lock(&waiter);
        waiter.granted = true;
        wake(&mut waiter);
        true
    }
}

impl Place {
    /// Whether the peer was given up because it gave no sign of life.
    pub(super) fn is_given_up(&self) -> bool {
        self.0.given_up.load(SeqCst)
    }

    /// Whether it is one of `places`.
    pub(super) fn is_of(&self, places: &Arc<Places>) -> bool {
        Arc::ptr_eq(&self.0, places)
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.0.release();
    }
}

/// One who waits, from the first poll on.
struct InLine<'a> {
    places: &'a Arc<Places>,
    waiter: Option<Arc<Mutex<Waiter>>>,
}

impl InLine<'_> {
    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Option<Place>> {
        let mut inner = self.places.lock();
        let waiter = self.waiter.get_or_insert_with(|| {
            let waiter = Arc::<Mutex<Waiter>>::default();
            inner.queue.push_back(Arc::clone(&waiter));
            waiter
        });
        if !inner.closed && inner.taken < inner.limit && inner.grant() {
            inner.taken += 1;
            self.places.taken.store(inner.taken, SeqCst);
        }
        let mut state = lock(waiter);
        if state.granted {
            drop((state, inner));
            self.waiter = None;
            return Poll::Ready(Some(Place(Arc::clone(self.places))));
        }
        if inner.closed {
            return Poll::Ready(None);
        }
        state.waker = Some(cx.waker().clone());
        Poll::Pending
    }
}

impl Drop for InLine<'_> {
    fn drop(&mut self) {
        let Some(waiter) = self.waiter.take() else {
            return;
        };
        let mut inner = self.places.lock();
        inner.queue.retain(|other| !Arc::ptr_eq(other, &waiter));
        let granted = lock(&waiter).granted;
        drop(inner);
        if granted {
            self.places.release();
        }
    }
}

fn wake(waiter: &mut Waiter) {
    if let Some(waker) = waiter.waker.take() {
        waker.wake();
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::seam::Clock;

    fn places(limit: usize) -> Arc<Places> {
        let places = Arc::new(Places::new(0));
        places.set_limit(limit);
        places
    }

    fn waiter(places: &Arc<Places>) -> tokio::task::JoinHandle<Option<Place>> {
        let places = Arc::clone(places);
        tokio::spawn(async move { places.wait().await })
    }

    /// Whether a place is given without another event; the paused clock jumps when nothing else can happen.
    async fn is_given(places: &Arc<Places>) -> bool {
        let clock = Clock::default();
        let limit = clock.now().after(Duration::from_secs(1));
        clock.until(limit, places.wait()).await.is_some()
    }

    #[tokio::test(start_paused = true)]
    async fn no_more_are_given_than_there_are() {
        let places = places(2);
        let (first, _second) = (places.take().unwrap(), places.take().unwrap());
        assert!(places.take().is_none());
        assert!(!is_given(&places).await);
        drop(first);
        assert!(is_given(&places).await);
        assert!(places.take().is_some());
    }

    #[tokio::test(start_paused = true)]
    async fn who_waits_is_served_in_turn_and_before_who_comes_later() {
        let places = places(1);
        let place = places.take().unwrap();
        let (first, second) = (waiter(&places), waiter(&places));
        tokio::task::yield_now().await;
        drop(place);
        assert!(places.take().is_none(), "it is the first one's");
        let place = first.await.unwrap().unwrap();
        assert!(!second.is_finished());
        drop(place);
        assert!(places.take().is_none(), "it is the second one's");
        drop(second.await.unwrap().unwrap());
        assert!(places.take().is_some());
        assert!(places.take().is_some(), "all of it is free again");
    }

    #[tokio::test(start_paused = true)]
    async fn one_who_goes_away_gives_the_place_on() {
        let places = places(1);
        let place = places.take().unwrap();
        let (gone, granted, last) = (waiter(&places), waiter(&places), waiter(&places));
        tokio::task::yield_now().await;
        gone.abort();
        tokio::task::yield_now().await;
        drop(place);
        // It was told, and goes before it has looked.
        granted.abort();
        assert!(last.await.unwrap().is_some());
        assert!(!places.any_taken());
    }

    #[tokio::test(start_paused = true)]
    async fn a_higher_limit_and_the_end_are_heard_of() {
        let places = places(0);
        let first = waiter(&places);
        tokio::task::yield_now().await;
        places.set_limit(1);
        let _place = first.await.unwrap().unwrap();
        let second = waiter(&places);
        tokio::task::yield_now().await;
        places.close();
        assert!(second.await.unwrap().is_none());
        assert!(places.wait().await.is_none());
    }

    #[test]
    fn a_lower_limit_takes_places_away_as_they_are_given_back() {
        let places = places(2);
        let (first, second) = (places.take().unwrap(), places.take().unwrap());
        places.set_limit(1);
        drop(first);
        assert!(places.take().is_none());
        drop(second);
        assert!(places.take().is_some());
    }

    #[test]
    fn our_own_limit_counts_as_well() {
        let places = Arc::new(Places::new(1));
        places.set_limit(100);
        let _place = places.take().unwrap();
        assert!(places.take().is_none());
    }
}
