//! The time: what it is, and how to wait for it.

use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::{Duration, SystemTime};

use tokio::time::Instant;

/// A point on the monotonic clock.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Moment(pub(super) Instant);

impl Moment {
    /// This moment moved by `by`; a moment too far to be told is 30 years away instead.
    #[must_use]
    pub fn after(self, by: Duration) -> Self {
        const FAR: Duration = Duration::from_secs(30 * 365 * 24 * 3600);
        Self(self.0.checked_add(by).unwrap_or(self.0 + FAR))
    }

    /// How long it is from `earlier` to this moment; zero when `earlier` is later.
    pub fn since(self, earlier: Self) -> Duration {
        self.0.saturating_duration_since(earlier.0)
    }
}

/// The runtime's clock: tokio's, which a test may pause and a simulation may own.
#[derive(Clone, Copy, Default)]
pub struct Clock(());

impl Clock {
    /// What time it is.
    pub fn now(&self) -> Moment {
        Moment(Instant::now())
    }

    /// The calendar time, for people to read.
    pub fn wall(&self) -> SystemTime {
        SystemTime::now()
    }

    /// Waits until `moment`; cancel safe.
    pub fn sleep_until(&self, moment: Moment) -> Sleep {
        #[cfg(test)]
        TIMERS.set(TIMERS.get() + 1);
        Sleep(Box::pin(tokio::time::sleep_until(moment.0)))
    }

    /// Waits for `duration`; cancel safe.
    pub fn sleep(&self, duration: Duration) -> Sleep {
        self.sleep_until(self.now().after(duration))
    }

    /// What `future` gives, or `None` when `moment` comes first; no timer is made when `future` is ready at once.
    pub fn until<F: Future>(
        &self,
        moment: Moment,
        future: F,
    ) -> impl Future<Output = Option<F::Output>> {
        limited(move || moment, future)
    }

    /// What `future` gives, or `None` when it takes longer than `duration` from the first poll on; neither is the clock read nor a timer
    /// made when `future` is ready at once.
    pub fn within<F: Future>(
        &self,
        duration: Duration,
        future: F,
    ) -> impl Future<Output = Option<F::Output>> {
        limited(move || self.now().after(duration), future)
    }
}

/// What `future` gives, or `None` when the moment comes first that `until` gives when it has to wait.
async fn limited<F: Future>(until: impl Fn() -> Moment, future: F) -> Option<F::Output> {
    let mut future = std::pin::pin!(future);
    // In place: a call that waits has this timer and no allocation for it.
    let mut sleep = std::pin::pin!(None);
    std::future::poll_fn(|cx| {
        if let Poll::Ready(output) = future.as_mut().poll(cx) {
            return Poll::Ready(Some(output));
        }
        if sleep.is_none() {
            sleep.set(Some(tokio::time::sleep_until(until().0)));
        }
        match sleep.as_mut().as_pin_mut() {
            Some(sleep) => sleep.poll(cx).map(|()| None),
            None => Poll::Pending,
        }
    })
    .await
}

#[cfg(test)]
thread_local! {
    /// How many timers this thread has made, for tests of what makes none.
    pub(crate) static TIMERS: std::cell::Cell<usize> = const { std::cell::Cell::new(0) };
}

impl fmt::Debug for Clock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Clock")
    }
}

/// A wait that [`Clock::sleep`] began; ready when its moment has come.
#[derive(Debug)]
#[must_use = "a sleep waits only when it is awaited"]
pub struct Sleep(Pin<Box<tokio::time::Sleep>>);

impl Future for Sleep {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        self.0.as_mut().poll(cx)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn until_gives_up_at_its_moment() {
        let clock = Clock::default();
        let start = clock.now();
        let limit = start.after(Duration::from_secs(3));
        assert_eq!(clock.until(limit, std::future::pending::<()>()).await, None);
        assert_eq!(clock.now().since(start), Duration::from_secs(3));
    }

    #[tokio::test(start_paused = true)]
    async fn a_duration_begins_when_it_is_first_waited_for() {
        let clock = Clock::default();
        let start = clock.now();
        let within = clock.within(Duration::from_secs(3), std::future::pending::<()>());
        clock.sleep(Duration::from_secs(2)).await;
        assert_eq!(within.await, None);
        assert_eq!(clock.now().since(start), Duration::from_secs(5));
        assert_eq!(clock.within(Duration::ZERO, async { 5 }).await, Some(5));
    }

    #[tokio::test(start_paused = true)]
    async fn until_gives_what_is_ready() {
        let clock = Clock::default();
        assert_eq!(clock.until(clock.now(), async { 5 }).await, Some(5));
    }

    #[tokio::test(start_paused = true)]
    async fn a_moment_beyond_telling_is_only_far_away() {
        let now = Clock::default().now();
        assert!(now.after(Duration::MAX) > now);
    }
}
