//! A subscription of this process: its place among the others, and the task that keeps it in the registry.
//!
//! Invariant: what arrives is taken from before it is registered until, with grace, everybody has learned that it is withdrawn.

use std::collections::{BTreeMap, VecDeque};
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, ready};

use tokio::sync::{oneshot, watch};

use super::inbox::Inbox;
use crate::broker::{Delivery, Source};
use crate::call::BoxFuture;
use crate::error::{Error, Result};
use crate::registry::{Beat, Pulse};

/// The subscriptions of this process, by their ids.
#[derive(Debug, Default)]
pub(super) struct Seats(Mutex<BTreeMap<String, Arc<Seat>>>);

/// One subscription.
#[derive(Debug)]
pub(super) struct Seat {
    id: String,
    pub(super) inbox: Arc<Inbox>,
    stage: watch::Sender<Stage>,
}

/// How far a subscription has come; it only goes on.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
enum Stage {
    Taken,
    /// It is to end when everybody has learned of it.
    Leaving,
    /// It is to end at once.
    Dropped,
    Gone,
}

impl Seats {
    /// The subscription `id`.
    pub(super) fn find(&self, id: &str) -> Option<Arc<Seat>> {
        self.lock().get(id).cloned()
    }

    /// Ends all of them with grace, and waits for it.
    pub(super) async fn leave(&self) {
        let seats: Vec<_> = self.lock().values().cloned().collect();
        for seat in &seats {
            seat.go_on_to(Stage::Leaving);
        }
        for seat in &seats {
            seat.gone().await;
        }
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<String, Arc<Seat>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Seat {
    fn go_on_to(&self, stage: Stage) {
        let later = |known: &mut Stage| {
            let goes_on = stage > *known;
            if goes_on {
                *known = stage;
            }
            goes_on
        };
        self.stage.send_if_modified(later);
    }

    /// Waits until it is over.
    async fn gone(&self) {
        // The sender is here, so the wait does not fail.
        let mut stage = self.stage.subscribe();
        let _ = stage.wait_for(|stage| *stage == Stage::Gone).await;
    }
}

/// Keeps a seat: in its task from the registration to the withdrawal.
pub(super) struct Keeper {
    seat: Arc<Seat>,
    seats: Arc<Seats>,
    beat: Beat,
}

impl Keeper {
    /// Takes a seat for what `beat` registers under `id`; what arrives from now on is taken.
    pub(super) fn take(seats: &Arc<Seats>, id: String, inbox: Inbox, beat: Beat) -> Self {
        let seat = Arc::new(Seat {
            id,
            inbox: Arc::new(inbox),
            stage: watch::channel(Stage::Taken).0,
        });
        seats.lock().insert(seat.id.clone(), seat.clone());
        Self {
            seat,
            seats: seats.clone(),
            beat,
        }
    }

    /// Where the deliveries come out; dropping it ends the seat at once. `held` is dropped with it.
    pub(super) fn source<H: Send + 'static>(&self, held: H) -> Seated<H> {
        Seated {
            seat: self.seat.clone(),
            leaving: None,
            _held: held,
        }
    }

    /// Registers, tells `started` when everybody has learned of it, and stays registered until the seat is left.
    pub(super) async fn keep(self, started: oneshot::Sender<Result<()>>) {
        if let Err(error) = self.beat.register_first(|pulse| self.log(pulse)).await {
            let _ = started.send(Err(error));
            return;
        }
        self.propagate().await;
        // Whoever does not wait any more has dropped the source.
        let _ = started.send(Ok(()));
        let mut stage = self.seat.stage.subscribe();
        tokio::select! {
            biased;
            _ = stage.wait_for(|stage| *stage != Stage::Taken) => {}
            () = self.beat.renew(|pulse| self.log(pulse)) => {}
        }
        if let Err(error) = self.beat.withdraw().await {
            let (registry, id) = (self.beat.registry.name(), &self.seat.id);
            tracing::warn!(
                "Broker [http] subscription {id} was not withdrawn from registry {registry} and will lapse: {error:?}"
            );
        }
        let dropped = stage.wait_for(|stage| *stage >= Stage::Dropped);
        tokio::select! {
            biased;
            _ = dropped => {}
            () = self.propagate() => {}
        }
    }

    fn log(&self, pulse: Pulse<'_>) {
        let (registry, id) = (self.beat.registry.name(), &self.seat.id);
        match pulse {
            Pulse::Retried(error) => {
                tracing::debug!("registering {id} failed and is tried again: {error:?}");
            }
            Pulse::Lost(error) => tracing::warn!(
                "Broker [http] registry {registry} does not renew subscription {id}, trying on: {error:?}"
            ),
            Pulse::Back => {
                tracing::info!("Broker [http] registry {registry} has subscription {id} again");
            }
        }
    }

    async fn propagate(&self) {
        let wait = self.beat.registry.propagation();
        if !wait.is_zero() {
            self.beat.seam.clock.sleep(wait).await;
        }
    }
}

impl Drop for Keeper {
    fn drop(&mut self) {
        self.seat.inbox.close();
        self.seats.lock().remove(&self.seat.id);
        self.seat.go_on_to(Stage::Gone);
    }
}

/// The source of a subscription.
pub(super) struct Seated<H> {
    seat: Arc<Seat>,
    leaving: Option<BoxFuture<'static, ()>>,
    _held: H,
}

impl<H: Send + 'static> Source for Seated<H> {
    fn poll_deliveries(
        &mut self,
        cx: &mut Context<'_>,
        ready: &mut VecDeque<Delivery>,
    ) -> Poll<Result<bool>> {
        self.seat.inbox.poll(cx, ready).map(Ok)
    }

    fn poll_unsubscribe(&mut self, cx: &mut Context<'_>) -> Poll<Result<()>> {
        let seat = &self.seat;
        let leaving = self.leaving.get_or_insert_with(|| {
            seat.go_on_to(Stage::Leaving);
            let seat = seat.clone();
            Box::pin(async move { seat.gone().await })
        });
        ready!(leaving.as_mut().poll(cx));
        self.leaving = None;
        Poll::Ready(Ok(()))
    }
}

impl<H> Drop for Seated<H> {
    fn drop(&mut self) {
        self.seat.inbox.close();
        self.seat.go_on_to(Stage::Dropped);
    }
}

impl<H> fmt::Debug for Seated<H> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Seated").field(&self.seat.id).finish()
    }
}

/// The error for a subscription whose task has ended before it was told how it went.
pub(super) fn unkept() -> Error {
    Error::internal("the task of the subscription has ended")
}
