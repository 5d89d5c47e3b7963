//! How many calls run on a connection, and how many may.
//!
//! h2 queues without bound what a peer does not take yet, so the places are counted here, in front of it.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst};

use tokio::sync::Notify;

/// The places of one connection.
///
/// Invariant: while a place is free and somebody waits, a notification is under way. Whoever is told of a free place tells the
/// next in line, since it may go away without taking it.
#[derive(Debug)]
pub(super) struct Places {
    taken: AtomicUsize,
    /// What the peer allows.
    limit: AtomicUsize,
    /// What we allow ourselves.
    own_limit: usize,
    open: AtomicBool,
    given_up: AtomicBool,
    freed: Notify,
}

/// One place; dropping it frees it.
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
            taken: AtomicUsize::new(0),
            limit: AtomicUsize::new(0),
            own_limit,
            open: AtomicBool::new(true),
            given_up: AtomicBool::new(false),
            freed: Notify::new(),
        }
    }

    /// Takes a place; `None` when none is free.
    pub(super) fn take(self: &Arc<Self>) -> Option<Place> {
        let limit = self.limit.load(SeqCst);
        self.taken
            .fetch_update(SeqCst, SeqCst, |taken| (taken < limit).then(|| taken + 1))
            .ok()
            .map(|_| Place(Arc::clone(self)))
    }

    /// Waits for a free place, `true`, or for the end of the connection, `false`; cancel safe.
    pub(super) async fn free(&self) -> bool {
        loop {
            let freed = self.freed.notified();
            let mut freed = std::pin::pin!(freed);
            // In line before looking, so that nothing is missed in between.
            freed.as_mut().enable();
            if !self.is_open() {
                return false;
            }
            if self.taken.load(SeqCst) < self.limit.load(SeqCst) {
                self.freed.notify_one();
                return true;
            }
            freed.await;
        }
    }

    /// Sets what the peer allows.
    pub(super) fn set_limit(&self, limit: usize) {
        let limit = limit.min(self.own_limit);
        if self.limit.swap(limit, SeqCst) < limit {
            self.freed.notify_one();
        }
    }

    /// Says that no place is given any more.
    pub(super) fn close(&self) {
        if self.open.swap(false, SeqCst) {
            self.freed.notify_waiters();
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
}

impl Place {
    /// Whether the peer was given up because it gave no sign of life.
    pub(super) fn is_given_up(&self) -> bool {
        self.0.given_up.load(SeqCst)
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.0.taken.fetch_sub(1, SeqCst);
        self.0.freed.notify_one();
    }
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

    /// Whether `free` is ready without another event; the paused clock jumps when nothing else can happen.
    async fn is_ready(places: &Places) -> bool {
        let clock = Clock::default();
        let limit = clock.now().after(Duration::from_secs(1));
        clock.until(limit, places.free()).await.is_some()
    }

    #[tokio::test(start_paused = true)]
    async fn no_more_are_given_than_there_are() {
        let places = places(2);
        let (first, _second) = (places.take().unwrap(), places.take().unwrap());
        assert!(places.take().is_none());
        assert!(!is_ready(&places).await);
        drop(first);
        assert!(is_ready(&places).await);
        assert!(places.take().is_some());
    }

    #[tokio::test(start_paused = true)]
    async fn one_who_goes_away_does_not_take_the_news_along() {
        let places = places(1);
        let place = places.take().unwrap();
        let waiters: Vec<_> = (0..5)
            .map(|_| {
                let places = Arc::clone(&places);
                tokio::spawn(async move { places.free().await })
            })
            .collect();
        tokio::task::yield_now().await;
        drop(place);
        // None of them takes the place, and still each hears of it.
        let clock = Clock::default();
        let limit = clock.now().after(Duration::from_secs(1));
        for waiter in waiters {
            let told = clock.until(limit, waiter).await;
            assert!(told.expect("it waits for ever").unwrap());
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_higher_limit_and_the_end_are_heard_of() {
        let places = places(0);
        let waiter = tokio::spawn({
            let places = Arc::clone(&places);
            async move { places.free().await }
        });
        tokio::task::yield_now().await;
        places.set_limit(1);
        assert!(waiter.await.unwrap());
        let _place = places.take().unwrap();
        let waiter = tokio::spawn({
            let places = Arc::clone(&places);
            async move { places.free().await }
        });
        tokio::task::yield_now().await;
        places.close();
        assert!(!waiter.await.unwrap());
        assert!(!places.free().await);
    }

    #[test]
    fn our_own_limit_counts_as_well() {
        let places = Arc::new(Places::new(1));
        places.set_limit(100);
        let _place = places.take().unwrap();
        assert!(places.take().is_none());
    }
}
