//! The task that takes the messages of one subscription from the connection.
//!
//! Invariant: it never waits for the subscriber, so the client's own queue, which drops without a word, is never full. Before it
//! ends by wish the server has stopped sending, and all that it had sent is in the inbox.

use std::future::poll_fn;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use async_nats::Subscriber;
use futures_core::Stream;
use tokio::sync::mpsc;

use super::form;
use super::inbox::{Entry, Inbox, Wish};
use super::link::Link;
use crate::error::Error;

/// How many messages are moved at once, and how many bytes of them; then the subscriber has a turn, so that what is read in one go is
/// not too much for its bounds.
const AT_ONCE: usize = 128;
const BYTES_AT_ONCE: usize = 1 << 20;

/// Ends a subscription at the server and leaves it at the client, so that what is on its way still comes.
///
/// `UNSUB <sid> <max>` ends a subscription after `max` messages. A number of more than nine digits is none to nats-server (`parseSize`
/// in `server/util.go`, unchanged since its first version), which then ends the subscription at once, while the client waits for
/// that many. The client's own `drain` waits for no answer, and loses what is on its way. A server that counts as far as that goes on
/// until the pump has ended.
const AT_ONCE_AT_THE_SERVER: u64 = u64::MAX;

/// The messages of one subscription, on their way.
struct Pump {
    from: Subscriber,
    inbox: Arc<Inbox>,
    batch: Vec<Entry>,
}

/// Moves what comes `from` the connection into `inbox` until the subscriber wants no more or the broker lets go; `_held` is held as
/// long as that takes.
pub(super) async fn run(
    from: Subscriber,
    inbox: Arc<Inbox>,
    link: Arc<Link>,
    _held: mpsc::Sender<()>,
) {
    let mut pump = Pump {
        from,
        inbox: inbox.clone(),
        batch: Vec::with_capacity(AT_ONCE),
    };
    let broken = tokio::select! {
        biased;
        () = inbox.leaving.notified() => false,
        () = link.closing() => false,
        () = pump.broken() => true,
    };
    let end = if broken {
        Err(Error::unavailable("the client's connection has ended"))
    } else {
        pump.drain(&link).await;
        Ok(())
    };
    drop(pump);
    inbox.end(end);
}

impl Pump {
    /// Has all that was sent to the subscription until now in the inbox, and nothing more is sent.
    async fn drain(&mut self, link: &Link) {
        if self.inbox.wish() == Wish::Nothing {
            return;
        }
        // What the client cannot be told any more it cannot be sent either.
        let _ = self.from.unsubscribe_after(AT_ONCE_AT_THE_SERVER).await;
        tokio::select! {
            biased;
            () = link.known_or_lost() => {}
            () = self.broken() => {}
        }
        // What the server had sent has come before its answer; a task that has used up its turn would not see all of it.
        while let Poll::Ready(Some(_)) =
            tokio::task::unconstrained(poll_fn(|cx| Poll::Ready(self.poll_some(cx)))).await
        {
            tokio::task::yield_now().await;
        }
    }

    /// Moves messages until the client has none for it any more.
    async fn broken(&mut self) {
        while let Some(more) = poll_fn(|cx| self.poll_some(cx)).await {
            if more {
                tokio::task::yield_now().await;
            }
        }
    }

    /// Moves what has come; ready with whether it is as much as may be moved at once, and with `None` when no more will come.
    fn poll_some(&mut self, cx: &mut Context<'_>) -> Poll<Option<bool>> {
        let (mut last, mut bytes) = (Poll::Ready(Some(true)), 0);
        while self.batch.len() < AT_ONCE && bytes < BYTES_AT_ONCE {
            match Pin::new(&mut self.from).poll_next(cx) {
                Poll::Ready(Some(message)) => {
                    bytes += message.payload.len();
                    self.take(message);
                }
                Poll::Ready(None) => {
                    last = Poll::Ready(None);
                    break;
                }
                Poll::Pending => {
                    last = Poll::Pending;
                    break;
                }
            }
        }
        if self.batch.is_empty() {
            return last;
        }
        self.inbox.put(&mut self.batch);
        Poll::Ready(Some(last.is_ready()))
    }

    /// Reads a message; one that is none is told and dropped.
    fn take(&mut self, message: async_nats::Message) {
        let inbox = &self.inbox;
        let topic = &inbox.topic;
        match form::decode(&message.payload) {
            Ok(read) => {
                let topic = if message.subject.as_str() == &**topic {
                    topic.clone()
                } else {
                    message.subject.as_str().into()
                };
                let delivery = inbox.delivery(topic, read);
                self.batch.push((delivery, message.payload.len()));
            }
            Err(error) => tracing::warn!(
                "Broker [nats] drops a message of topic {topic} that cannot be read: {error:?}"
            ),
        }
    }
}
