//! What has come for one subscription and was not pulled, between the task that takes it from the connection and its subscriber.
//!
//! Invariant: it holds so many messages and bytes at most; what comes then is dropped, counted, and told once until the subscriber
//! has caught up.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};

use tokio::sync::Notify;

use super::config::NatsConfig;
use crate::broker::{Ack, Delivery, Message, Settle, Settled, Source, Topic, Verdict};
use crate::call::BoxFuture;
use crate::error::{Error, Result};

/// A message, and how many bytes it was on the wire.
pub(super) type Entry = (Delivery, usize);

/// What has come for one subscription.
pub(super) struct Inbox {
    pub(super) topic: Arc<str>,
    settle: Option<Arc<dyn Settle>>,
    state: Mutex<State>,
    /// Wakes the task that fills it when the subscriber wants no more.
    pub(super) leaving: Notify,
    pending_messages: usize,
    pending_bytes: usize,
    dropped: Arc<AtomicU64>,
}

#[derive(Default)]
struct State {
    queue: VecDeque<Delivery>,
    bytes: usize,
    /// How many were dropped since the subscriber has caught up.
    dropped: u64,
    subscriber: Option<Waker>,
    wish: Wish,
    end: Option<Result<()>>,
}

/// What the subscriber wants.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default, Debug)]
pub(super) enum Wish {
    /// All that comes.
    #[default]
    More,
    /// What has been sent to it, and then the end.
    Rest,
    /// Nothing; it is gone.
    Nothing,
}

/// The subscriber's end.
pub(super) struct Inlet {
    inbox: Arc<Inbox>,
}

/// Says what NATS cannot.
struct Refuses;

impl Inbox {
    /// A message that has come, as its subscriber gets it.
    pub(super) fn delivery(&self, topic: Arc<str>, message: Message) -> Delivery {
        let delivery = Delivery::new(topic, message);
        match &self.settle {
            Some(settle) => delivery.with_settle(settle.clone(), 0),
            None => delivery,
        }
    }

    /// Puts in what has come.
    pub(super) fn put(&self, entries: &mut Vec<Entry>) {
        let mut state = self.lock();
        for (delivery, length) in entries.drain(..) {
            let full = state.queue.len() >= self.pending_messages
                || state.bytes.saturating_add(length) > self.pending_bytes;
            if full && !state.queue.is_empty() {
                self.drop_one(&mut state);
            } else {
                state.bytes += length;
                state.queue.push_back(delivery);
            }
        }
        wake(state);
    }

    /// Says that nothing more will come: as it was wished, or by an error.
    pub(super) fn end(&self, end: Result<()>) {
        let mut state = self.lock();
        state.end.get_or_insert(end);
        wake(state);
    }

    /// What the subscriber wants.
    pub(super) fn wish(&self) -> Wish {
        self.lock().wish
    }

    fn drop_one(&self, state: &mut State) {
        if state.dropped == 0 {
            let (topic, waiting) = (&self.topic, state.queue.len());
            tracing::warn!(
                "Broker [nats] drops messages of topic {topic}: {waiting} wait for a subscriber that is too slow"
            );
        }
        state.dropped += 1;
        self.dropped.fetch_add(1, Ordering::Relaxed);
    }

    /// Changes what the subscriber wants; nothing is taken back.
    fn change(&self, wish: Wish) {
        let mut state = self.lock();
        if wish > state.wish {
            state.wish = wish;
            drop(state);
            self.leaving.notify_one();
        }
    }

    /// Swaps what has come for `taken`, which is empty; ready with whether there was anything.
    fn poll_take(&self, cx: &Context<'_>, taken: &mut VecDeque<Delivery>) -> Poll<Result<bool>> {
        let mut state = self.lock();
        if state.queue.is_empty() {
            let Some(end) = state.end.take() else {
                wait(&mut state, cx);
                return Poll::Pending;
            };
            // An error is said once.
            state.end = Some(Ok(()));
            return Poll::Ready(end.map(|()| false));
        }
        std::mem::swap(&mut state.queue, taken);
        state.bytes = 0;
        let dropped = std::mem::take(&mut state.dropped);
        drop(state);
        if dropped > 0 {
            let topic = &self.topic;
            tracing::warn!(
                "Broker [nats] has dropped {dropped} messages of topic {topic}; its subscriber has caught up"
            );
        }
        Poll::Ready(Ok(true))
    }

    /// Ready when nothing more will come.
    fn poll_end(&self, cx: &Context<'_>) -> Poll<()> {
        let mut state = self.lock();
        if state.end.is_some() {
            return Poll::Ready(());
        }
        wait(&mut state, cx);
        Poll::Pending
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn wait(state: &mut State, cx: &Context<'_>) {
    match &mut state.subscriber {
        Some(waker) => waker.clone_from(cx.waker()),
        None => state.subscriber = Some(cx.waker().clone()),
    }
}

/// Wakes the subscriber when the lock is open.
fn wake(mut state: MutexGuard<'_, State>) {
    let waker = state.subscriber.take();
    drop(state);
    if let Some(waker) = waker {
        waker.wake();
    }
}

impl Inlet {
    /// The end of a subscriber who has asked for `topic`; what is dropped is counted in `dropped`.
    pub(super) fn new(topic: &Topic, config: &NatsConfig, dropped: Arc<AtomicU64>) -> Self {
        let refuses = || Arc::new(Refuses) as Arc<dyn Settle>;
        Self {
            inbox: Arc::new(Inbox {
                topic: topic.name().clone(),
                settle: (topic.acked() == Ack::OnSuccess).then(refuses),
                state: Mutex::default(),
                leaving: Notify::new(),
                pending_messages: config.pending_messages,
                pending_bytes: config.pending_bytes,
                dropped,
            }),
        }
    }

    /// The other end.
    pub(super) fn inbox(&self) -> &Arc<Inbox> {
        &self.inbox
    }
}

impl Source for Inlet {
    fn poll_deliveries(
        &mut self,
        cx: &mut Context<'_>,
        ready: &mut VecDeque<Delivery>,
    ) -> Poll<Result<bool>> {
        self.inbox.poll_take(cx, ready)
    }

    fn poll_unsubscribe(&mut self, cx: &mut Context<'_>) -> Poll<Result<()>> {
        self.inbox.change(Wish::Rest);
        self.inbox.poll_end(cx).map(Ok)
    }
}

impl Drop for Inlet {
    fn drop(&mut self) {
        self.inbox.change(Wish::Nothing);
    }
}

impl Settle for Refuses {
    fn settle(&self, settled: Settled) -> Option<BoxFuture<'static, Result<()>>> {
        let refused = || async {
            let message = "broker nats takes no message back: it delivers each once";
            Err(Error::unimplemented(message))
        };
        (settled.verdict == Verdict::Requeue).then(|| Box::pin(refused()) as _)
    }
}
