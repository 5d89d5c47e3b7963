//! What those learn who wait until the server has learned of an end.
//!
//! Invariant: all ends that are told at once have one report, so an end costs no channel; who waits for several of them in one task
//! is woken once.

use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};

use super::End;
use crate::error::{Error, Result};

/// What has ended since the server was told the last time, for it to learn at once.
#[derive(Debug, Default)]
pub(in crate::broker::redis) struct News {
    pub(in crate::broker::redis) ends: Vec<End>,
    /// What those learn who wait for one of `ends`.
    pub(in crate::broker::redis) report: Arc<Report>,
}

/// Whether the server has learned of some ends.
#[derive(Debug, Default)]
pub(in crate::broker::redis) struct Report(Mutex<Progress>);

#[derive(Debug)]
enum Progress {
    /// Who waits.
    Open(Vec<Waker>),
    Done(Result<()>),
}

/// Ready when the server has learned of an end.
#[derive(Debug)]
pub(super) struct Learned {
    report: Arc<Report>,
    /// Which waker is this one's.
    place: Option<usize>,
}

impl Report {
    /// Tells everybody who waits, and who will ask later.
    pub(in crate::broker::redis) fn learn(&self, learned: Result<()>) {
        let before = std::mem::replace(&mut *self.progress(), Progress::Done(learned));
        if let Progress::Open(wakers) = before {
            wakers.into_iter().for_each(Waker::wake);
        }
    }

    fn progress(&self) -> MutexGuard<'_, Progress> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Default for Progress {
    fn default() -> Self {
        Self::Open(Vec::new())
    }
}

impl Learned {
    pub(super) fn of(report: Arc<Report>) -> Self {
        Self {
            report,
            place: None,
        }
    }
}

impl Future for Learned {
    type Output = Result<()>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let Self { report, place } = self.get_mut();
        match &mut *report.progress() {
            Progress::Done(learned) => Poll::Ready(copied(learned)),
            Progress::Open(wakers) => {
                // Its neighbour's will do, where both wait in one task.
                let mut at = place.unwrap_or(wakers.len().saturating_sub(1));
                if wakers
                    .get(at)
                    .is_none_or(|waker| !waker.will_wake(cx.waker()))
                {
                    wakers.push(cx.waker().clone());
                    at = wakers.len() - 1;
                }
                *place = Some(at);
                Poll::Pending
            }
        }
    }
}

fn copied(learned: &Result<()>) -> Result<()> {
    let copied = |error: &Error| Error::new(error.code(), error.message().to_owned());
    learned.as_ref().copied().map_err(copied)
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::task::Wake;

    use super::*;

    #[derive(Default)]
    struct Count(AtomicUsize);

    impl Wake for Count {
        fn wake(self: Arc<Self>) {
            self.0.fetch_add(1, Ordering::SeqCst);
        }
    }

    fn poll(learned: &mut Learned, waker: &Waker) -> Poll<Result<()>> {
        Pin::new(learned).poll(&mut Context::from_waker(waker))
    }

    #[test]
    fn everybody_learns_and_a_task_that_waits_for_several_is_woken_once() {
        let report = Arc::new(Report::default());
        let mut waiting = [(); 4].map(|()| Learned::of(report.clone()));
        let counts = [Arc::<Count>::default(), Arc::default()];
        let wakers = counts.clone().map(Waker::from);
        for _ in 0..3 {
            for (at, learned) in waiting.iter_mut().enumerate() {
                assert!(poll(learned, &wakers[at / 2]).is_pending());
            }
        }
        report.learn(Err(Error::aborted("no")));
        assert_eq!(
            counts
                .each_ref()
                .map(|count| count.0.load(Ordering::SeqCst)),
            [1, 1]
        );
        for learned in &mut waiting {
            let Poll::Ready(Err(error)) = poll(learned, &wakers[0]) else {
                panic!("it was told");
            };
            assert_eq!(error.message(), "no");
        }
    }

    #[test]
    fn who_moves_to_another_task_is_woken_there() {
        let report = Arc::new(Report::default());
        let mut learned = Learned::of(report.clone());
        let counts = [Arc::<Count>::default(), Arc::default()];
        for count in &counts {
            assert!(poll(&mut learned, &Waker::from(count.clone())).is_pending());
        }
        report.learn(Ok(()));
        assert_eq!(counts[1].0.load(Ordering::SeqCst), 1);
    }
}
