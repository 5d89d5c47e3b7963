//! Whether the server is there, as the client's events tell it.
//!
//! Invariant: the log says once that the connection was lost and once that it is back.

use std::sync::Arc;

use async_nats::{Event, Server, ServerError};
use tokio::sync::watch;

/// How many refusals are kept until somebody asks for them.
const MOST_REFUSALS: usize = 128;

/// Learns of the client's events; a cheap clone.
#[derive(Clone)]
pub(super) struct Health(Arc<watch::Sender<State>>);

/// What is known of the connection.
#[derive(Clone, Debug, Default)]
pub(super) struct State {
    /// Whether the connection was lost and is not back.
    pub(super) lost: bool,
    /// Why the last attempt to come back failed.
    reason: Option<String>,
    /// What the server has said last against something that the client wants.
    pub(super) refusal: Option<Arc<str>>,
    /// What it has said against something since it was last asked for; the newest are kept.
    refusals: Vec<Arc<str>>,
}

impl Health {
    pub(super) fn new() -> Self {
        Self(Arc::new(watch::channel(State::default()).0))
    }

    /// What is known, and what will be.
    pub(super) fn watch(&self) -> watch::Receiver<State> {
        self.0.subscribe()
    }

    /// What the server has said against something since this was called last.
    pub(super) fn take_refusals(&self) -> Vec<Arc<str>> {
        let mut taken = Vec::new();
        self.0.send_if_modified(|state| {
            taken = std::mem::take(&mut state.refusals);
            false
        });
        taken
    }

    /// Why the server cannot be reached; `None` while it can.
    pub(super) fn outage(&self) -> Option<String> {
        let state = self.0.borrow();
        let why = || {
            let reason = state.reason.clone();
            reason.unwrap_or_else(|| "the connection was lost".to_owned())
        };
        state.lost.then(why)
    }

    /// Takes in how the attempts to reach `servers` have gone until now.
    pub(super) fn tried(&self, servers: &[Server]) {
        let reason = servers.iter().find_map(|server| server.last_error.clone());
        // Nobody waits for this.
        self.0.send_if_modified(|state| {
            state.reason = reason;
            false
        });
    }

    /// Takes in `event` of the connection to `address`.
    pub(super) fn tell(&self, event: &Event, address: &str) {
        match event {
            Event::Connected => {
                let was_lost = self.change(|state| {
                    state.reason = None;
                    std::mem::take(&mut state.lost)
                });
                if was_lost {
                    tracing::info!("Broker [nats] is there again: {address}");
                }
            }
            Event::Disconnected => {
                let was_lost = self.change(|state| std::mem::replace(&mut state.lost, true));
                if !was_lost {
                    tracing::warn!("Broker [nats] is lost, trying on: {address}");
                }
            }
            Event::ServerError(error) => self.refused(error, address),
            Event::SlowConsumer(_) => {
                // Its queue has room for more than one read brings, so only a pump that gets no turn at all comes here.
                tracing::warn!("Broker [nats] dropped a message: this process has no time");
            }
            _ => {}
        }
    }

    fn refused(&self, error: &ServerError, address: &str) {
        let text: Arc<str> = error.to_string().into();
        let is_new = self.change(|state| {
            if !state.refusals.contains(&text) {
                state.refusals.truncate(MOST_REFUSALS - 1);
                state.refusals.insert(0, text.clone());
            }
            state.refusal.replace(text.clone()).as_ref() != Some(&text)
        });
        if is_new {
            tracing::warn!("Broker [nats] refuses: {address}: {text}");
        }
    }

    fn change<T: Default>(&self, change: impl FnOnce(&mut State) -> T) -> T {
        let mut changed = T::default();
        self.0.send_modify(|state| changed = change(state));
        changed
    }
}
