//! Keeps the streams of a broker short: removes what everybody is done with, and what the dead left.
//!
//! Invariant: nothing is removed that a group has not read or that is in flight in it. All of a round for one stream is one
//! script, so that nobody reads between the look and the removal.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Duration;

use redis::{Cmd, Value};
use tokio::task::JoinHandle;

use super::failure::Trouble;
use super::layout::bytes;
use super::link::Link;
use super::place::{PLAIN, QUEUE, RETURNED};
use super::reply;

/// How often the streams are looked at.
const ROUND: Duration = Duration::from_secs(10);
/// For how long nothing was heard of a consumer that is dead.
pub(super) const LEASE: Duration = Duration::from_secs(600);

/// Answers with how many messages are left, how many groups, and the groups that lost messages to `max_len` with their number.
const SCRIPT: &str = include_str!("tidy.lua");

/// Looks after the streams that this broker has used.
pub(super) struct Janitor {
    link: Arc<Link>,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    keys: BTreeSet<String>,
    task: Option<JoinHandle<()>>,
    /// What the log says of losses, by stream and group.
    lost: BTreeMap<(String, String), i64>,
    refused: bool,
}

impl Janitor {
    pub(super) fn new(link: Arc<Link>) -> Self {
        Self {
            link,
            state: Mutex::default(),
        }
    }

    /// Looks after the stream `key` as well, from now on until nothing is left of it.
    pub(super) fn mind(self: &Arc<Self>, key: &str) {
        let mut state = self.state();
        if state.keys.contains(key) {
            return;
        }
        state.keys.insert(key.to_owned());
        if state.task.as_ref().is_none_or(JoinHandle::is_finished) {
            state.task = Some(tokio::spawn(work(Arc::downgrade(self), self.link.clone())));
        }
    }

    /// Stops; what is used again is looked after again.
    pub(super) fn stop(&self) {
        let mut state = self.state();
        state.keys.clear();
        if let Some(task) = state.task.take() {
            task.abort();
        }
    }

    /// Tidies every stream once.
    async fn round(&self) {
        let keys: Vec<_> = self.state().keys.iter().cloned().collect();
        for key in keys {
            match self.link.try_once(&key, &self.tidy(&key)).await {
                Ok(answer) => self.tidied(&key, answer),
                Err(Trouble::Away(_)) => return,
                Err(trouble) => self.refused(trouble),
            }
        }
    }

    fn tidy(&self, key: &str) -> Cmd {
        let mut tidy = redis::cmd("EVAL");
        tidy.arg(SCRIPT).arg(1).arg(key);
        tidy.arg(LEASE.as_millis() as u64);
        tidy.arg(self.link.config.retain.as_millis() as u64);
        tidy.arg(QUEUE).arg(PLAIN).arg(RETURNED);
        tidy
    }

    fn tidied(&self, key: &str, answer: Value) {
        let mut answer = reply::list(answer).into_iter();
        let (left, groups) = (answer.next(), answer.next());
        if (left, groups) == (Some(Value::Int(0)), Some(Value::Int(0))) {
            self.state().keys.remove(key);
        }
        while let (Some(group), Some(Value::Int(lost))) = (answer.next(), answer.next()) {
            let group = String::from_utf8_lossy(&bytes(group).unwrap_or_default()).into_owned();
            let told = self
                .state()
                .lost
                .insert((key.to_owned(), group.clone()), lost);
            if told != Some(lost) {
                tracing::warn!(
                    "Broker [redis] stream {key}: {lost} messages were removed by max_len before group {group} had read them"
                );
            }
        }
    }

    fn refused(&self, trouble: Trouble) {
        let error = trouble.into_error(self.link.at());
        if !std::mem::replace(&mut self.state().refused, true) {
            tracing::warn!(
                "Broker [redis] cannot remove old messages, so the streams grow: {error:?}"
            );
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Janitor {
    fn drop(&mut self) {
        self.stop();
    }
}

/// Works in rounds as long as the broker is there and somebody uses it.
async fn work(janitor: Weak<Janitor>, link: Arc<Link>) {
    loop {
        // Brokers that begin together do not come together.
        let spread = link.seam.chance.below(ROUND.as_millis() as usize / 2);
        let wait = ROUND / 2 + Duration::from_millis(spread as u64);
        link.seam.clock.sleep(wait).await;
        let Some(janitor) = janitor.upgrade() else {
            return;
        };
        janitor.round().await;
    }
}
