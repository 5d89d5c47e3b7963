//! One address: its connections, and how it has been of late.
//!
//! Invariant: an address that could not be reached is dialed again only when its rest is over, whoever asks.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock, RwLockWriteGuard};
use std::time::Duration;

use tokio::sync::watch;
use tokio::task::JoinHandle;

use super::Reach;
use super::attempt::{Attempt, Failure, Outcome};
use super::dialer::Dialer;
use super::span::Span;
use crate::client::backoff::Backoff;
use crate::error::{Error, Result};
use crate::seam::Moment;
use crate::transport::Connection;

/// The connections to one address, which take turns.
#[derive(Debug)]
pub(super) struct Place {
    address: Arc<str>,
    slots: Box<[Slot]>,
    turn: AtomicUsize,
    health: Mutex<Health>,
}

/// One connection, or the attempt to make it.
#[derive(Debug, Default)]
struct Slot(RwLock<State>);

#[derive(Debug, Default)]
enum State {
    #[default]
    Empty,
    Dialing {
        attempt: Attempt,
        _task: Dialing,
    },
    Open(Arc<dyn Connection>),
}

/// The task that dials; it ends with the place.
#[derive(Debug)]
struct Dialing(JoinHandle<()>);

#[derive(Debug, Default)]
struct Health {
    backoff: Backoff,
    /// The last failure, and until when the address is left alone for it; `None` after a success.
    failed: Option<(Failure, Moment)>,
}

impl Place {
    /// An address that is reached by up to `connections` at a time.
    pub(super) fn new(address: String, connections: usize) -> Self {
        Self {
            address: address.into(),
            slots: (0..connections).map(|_| Slot::default()).collect(),
            turn: AtomicUsize::new(0),
            health: Mutex::default(),
        }
    }

    /// The connection whose turn it is; another one while it is being made.
    pub(super) fn reach(self: &Arc<Self>, dialer: &Arc<Dialer>, limit: Option<Duration>) -> Reach {
        let turn = match self.slots.len() {
            1 => 0,
            slots => self.turn.fetch_add(1, Ordering::Relaxed) % slots,
        };
        match self.slots.get(turn).and_then(Slot::open) {
            Some(connection) => Reach::Open(connection),
            None => self.dial(turn, dialer, limit),
        }
    }

    /// When the address may be dialed again; `None` where it may now.
    pub(super) fn rest_end(&self, dialer: &Dialer) -> Option<Moment> {
        let health = self.health();
        let (_, until) = health.failed.as_ref()?;
        (dialer.seam.clock.now() < *until).then_some(*until)
    }

    fn dial(self: &Arc<Self>, turn: usize, dialer: &Arc<Dialer>, limit: Option<Duration>) -> Reach {
        let other = self.slots.iter().find_map(Slot::open);
        // Looked at once more, and held: an attempt that has ended meanwhile, well or badly, is not to be made again.
        let mut state = self.slots[turn].write();
        if let Some(connection) = state.open() {
            return Reach::Open(connection);
        }
        let failed = self.failed(dialer);
        let attempt = match &failed {
            Some((resting, error)) if *resting => {
                return other.map_or_else(|| Reach::Resting(error.error()), Reach::Open);
            }
            _ => self.attempt(turn, &mut state, dialer, limit),
        };
        match (other, failed) {
            (Some(other), _) => Reach::Open(other),
            (None, Some(_)) => Reach::Probing(attempt),
            (None, None) => Reach::Dialing(attempt),
        }
    }

    /// The last failure, and whether the address is left alone for it.
    fn failed(&self, dialer: &Dialer) -> Option<(bool, Failure)> {
        let health = self.health();
        let (failure, until) = health.failed.as_ref()?;
        Some((dialer.seam.clock.now() < *until, failure.clone()))
    }

    /// The attempt that runs, or a new one, for the slot `turn` with this `state`.
    fn attempt(
        self: &Arc<Self>,
        turn: usize,
        state: &mut State,
        dialer: &Arc<Dialer>,
        limit: Option<Duration>,
    ) -> Attempt {
        if let State::Dialing { attempt, .. } = state
            && attempt.is_running()
        {
            attempt.allow(dialer.seam.clock.now(), limit);
            return attempt.clone();
        }
        let (sender, outcome) = watch::channel(None);
        let span = Arc::new(dialer.span());
        let attempt = Attempt::new(Arc::clone(&self.address), outcome, Arc::clone(&span));
        attempt.allow(dialer.seam.clock.now(), limit);
        let task = tokio::spawn(run(self, turn, Arc::clone(dialer), span, sender));
        *state = State::Dialing {
            attempt: attempt.clone(),
            _task: Dialing(task),
        };
        attempt
    }

    /// Takes note of what came of an attempt.
    fn settle(&self, turn: usize, dialed: &Result<Arc<dyn Connection>>, dialer: &Dialer) {
        let state = match dialed {
            Ok(connection) => State::Open(Arc::clone(connection)),
            Err(_) => State::Empty,
        };
        match dialed {
            Ok(_) => *self.health() = Health::default(),
            Err(error) => self.rest(error, dialer),
        }
        *self.slots[turn].write() = state;
    }

    /// Is left alone for a while because of `error`.
    fn rest(&self, error: &Error, dialer: &Dialer) {
        let mut health = self.health();
        let rest = health.backoff.fail(&dialer.seam.chance);
        let until = dialer.seam.clock.now().after(rest);
        tracing::debug!("{} is left alone for {rest:?}: {error:?}", self.address);
        health.failed = Some((Failure::of(error), until));
    }

    fn health(&self) -> MutexGuard<'_, Health> {
        self.health.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Dials for the slot `turn` of `place`, for whoever waits.
fn run(
    place: &Arc<Place>,
    turn: usize,
    dialer: Arc<Dialer>,
    span: Arc<Span>,
    sender: watch::Sender<Outcome>,
) -> impl Future<Output = ()> + Send + use<> {
    let (address, place) = (Arc::clone(&place.address), Arc::downgrade(place));
    async move {
        // Whoever does not wait that long is not to wait for it either.
        let overdue = |error: &Error| {
            if let Some(place) = place.upgrade() {
                place.rest(error, &dialer);
            }
        };
        let dialed = dialer.dial(&address, &span, overdue).await;
        if let Some(place) = place.upgrade() {
            place.settle(turn, &dialed, &dialer);
        }
        sender.send_replace(Some(dialed.map_err(|error| Failure::of(&error))));
        dialer.tell();
    }
}

impl Slot {
    fn open(&self) -> Option<Arc<dyn Connection>> {
        let state = self.0.read().unwrap_or_else(PoisonError::into_inner);
        state.open()
    }

    fn write(&self) -> RwLockWriteGuard<'_, State> {
        self.0.write().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn open(&self) -> Option<Arc<dyn Connection>> {
        match self {
            Self::Open(connection) if connection.is_open() => Some(Arc::clone(connection)),
            _ => None,
        }
    }
}

impl Drop for Dialing {
    fn drop(&mut self) {
        self.0.abort();
    }
}
