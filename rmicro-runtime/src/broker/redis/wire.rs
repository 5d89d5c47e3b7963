//! One connection to the server.
//!
//! Invariant: who asks alone has his command in the connection by himself, without a task in between; of those who ask at the same
//! time nobody overtakes another.

use std::io;
use std::pin::pin;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::sync::{Arc, OnceLock};

use redis::aio::MultiplexedConnection;
use redis::{Cmd, RedisError, RedisResult, Value};

use super::link::{PATIENCE, checked, silent};
use super::post::Post;
use crate::seam::{Clock, Moment};

/// A connection.
pub(super) struct Wire {
    pub(super) connection: MultiplexedConnection,
    pub(super) born: Moment,
    /// For those who ask beside others; made for the first of them.
    post: OnceLock<Post>,
    /// How many ask by [`beside`](Self::beside).
    asking: AtomicUsize,
}

/// Somebody who asks.
struct Asking<'a>(&'a AtomicUsize);

impl Wire {
    pub(super) fn new(connection: MultiplexedConnection, born: Moment) -> Arc<Self> {
        Arc::new(Self {
            connection,
            born,
            post: OnceLock::new(),
            asking: AtomicUsize::new(0),
        })
    }

    /// What the server answers to `cmd`, which goes there together with those of others who ask at the same time.
    ///
    /// Who drops this before the command has left takes it along.
    pub(super) async fn beside(&self, cmd: Cmd, clock: Clock) -> RedisResult<Value> {
        let others = self.asking.fetch_add(1, Relaxed);
        let _asking = Asking(&self.asking);
        if others > 0 {
            let new = || Post::of(self.connection.clone(), clock);
            return self.post.get_or_init(new).ask(cmd).await;
        }
        let mut connection = self.connection.clone();
        let asking = pin!(connection.send_packed_command(&cmd));
        let answer = clock.until(clock.now().after(PATIENCE), asking).await;
        answer
            .unwrap_or_else(|| Err(unanswered()))
            .and_then(checked)
    }
}

impl Drop for Asking<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Relaxed);
    }
}

/// The server has not answered in time.
pub(super) fn unanswered() -> RedisError {
    io::Error::new(io::ErrorKind::TimedOut, silent(PATIENCE)).into()
}
