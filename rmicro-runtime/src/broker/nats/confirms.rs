//! Proof that the server has worked off what it was sent: the answer to a message that the client sends to itself.
//!
//! Invariant: one such message is under way at a time, for all who were waiting when it left, so many publishers cost one round
//! trip. Whoever waits across two connections gets no proof: what was sent on the first may be lost, and what comes back on the
//! second says nothing of it.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use async_nats::{Client, Subscriber};
use bytes::Bytes;
use futures_core::Stream;
use tokio::sync::{Notify, oneshot};

use super::health::{self, Health};
use crate::error::{Error, Result};
use crate::seam::Clock;

/// How often the connection is looked at while nothing is heard of it.
const LOOK: Duration = Duration::from_millis(250);

/// Those who wait for proof.
#[derive(Default)]
pub(super) struct Confirms {
    state: Mutex<State>,
    more: Notify,
}

#[derive(Default)]
struct State {
    waiting: Vec<Waiter>,
    /// Whether the client is gone, so that nobody gets proof any more.
    ended: bool,
}

struct Waiter {
    /// Which connection it sent on.
    connection: u64,
    wish: Option<Wish>,
    told: oneshot::Sender<Result<()>>,
}

/// What somebody wants of the server, which may forbid it.
pub(super) enum Wish {
    Publish(String),
    Subscribe(String),
}

/// How a round ended.
enum Round {
    /// The server has worked off what was sent on this connection.
    Confirmed(u64),
    /// The connection broke meanwhile.
    Broken,
    /// The server does not let the client speak to itself, and said so.
    Refused(Arc<str>),
    /// The client is gone.
    Gone,
}

/// What confirms: the client's subscription to itself.
pub(super) struct Echo {
    pub(super) client: Client,
    pub(super) subject: String,
    pub(super) heard: Subscriber,
    pub(super) health: Health,
    pub(super) clock: Clock,
}

impl Confirms {
    /// Waits until the server has worked off what was sent on `connection` before this call, and has not refused the `wish`.
    pub(super) async fn proof(&self, connection: u64, wish: Option<Wish>) -> Result<()> {
        let (told, proof) = oneshot::channel();
        {
            let mut state = self.lock();
            if state.ended {
                return Err(let_go());
            }
            state.waiting.push(Waiter {
                connection,
                wish,
                told,
            });
        }
        self.more.notify_one();
        proof.await.unwrap_or_else(|_| Err(let_go()))
    }

    /// Whether the client is gone.
    pub(super) fn have_ended(&self) -> bool {
        self.lock().ended
    }

    /// Gives proof to those who wait, until the client is gone.
    pub(super) async fn serve(self: Arc<Self>, mut echo: Echo) {
        for number in 1_u64.. {
            let there = tokio::select! {
                biased;
                () = self.more.notified() => true,
                // A round that was given up may still be heard.
                there = echo.silence() => there,
            };
            if !there {
                break;
            }
            let waiting = std::mem::take(&mut self.lock().waiting);
            if waiting.is_empty() {
                continue;
            }
            let round = echo.round(number).await;
            // The server refuses before it answers, but the client tells that by a task of its own, which has its turn here; where
            // it is late all the same, the log alone has the refusal.
            tokio::task::yield_now().await;
            let refusals = echo.health.take_refusals();
            for Waiter {
                connection,
                wish,
                told,
            } in waiting
            {
                let proof = round.proof(connection);
                // Whoever has given up needs no proof.
                let _ = told.send(proof.and_then(|()| Wish::granted(wish, &refusals)));
            }
            if matches!(round, Round::Gone) {
                break;
            }
        }
        let mut state = self.lock();
        state.ended = true;
        state.waiting.clear();
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Wish {
    /// An error where one of `refusals` is about this.
    fn granted(wish: Option<Self>, refusals: &[Arc<str>]) -> Result<()> {
        let Some(wish) = wish.filter(|_| !refusals.is_empty()) else {
            return Ok(());
        };
        // In the server's words (nats-server `server/client.go`, `pubPermissionViolation` and `subPermissionViolation`).
        let said = match wish {
            Self::Publish(subject) => format!("Violation for Publish to \"{subject}\""),
            Self::Subscribe(subject) => format!("Violation for Subscription to \"{subject}\""),
        };
        match refusals.iter().find(|refusal| refusal.contains(&said)) {
            Some(refusal) => Err(Error::permission_denied(format!(
                "the server does not allow it: {refusal}"
            ))),
            None => Ok(()),
        }
    }
}

impl Round {
    /// What it says to whoever has sent on `connection`.
    fn proof(&self, connection: u64) -> Result<()> {
        match self {
            Self::Confirmed(on) if *on == connection => Ok(()),
            Self::Confirmed(_) | Self::Broken => Err(Error::unavailable(
                "the connection broke before the server confirmed: the message may have been delivered or not",
            )),
            Self::Refused(refusal) => Err(Error::permission_denied(format!(
                "the server allows no confirmations: {refusal}; allow this user to publish and subscribe to _INBOX.>"
            ))),
            Self::Gone => Err(let_go()),
        }
    }
}

impl Echo {
    /// Ready with `false` when the client is gone, and with `true` when something old was heard.
    async fn silence(&mut self) -> bool {
        next(&mut self.heard).await.is_some()
    }

    /// Sends message `number` and waits for it; gives how that ended.
    async fn round(&mut self, number: u64) -> Round {
        let mut health = self.health.watch();
        let begun = connection(&self.client);
        let payload = Bytes::copy_from_slice(&number.to_be_bytes());
        let sent = self.client.publish(self.subject.clone(), payload.clone());
        if sent.await.is_err() {
            return Round::Gone;
        }
        loop {
            let limit = self.clock.now().after(LOOK);
            let heard = async {
                tokio::select! {
                    biased;
                    heard = next(&mut self.heard) => Some(heard),
                    _ = health.changed() => None,
                }
            };
            match self.clock.until(limit, heard).await.flatten() {
                Some(Some(heard)) if heard == payload => break,
                Some(Some(_)) => {} // Of a round that was given up.
                Some(None) => return Round::Gone,
                None => {
                    if let Some(broken) = self.broken(&health.borrow_and_update(), begun) {
                        return broken;
                    }
                }
            }
        }
        Round::Confirmed(connection(&self.client))
    }

    /// How the round that has `begun` on this connection ended, where no answer will come.
    fn broken(&self, state: &health::State, begun: u64) -> Option<Round> {
        if let Some(refusal) = &state.refusal
            && refusal.contains(&self.subject)
        {
            return Some(Round::Refused(refusal.clone()));
        }
        (state.lost || connection(&self.client) != begun).then_some(Round::Broken)
    }
}

/// Which connection `client` has: how often it has connected.
pub(super) fn connection(client: &Client) -> u64 {
    let statistics = client.statistics();
    statistics
        .connects
        .load(std::sync::atomic::Ordering::SeqCst)
}

async fn next(heard: &mut Subscriber) -> Option<Bytes> {
    let mut heard = std::pin::pin!(heard);
    let next = std::future::poll_fn(|cx| heard.as_mut().poll_next(cx)).await;
    next.map(|message| message.payload)
}

/// What is said when the client is gone.
pub(super) fn let_go() -> Error {
    Error::unavailable("the connection has ended: the message may have been delivered or not")
}
