//! The task of a connection.

use std::future::poll_fn;
use std::pin::Pin;
use std::sync::{Arc, Weak};
use std::task::{Context, Poll, ready};

use super::H2Connection;
use super::connection::Link;
use super::dirty::DirtyList;
use super::keep_alive::KeepAlive;
use super::outgoing::Outgoing;
use super::places::Places;

/// What the task of a connection owns.
pub(super) struct Driver {
    connection: H2Connection,
    link: Weak<Link>,
    places: Arc<Places>,
    dirty: Arc<DirtyList>,
    keep_alive: Option<KeepAlive>,
    /// Kept for its room.
    drained: Vec<Arc<Outgoing>>,
}

impl Driver {
    pub(super) fn new(
        connection: H2Connection,
        link: Weak<Link>,
        places: Arc<Places>,
        dirty: Arc<DirtyList>,
        keep_alive: Option<KeepAlive>,
    ) -> Self {
        Self {
            connection,
            link,
            places,
            dirty,
            keep_alive,
            drained: Vec::new(),
        }
    }

    /// Moves the bytes of a connection until nobody can use it any more.
    ///
    /// Each time it is woken it goes once to the back of the run queue: those who run before it hand over what they have, and all of
    /// it leaves in one write.
    pub(super) async fn run(mut self) {
        let mut is_turn = false;
        poll_fn(|cx| {
            if !std::mem::replace(&mut is_turn, true) {
                cx.waker().wake_by_ref();
                return Poll::Pending;
            }
            is_turn = false;
            self.poll(cx)
        })
        .await;
    }

    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        self.dirty.take(cx.waker(), &mut self.drained);
        for stream in self.drained.drain(..) {
            stream.pump();
        }
        let ended = Pin::new(&mut self.connection).poll(cx);
        // Only here can a GOAWAY or new SETTINGS have come in.
        if let Some(link) = self.link.upgrade() {
            link.refresh();
        }
        if let Poll::Ready(ended) = ended {
            if let Err(error) = ended {
                tracing::debug!(%error, "a gRPC connection ended");
            }
            return Poll::Ready(());
        }
        let Some(keep_alive) = &mut self.keep_alive else {
            return Poll::Pending;
        };
        ready!(keep_alive.poll(cx, self.places.any_taken()));
        self.places.give_up();
        Poll::Ready(())
    }
}

impl Drop for Driver {
    /// Runs before h2's connection is dropped, whose last wakes then find the list closed.
    fn drop(&mut self) {
        self.places.close();
        for stream in self.dirty.close() {
            stream.cut();
        }
    }
}
