//! Tells the server how deliveries end, where the reader cannot, and that those which have not ended are in good hands, and closes up
//! at the end.
//!
//! Invariant: what ends at the same time is told at once: while the server is asked the next ends gather.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;

use super::failure::Trouble;
use super::janitor::LEASE;
use super::layout::Id;
use super::link::Link;
use super::place::Place;
use super::reply;
use super::seat::Seat;
use crate::seam::Moment;

/// How often a reader that is to leave is woken.
const NUDGE: Duration = Duration::from_millis(50);

/// The keeper of one subscription.
pub(super) struct Keeper {
    link: Arc<Link>,
    seat: Arc<Seat>,
    place: watch::Receiver<(Place, Option<i64>)>,
    /// When signs of life are due.
    due: Moment,
}

impl Keeper {
    pub(super) fn new(
        link: Arc<Link>,
        seat: Arc<Seat>,
        place: watch::Receiver<(Place, Option<i64>)>,
    ) -> Self {
        let due = link.seam.clock.now();
        let mut keeper = Self {
            link,
            seat,
            place,
            due,
        };
        keeper.due = keeper.next_due();
        keeper
    }

    /// Works until nothing of the subscription is left.
    pub(super) async fn run(mut self) {
        while !self.seat.is_over() {
            let wake = if self.seat.leaves() && !self.seat.has_ended() {
                self.nudge().await;
                self.link.seam.clock.now().after(NUDGE)
            } else {
                self.due
            };
            let news = self.seat.news.notified();
            self.link.seam.clock.until(wake, news).await;
            self.tell().await;
            if self.link.seam.clock.now() >= self.due {
                self.keep().await;
                self.due = self.next_due();
            }
        }
        if !self.seat.queued {
            let place = self.here();
            // A group that stays behind is swept.
            drop(self.link.try_once(&place.key, &place.destroy()).await);
        }
    }

    /// Tells the server of what ended, and then those who wait for that.
    async fn tell(&self) {
        let Some(news) = self.seat.take_news() else {
            return;
        };
        let place = self.here();
        let tell = place.tell(&news.ends);
        let learned = match self.link.insist_all(&place.key, &tell).await {
            // What the server does not know it does not deliver again.
            Ok(_) | Err(Trouble::NoGroup) => Ok(()),
            Err(trouble) => Err(trouble.into_error(self.link.at())),
        };
        self.seat.told(&news, learned);
        // There may be more, of which one word was given.
        self.seat.news.notify_one();
    }

    /// Shows a sign of life for what is in flight, before others take it for abandoned.
    async fn keep(&self) {
        if !self.seat.queued {
            // Who is full does not read, and would be taken for dead.
            let place = self.here();
            drop(self.link.try_once(&place.key, &place.touch()).await);
        }
        if !self.seat.settles {
            return;
        }
        let flights = self.seat.flights();
        if flights.is_empty() {
            return;
        }
        let (place, idle) = (self.here(), self.beat() / 2);
        // Only what is still ours, and only if nobody has taken it since: that would have begun its time anew.
        let ours = place.pending_here(idle, 2 * self.seat.limit() + 1);
        let Ok(ours) = self.link.try_once(&place.key, &ours).await else {
            return; // The log says why; there is a next time.
        };
        let here: BTreeSet<Id> = flights.into_iter().collect();
        let ours = reply::pending(ours).into_iter().map(|pending| pending.id);
        let ours: Vec<_> = ours.filter(|id| here.contains(id)).collect();
        if !ours.is_empty() {
            drop(
                self.link
                    .try_once(&place.key, &place.keep(idle, &ours))
                    .await,
            );
        }
    }

    /// Ends the wait of the reader, which is to see that it leaves.
    async fn nudge(&self) {
        let number = self.place.borrow().1;
        if let Some(number) = number {
            let mut unblock = redis::cmd("CLIENT");
            unblock.arg("UNBLOCK").arg(number);
            drop(self.link.try_once("", &unblock).await);
        }
    }

    fn here(&self) -> Place {
        self.place.borrow().0.clone()
    }

    fn beat(&self) -> Duration {
        (self.link.config.claim_after / 4).min(LEASE / 10)
    }

    fn next_due(&self) -> Moment {
        self.link.seam.clock.now().after(self.beat())
    }
}

impl Drop for Keeper {
    fn drop(&mut self) {
        self.seat.leave_untold();
    }
}
