//! The task that listens for echoes and tells those who wait for them.
//!
//! Invariant: whoever waits across two connections gets no proof: what was sent on the first may be lost, and what comes back on the
//! second says nothing of it.

use std::future::poll_fn;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use async_nats::Subscriber;
use bytes::Bytes;
use futures_core::Stream;
use tokio::sync::watch;
use tokio::task::yield_now;

use super::confirms::{Confirms, Waiter};
use super::health::{self, Health};
use super::refusals::Refusals;
use crate::error::{Error, Result};
use crate::seam::{Clock, Sleep};

/// How often the connection is looked at while nothing is heard of it.
const LOOK: Duration = Duration::from_millis(250);

/// How many are told before the next echo leaves, for those of them who wait again by then; the others are told while it is under way.
const AT_ONCE: usize = 1024;

/// What listens.
pub(super) struct Echo {
    confirms: Arc<Confirms>,
    heard: Subscriber,
    health: Health,
    signs: Signs,
    /// What was refused while the echo before was under way: it may be about what the next one is for.
    refused: Vec<Arc<str>>,
}

/// When to look whether the connection broke: when the client tells something of it, and now and then.
struct Signs {
    health: watch::Receiver<health::State>,
    clock: Clock,
    /// Whether they are looked for; the task sleeps when nobody waits.
    on: bool,
    /// It goes on from one echo to the next, so that many cost one timer.
    look: Option<Sleep>,
}

/// How an echo ended.
enum End {
    /// The server has worked off what was sent on this connection.
    Confirmed(u64),
    /// The connection broke meanwhile.
    Broken,
    /// The server does not let the client speak to itself, and said so.
    Refused(Arc<str>),
}

impl Echo {
    /// Listens to `heard` for `confirms`.
    pub(super) fn new(
        confirms: Arc<Confirms>,
        heard: Subscriber,
        health: Health,
        clock: Clock,
    ) -> Self {
        Self {
            confirms,
            heard,
            signs: Signs {
                health: health.watch(),
                clock,
                on: false,
                look: None,
            },
            health,
            refused: Vec::new(),
        }
    }

    /// Gives proof to those who wait, until the client is gone.
    pub(super) async fn serve(mut self) {
        while let Some(end) = self.end().await {
            self.tell(&end).await;
        }
        self.confirms.end();
    }

    /// Waits for the end of an echo; `None` when the client is gone.
    async fn end(&mut self) -> Option<End> {
        loop {
            tokio::select! {
                biased;
                heard = next(&mut self.heard) => {
                    let payload = heard?;
                    if self.confirms.out().is_some_and(|out| out.is(&payload)) {
                        return Some(End::Confirmed(self.confirms.connection()));
                    }
                }
                () = self.confirms.call.notified() => {
                    self.signs.on = true;
                    self.confirms.send_unsent().await;
                }
                () = self.signs.next() => {
                    if let Some(end) = self.broken() {
                        return Some(end);
                    }
                }
            }
        }
    }

    /// How the echo that is under way ends, where it will not be heard.
    fn broken(&mut self) -> Option<End> {
        let Some(out) = self.confirms.out() else {
            self.signs.on = !self.confirms.rest();
            return None;
        };
        let state = self.signs.health.borrow_and_update();
        if let Some(refusal) = &state.refusal
            && refusal.contains(&*self.confirms.subject)
        {
            return Some(End::Refused(refusal.clone()));
        }
        let broken = state.lost || self.confirms.connection() != out.connection;
        broken.then_some(End::Broken)
    }

    /// Tells those whom the echo was for, and has the next one leave.
    async fn tell(&mut self, end: &End) {
        let covered = self.confirms.arrived().await;
        // The server refuses before it answers, but the client tells that by a task of its own, which has its turn here; where it is
        // late all the same, the log alone has the refusal.
        yield_now().await;
        let refused = self.health.take_refusals();
        let lately = [&self.refused[..], &refused[..]].concat();
        self.refused = refused;
        let refusals = Refusals::new(lately);
        let mut covered = covered.into_iter();
        // One who is alone sends the next echo with its next message.
        if covered.len() > 1 {
            // Of many the first one would send one for itself, and the others would wait for that, too.
            for waiter in covered.by_ref().take(AT_ONCE) {
                end.tell(waiter, &refusals);
            }
            yield_now().await;
        }
        self.confirms.go_on().await;
        for waiter in covered {
            end.tell(waiter, &refusals);
        }
    }
}

impl End {
    /// Tells `waiter`, unless it has given up.
    fn tell(&self, waiter: Waiter, refusals: &Refusals) {
        let proof = self.proof(waiter.connection);
        let _ = waiter.told.send(proof.map(|()| refusals.clone()));
    }

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
        }
    }
}

impl Signs {
    /// Waits until the connection should be looked at; cancel safe.
    async fn next(&mut self) {
        if !self.on {
            return std::future::pending().await;
        }
        let look = self.look.get_or_insert_with(|| self.clock.sleep(LOOK));
        tokio::select! {
            biased;
            _ = self.health.changed() => {}
            () = look => self.look = None,
        }
    }
}

async fn next(heard: &mut Subscriber) -> Option<Bytes> {
    let next = poll_fn(|cx| Pin::new(&mut *heard).poll_next(cx)).await;
    next.map(|message| message.payload)
}
