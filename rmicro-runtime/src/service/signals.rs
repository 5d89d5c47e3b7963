//! The signals that end a service.

use tokio::sync::watch;
use tokio::task::JoinSet;

use crate::error::{Error, Result};

/// Counts the signals to end; the counting ends when it is dropped.
#[derive(Debug)]
pub(super) struct Signals {
    count: watch::Receiver<usize>,
    _task: JoinSet<()>,
}

impl Signals {
    /// Takes SIGINT and SIGTERM, Ctrl-C where there are no signals, from now on until the process
    /// ends.
    pub(super) fn listen() -> Result<Self> {
        let mut next = next().map_err(|error| {
            Error::internal("the process's signals cannot be listened to").source(error)
        })?;
        let (counter, count) = watch::channel(0);
        let mut task = JoinSet::new();
        task.spawn(async move {
            loop {
                next.recv().await;
                counter.send_modify(|count| *count += 1);
            }
        });
        Ok(Self { count, _task: task })
    }

    /// How many have come.
    pub(super) fn count(&self) -> watch::Receiver<usize> {
        self.count.clone()
    }
}

/// Waits until `nth` signals have come; forever when none can come any more.
pub(super) async fn arrived(mut signals: watch::Receiver<usize>, nth: usize) {
    if signals.wait_for(|count| *count >= nth).await.is_err() {
        std::future::pending().await
    }
}

#[cfg(unix)]
fn next() -> std::io::Result<Next> {
    use tokio::signal::unix::{SignalKind, signal};
    Ok(Next {
        interrupt: signal(SignalKind::interrupt())?,
        terminate: signal(SignalKind::terminate())?,
    })
}

#[cfg(unix)]
struct Next {
    interrupt: tokio::signal::unix::Signal,
    terminate: tokio::signal::unix::Signal,
}

#[cfg(unix)]
impl Next {
    async fn recv(&mut self) {
        tokio::select! {
            biased;
            _ = self.terminate.recv() => {}
            _ = self.interrupt.recv() => {}
        }
    }
}

#[cfg(not(unix))]
fn next() -> std::io::Result<Next> {
    Ok(Next)
}

#[cfg(not(unix))]
struct Next;

#[cfg(not(unix))]
impl Next {
    async fn recv(&mut self) {
        if tokio::signal::ctrl_c().await.is_err() {
            std::future::pending().await
        }
    }
}
