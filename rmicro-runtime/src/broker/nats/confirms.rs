//! Proof that the server has worked off what it was sent: the answer to a message that the client sends to itself, an echo.
//!
//! Invariant: one echo is under way at a time, for all who were waiting when it left, so many publishers cost one round trip. Whoever
//! finds none under way sends one together with its own message, so that a single publisher waits for nobody else.

use std::future::poll_fn;
use std::pin::pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::Poll;

use async_nats::{Client, Statistics, Subject};
use bytes::Bytes;
use tokio::sync::{Notify, oneshot};

use super::refusals::Refusals;
use crate::error::{Error, Result};

/// Those who wait for proof.
pub(super) struct Confirms {
    client: Client,
    statistics: Arc<Statistics>,
    /// Where the echoes go.
    pub(super) subject: Subject,
    state: Mutex<State>,
    /// Whether the client is gone, so that nobody gets proof any more; it is set while `state` is locked.
    ended: AtomicBool,
    /// Wakes the task that listens when it has something to do.
    pub(super) call: Notify,
}

#[derive(Default)]
struct State {
    /// Whoever the next echo is for.
    waiting: Vec<Waiter>,
    /// Whoever the echo is for that is under way.
    covered: Vec<Waiter>,
    phase: Phase,
    /// How many echoes have left.
    number: u64,
    /// Whether the echo under way found no room, so that whoever listens has to send it.
    unsent: bool,
    /// Whether whoever listens looks at the connection now and then.
    watched: bool,
}

/// Who sends the next echo.
#[derive(Clone, Copy, Default)]
enum Phase {
    /// The next one who waits.
    #[default]
    Idle,
    /// Whoever listens, when those who were told have had a turn.
    Gathering,
    /// One is under way.
    Out(Out),
}

/// An echo under way.
#[derive(Clone, Copy)]
pub(super) struct Out {
    number: u64,
    /// On which connection it left.
    pub(super) connection: u64,
}

/// Somebody who wants proof.
pub(super) struct Waiter {
    /// Which connection it sent on.
    pub(super) connection: u64,
    pub(super) told: oneshot::Sender<Result<Refusals>>,
}

impl Confirms {
    /// Nobody waits; echoes go to `subject`.
    pub(super) fn new(client: Client, subject: Subject) -> Self {
        Self {
            statistics: client.statistics(),
            client,
            subject,
            state: Mutex::default(),
            ended: AtomicBool::new(false),
            call: Notify::new(),
        }
    }

    /// Which connection the client has: how often it has connected.
    pub(super) fn connection(&self) -> u64 {
        self.statistics.connects.load(Ordering::SeqCst)
    }

    /// Whether the client is gone.
    pub(super) fn have_ended(&self) -> bool {
        self.ended.load(Ordering::Acquire)
    }

    /// Waits until the server has worked off what was sent on `connection` before this call; gives what it has refused lately.
    ///
    /// Dropping the future leaves the echo to the others.
    pub(super) async fn proof(&self, connection: u64) -> Result<Refusals> {
        let (told, proof) = oneshot::channel();
        if self.wait(Waiter { connection, told })? {
            self.lead().await;
        }
        proof.await.unwrap_or_else(|_| Err(let_go()))
    }

    /// Has `waiter` wait; says whether an echo has to leave for it.
    fn wait(&self, waiter: Waiter) -> Result<bool> {
        let mut state = self.lock();
        if self.have_ended() {
            return Err(let_go());
        }
        state.waiting.push(waiter);
        let leads = matches!(state.phase, Phase::Idle);
        if leads {
            state.begin(self.connection());
        }
        Ok(leads)
    }

    /// Sends the echo that has begun, or has it sent; it never waits, so nobody can be cut between.
    async fn lead(&self) {
        let number = self.lock().number;
        let sent = at_once(|| self.echo(number)).await;
        let mut state = self.lock();
        // What another one could not send meanwhile is still to be sent.
        state.unsent |= sent.is_pending();
        // One that cannot be sent any more is told by the end of what is heard.
        if state.unsent || !std::mem::replace(&mut state.watched, true) {
            drop(state);
            self.call.notify_one();
        }
    }

    /// Sends an echo; `false` where the client is gone.
    async fn echo(&self, number: u64) -> bool {
        let payload = Bytes::copy_from_slice(&number.to_be_bytes());
        let sent = self.client.publish(self.subject.clone(), payload).await;
        sent.is_ok()
    }
}

/// What the task that listens does.
impl Confirms {
    /// Sends the echo that found no room, if there is one.
    pub(super) async fn send_unsent(&self) {
        let number = {
            let mut state = self.lock();
            std::mem::take(&mut state.unsent).then_some(state.number)
        };
        if let Some(number) = number {
            self.echo(number).await;
        }
    }

    /// The echo under way.
    pub(super) fn out(&self) -> Option<Out> {
        match self.lock().phase {
            Phase::Out(out) => Some(out),
            Phase::Idle | Phase::Gathering => None,
        }
    }

    /// Says that nobody looks at the connection until it is called; `false` where somebody waits for an echo.
    pub(super) fn rest(&self) -> bool {
        let mut state = self.lock();
        let idle = matches!(state.phase, Phase::Idle);
        state.watched &= !idle;
        idle
    }

    /// Takes those whom the echo was for. The next one leaves at once if as many wait for it already; otherwise nobody sends one
    /// before [`go_on`](Self::go_on).
    pub(super) async fn arrived(&self) -> Vec<Waiter> {
        let (covered, enough) = {
            let mut state = self.lock();
            state.phase = Phase::Gathering;
            let covered = std::mem::take(&mut state.covered);
            let enough = state.waiting.len() >= covered.len();
            (covered, enough)
        };
        if enough {
            self.next(Phase::Gathering).await;
        }
        covered
    }

    /// Sends an echo for those who wait, or leaves that to the next one.
    pub(super) async fn go_on(&self) {
        self.next(Phase::Idle).await;
    }

    /// Nobody gets proof any more.
    pub(super) fn end(&self) {
        let mut state = self.lock();
        self.ended.store(true, Ordering::Release);
        state.waiting.clear();
        state.covered.clear();
    }

    async fn next(&self, otherwise: Phase) {
        let number = {
            let mut state = self.lock();
            if matches!(state.phase, Phase::Out(_)) {
                return;
            }
            if state.waiting.is_empty() {
                state.phase = otherwise;
                return;
            }
            state.begin(self.connection());
            state.number
        };
        self.echo(number).await;
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    /// An echo leaves for all who wait.
    fn begin(&mut self, connection: u64) {
        self.number += 1;
        self.covered = std::mem::take(&mut self.waiting);
        self.phase = Phase::Out(Out {
            number: self.number,
            connection,
        });
    }
}

impl Out {
    /// Whether `payload` is that of this echo, and not of one that was given up.
    pub(super) fn is(&self, payload: &[u8]) -> bool {
        payload == self.number.to_be_bytes()
    }
}

/// What the future that `make` makes gives at once. Where it would have to wait it is dropped; it takes no room in the caller's.
pub(super) async fn at_once<F: Future>(make: impl FnOnce() -> F) -> Poll<F::Output> {
    let mut make = Some(make);
    poll_fn(|cx| match make.take() {
        Some(make) => Poll::Ready(pin!(make()).poll(cx)),
        None => Poll::Ready(Poll::Pending),
    })
    .await
}

/// What is said when the client is gone.
pub(super) fn let_go() -> Error {
    Error::unavailable("the connection has ended: the message may have been delivered or not")
}
