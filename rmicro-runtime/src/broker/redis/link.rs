//! The connections to the server: one that all commands share, and one for each subscription, which waits in it.
//!
//! Invariant: nobody is reached before the first use. A connection that broke is made anew with growing waits, by whoever needs
//! it.

use std::pin::{Pin, pin};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use redis::{Cmd, Pipeline, Value};

use super::config::RedisConfig;
use super::failure::Trouble;
use super::health::Health;
use super::wire::Wire;
use crate::error::Result;
use crate::seam::Seam;

/// How long a connection may take to be made, and a command that does not wait by itself.
pub(super) const PATIENCE: Duration = Duration::from_secs(10);
/// What is waited after the first failure; each further wait is twice as long.
const FIRST_WAIT: Duration = Duration::from_millis(50);
const LONGEST_WAIT: Duration = Duration::from_secs(5);
/// The way to one server.
pub(super) struct Link {
    pub(super) config: RedisConfig,
    pub(super) seam: Seam,
    pub(super) health: Health,
    wire: Mutex<Option<Arc<Wire>>>,
    dialing: tokio::sync::Mutex<()>,
}

/// Growing waits with a share of chance, so that those who wait for one server do not come all at once.
pub(super) struct Backoff(Duration);

impl Link {
    pub(super) fn new(config: RedisConfig, seam: Seam) -> Self {
        Self {
            health: Health::new(config.address.clone(), seam.clock),
            config,
            seam,
            wire: Mutex::new(None),
            dialing: tokio::sync::Mutex::new(()),
        }
    }

    /// Where the server is.
    pub(super) fn at(&self) -> &str {
        &self.config.address
    }

    /// Has the command that `make` makes, which is about `key`, done by the shared connection, however long the server is away.
    pub(super) async fn insist(&self, key: &str, make: impl Fn() -> Cmd) -> Result<Value, Trouble> {
        let mut backoff = Backoff::new();
        loop {
            let wire = self.wire().await.map_err(Trouble::Refused)?;
            match self.ask_beside(&wire, key, make()).await {
                Err(Trouble::Away(_)) => self.wait(&mut backoff).await,
                done => return done,
            }
        }
    }

    /// Has `cmd` done by `wire`, together with those of others who ask at the same time.
    async fn ask_beside(&self, wire: &Wire, key: &str, cmd: Cmd) -> Result<Value, Trouble> {
        let answer = wire.beside(cmd, self.seam.clock).await;
        answer.map_err(|error| self.failed(wire, Trouble::of(&error, self.at(), key)))
    }

    /// The same for several commands at once; the first that is refused is the error.
    pub(super) async fn insist_all(
        &self,
        key: &str,
        all: &Pipeline,
    ) -> Result<Vec<Value>, Trouble> {
        let mut backoff = Backoff::new();
        loop {
            let wire = self.wire().await.map_err(Trouble::Refused)?;
            match self.ask_all(&wire, key, all).await {
                Err(Trouble::Away(_)) => self.wait(&mut backoff).await,
                done => return done,
            }
        }
    }

    /// Has `cmd` done once; a connection that broke is tried again once.
    pub(super) async fn try_once(&self, key: &str, cmd: &Cmd) -> Result<Value, Trouble> {
        if let Some(wire) = self.current() {
            match self.ask(&wire, key, cmd).await {
                Err(Trouble::Away(_)) => {}
                done => return done,
            }
        }
        let wire = self.reach_once().await?;
        self.ask(&wire, key, cmd).await
    }

    /// Makes sure that the shared connection is there.
    pub(super) async fn reach_once(&self) -> Result<Arc<Wire>, Trouble> {
        if let Some(wire) = self.current() {
            return Ok(wire);
        }
        let wire = Box::pin(self.dial()).await?;
        *self.shared() = Some(wire.clone());
        Ok(wire)
    }

    /// A connection of its own, however long the server is away.
    pub(super) async fn reach(&self) -> Result<Arc<Wire>> {
        let mut backoff = Backoff::new();
        loop {
            // Apart: it is large, and would be a part of everything that asks.
            match Box::pin(self.dial()).await {
                Err(Trouble::Away(why)) => {
                    self.health.lost(&why, None);
                    self.wait(&mut backoff).await;
                }
                done => return done.map_err(|trouble| trouble.into_error(self.at())),
            }
        }
    }

    /// Has `cmd` done by `wire`.
    pub(super) async fn ask(&self, wire: &Wire, key: &str, cmd: &Cmd) -> Result<Value, Trouble> {
        self.ask_within(PATIENCE, wire, key, cmd).await
    }

    /// Has `cmd`, which waits by itself, done by `wire`.
    pub(super) async fn ask_within(
        &self,
        patience: Duration,
        wire: &Wire,
        key: &str,
        cmd: &Cmd,
    ) -> Result<Value, Trouble> {
        let mut connection = wire.connection.clone();
        let asking = pin!(async { checked(connection.send_packed_command(cmd).await?) });
        self.judge(wire, key, patience, asking).await
    }

    /// Has all commands done by `wire`, in one go.
    pub(super) async fn ask_all(
        &self,
        wire: &Wire,
        key: &str,
        all: &Pipeline,
    ) -> Result<Vec<Value>, Trouble> {
        let mut connection = wire.connection.clone();
        let asking = pin!(async {
            let answers = connection.send_packed_commands(all, 0, all.len()).await?;
            answers.into_iter().map(checked).collect()
        });
        self.judge(wire, key, PATIENCE, asking).await
    }

    /// Waits a little longer than the last time, or until somebody has reached the server.
    pub(super) async fn wait(&self, backoff: &mut Backoff) {
        let wait = backoff.next(&self.seam);
        tokio::select! {
            biased;
            () = self.health.back() => {}
            () = self.seam.clock.sleep(wait) => {}
        }
    }

    /// Lets go of the shared connection.
    pub(super) fn close(&self) {
        drop(self.shared().take());
    }

    async fn judge<T>(
        &self,
        wire: &Wire,
        key: &str,
        patience: Duration,
        asking: Pin<&mut impl Future<Output = redis::RedisResult<T>>>,
    ) -> Result<T, Trouble> {
        let limit = self.seam.clock.now().after(patience);
        let answer = match self.seam.clock.until(limit, asking).await {
            Some(Ok(answer)) => return Ok(answer),
            Some(Err(error)) => Trouble::of(&error, self.at(), key),
            None => Trouble::Away(silent(patience)),
        };
        Err(self.failed(wire, answer))
    }

    fn failed(&self, wire: &Wire, trouble: Trouble) -> Trouble {
        if let Trouble::Away(why) = &trouble {
            self.forget(wire);
            self.health.lost(why, Some(wire.born));
        }
        trouble
    }

    /// The shared connection, however long the server is away.
    async fn wire(&self) -> Result<Arc<Wire>> {
        if let Some(wire) = self.current() {
            return Ok(wire);
        }
        let _dialing = self.dialing.lock().await;
        if let Some(wire) = self.current() {
            return Ok(wire);
        }
        let wire = self.reach().await?;
        *self.shared() = Some(wire.clone());
        Ok(wire)
    }

    fn current(&self) -> Option<Arc<Wire>> {
        self.shared().clone()
    }

    fn forget(&self, wire: &Wire) {
        self.shared().take_if(|shared| shared.born == wire.born);
    }

    fn shared(&self) -> std::sync::MutexGuard<'_, Option<Arc<Wire>>> {
        self.wire.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Backoff {
    pub(super) fn new() -> Self {
        Self(FIRST_WAIT)
    }

    fn next(&mut self, seam: &Seam) -> Duration {
        let wait = self.0;
        self.0 = (wait * 2).min(LONGEST_WAIT);
        let half = wait / 2;
        let share = seam
            .chance
            .below(usize::try_from(half.as_millis()).unwrap_or(0) + 1);
        half + Duration::from_millis(share as u64)
    }
}

/// The answer, if it is none that refuses; messages are not looked into.
pub(super) fn checked(answer: Value) -> redis::RedisResult<Value> {
    match answer {
        refused @ Value::ServerError(_) => refused.extract_error(),
        answer => Ok(answer),
    }
}

pub(super) fn silent(patience: Duration) -> String {
    format!("it has not answered within {patience:?}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_grow_to_five_seconds() {
        let (seam, mut backoff) = (Seam::default(), Backoff::new());
        let waits: Vec<_> = (0..12).map(|_| backoff.next(&seam)).collect();
        assert!(
            waits[0] >= FIRST_WAIT / 2 && waits[0] <= FIRST_WAIT,
            "{waits:?}"
        );
        assert!(
            waits[11] >= LONGEST_WAIT / 2 && waits[11] <= LONGEST_WAIT,
            "{waits:?}"
        );
    }
}
