//! Proof that the server has worked off what it was sent: the answer to a message that the client sends to itself.
//!
//! Invariant: one such message is under way at a time, for all who were waiting when it left, so many publishers cost one round
//! trip. Whoever waits across two connections gets no proof: what was sent on the first may be lost, and what comes back on the
//! second says nothing of it.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use async_nats::{Client, Statistics, Subject, Subscriber};
use bytes::Bytes;
use futures_core::Stream;
use tokio::sync::{Notify, oneshot, watch};

use super::health::{self, Health};
use crate::error::{Error, Result};
use crate::seam::{Clock, Sleep};

/// How often the connection is looked at while nothing is heard of it.
const LOOK: Duration = Duration::from_millis(250);

/// Those who wait for proof.
#[derive(Default)]
pub(super) struct Confirms {
    waiting: Mutex<Vec<Waiter>>,
    more: Notify,
    /// Whether the client is gone, so that nobody gets proof any more; it is set while `waiting` is locked.
    ended: AtomicBool,
}

struct Waiter {
    /// Which connection it sent on.
    connection: u64,
    told: oneshot::Sender<Result<Refusals>>,
}

/// What the server has refused since it was proved something last, in its own words; nothing in the usual case.
#[derive(Clone, Default)]
pub(super) struct Refusals(Option<Arc<[Arc<str>]>>);

/// What somebody wants of the server, which may forbid it.
#[derive(Clone, Copy)]
pub(super) enum Wish<'a> {
    Publish(&'a str),
    Subscribe(&'a str),
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
    pub(super) statistics: Arc<Statistics>,
    pub(super) subject: Subject,
    pub(super) heard: Subscriber,
    pub(super) health: Health,
    pub(super) clock: Clock,
}

impl Confirms {
    /// Waits until the server has worked off what was sent on `connection` before this call.
    pub(super) async fn proof(&self, connection: u64) -> Result<Refusals> {
        let (told, proof) = oneshot::channel();
        {
            let mut waiting = self.lock();
            if self.have_ended() {
                return Err(let_go());
            }
            waiting.push(Waiter { connection, told });
        }
        self.more.notify_one();
        proof.await.unwrap_or_else(|_| Err(let_go()))
    }

    /// Whether the client is gone.
    pub(super) fn have_ended(&self) -> bool {
        self.ended.load(Ordering::Acquire)
    }

    /// Gives proof to those who wait, until the client is gone.
    pub(super) async fn serve(self: Arc<Self>, mut echo: Echo) {
        let mut signs = Signs::new(&echo);
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
            let waiting = std::mem::take(&mut *self.lock());
            if waiting.is_empty() {
                continue;
            }
            let round = echo.round(number, &mut signs).await;
            // The server refuses before it answers, but the client tells that by a task of its own, which has its turn here; where
            // it is late all the same, the log alone has the refusal.
            tokio::task::yield_now().await;
            let refusals = Refusals::new(echo.health.take_refusals());
            for Waiter { connection, told } in waiting {
                // Whoever has given up needs no proof.
                let _ = told.send(round.proof(connection).map(|()| refusals.clone()));
            }
            if matches!(round, Round::Gone) {
                break;
            }
        }
        let mut waiting = self.lock();
        self.ended.store(true, Ordering::Release);
        waiting.clear();
    }

    fn lock(&self) -> MutexGuard<'_, Vec<Waiter>> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Refusals {
    fn new(refusals: Vec<Arc<str>>) -> Self {
        Self((!refusals.is_empty()).then(|| refusals.into()))
    }

    /// An error where one of them is about `wish`.
    pub(super) fn grant(&self, wish: Wish<'_>) -> Result<()> {
        let Some(refusals) = &self.0 else {
            return Ok(());
        };
        // In the server's words (nats-server `server/client.go`, `pubPermissionViolation` and `subPermissionViolation`).
        let said = match wish {
            Wish::Publish(subject) => format!("Violation for Publish to \"{subject}\""),
            Wish::Subscribe(subject) => format!("Violation for Subscription to \"{subject}\""),
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
    async fn round(&mut self, number: u64, signs: &mut Signs) -> Round {
        signs.begin();
        let begun = connection(&self.statistics);
        let payload = Bytes::copy_from_slice(&number.to_be_bytes());
        let sent = self.client.publish(self.subject.clone(), payload.clone());
        if sent.await.is_err() {
            return Round::Gone;
        }
        loop {
            let heard = tokio::select! {
                biased;
                heard = next(&mut self.heard) => Some(heard),
                () = signs.next() => None,
            };
            match heard {
                Some(Some(heard)) if heard == payload => break,
                Some(Some(_)) => {} // Of a round that was given up.
                Some(None) => return Round::Gone,
                None => {
                    if let Some(broken) = self.broken(&signs.health.borrow_and_update(), begun) {
                        return broken;
                    }
                }
            }
        }
        Round::Confirmed(connection(&self.statistics))
    }

    /// How the round that has `begun` on this connection ended, where no answer will come.
    fn broken(&self, state: &health::State, begun: u64) -> Option<Round> {
        if let Some(refusal) = &state.refusal
            && refusal.contains(&*self.subject)
        {
            return Some(Round::Refused(refusal.clone()));
        }
        (state.lost || connection(&self.statistics) != begun).then_some(Round::Broken)
    }
}

/// When to look whether the connection broke: when the client tells something of it, and now and then.
struct Signs {
    health: watch::Receiver<health::State>,
    clock: Clock,
    /// It goes on from one round to the next, so that many rounds cost one timer.
    look: Option<Sleep>,
}

impl Signs {
    fn new(echo: &Echo) -> Self {
        Self {
            health: echo.health.watch(),
            clock: echo.clock,
            look: None,
        }
    }

    /// What was told until now is no sign.
    fn begin(&mut self) {
        self.health.mark_unchanged();
    }

    /// Waits until the connection should be looked at; cancel safe.
    async fn next(&mut self) {
        let look = self.look.get_or_insert_with(|| self.clock.sleep(LOOK));
        tokio::select! {
            biased;
            _ = self.health.changed() => {}
            () = look => self.look = None,
        }
    }
}

/// Which connection a client has: how often it has connected.
pub(super) fn connection(statistics: &Statistics) -> u64 {
    statistics.connects.load(Ordering::SeqCst)
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
