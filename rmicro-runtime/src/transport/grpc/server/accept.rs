//! The loop that accepts connections, and their end.

use std::fmt;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use tokio::sync::watch;
use tokio::task::{AbortHandle, JoinHandle, JoinSet};

use super::connection;
use crate::call::Routes;
use crate::seam::{Accept, Clock};
use crate::transport::Listener;
use crate::transport::grpc::Grpc;

/// What every connection of one listener needs.
#[derive(Clone)]
pub(super) struct Shared {
    pub(super) grpc: Grpc,
    pub(super) routes: Arc<dyn Routes>,
    pub(super) draining: watch::Receiver<bool>,
}

/// A listener whose connections live in one task; dropping it ends that task and cuts them.
pub(super) struct GrpcListener {
    address: String,
    clock: Clock,
    drain: watch::Sender<bool>,
    open: Arc<AtomicUsize>,
    accepting: AbortHandle,
    done: tokio::sync::Mutex<Option<JoinHandle<()>>>,
}

/// Serves what arrives at `socket` from now on.
pub(super) fn serve(
    grpc: Grpc,
    socket: Box<dyn Accept>,
    bound: SocketAddr,
    routes: Arc<dyn Routes>,
) -> GrpcListener {
    let (drain, draining) = watch::channel(false);
    let (clock, open) = (grpc.seam.clock, Arc::new(AtomicUsize::new(0)));
    let shared = Shared {
        grpc,
        routes,
        draining,
    };
    let task = tokio::spawn(accept(shared, socket, open.clone()));
    GrpcListener {
        address: bound.to_string(),
        clock,
        drain,
        open,
        accepting: task.abort_handle(),
        done: tokio::sync::Mutex::new(Some(task)),
    }
}

async fn accept(shared: Shared, socket: Box<dyn Accept>, open: Arc<AtomicUsize>) {
    let mut connections = JoinSet::new();
    let mut draining = shared.draining.clone();
    loop {
        tokio::select! {
            biased;
            () = drain_begins(&mut draining) => break,
            Some(_) = connections.join_next() => {}
            accepted = socket.accept() => match accepted {
                Ok((socket, peer)) => {
                    let counted = Counted::new(&open);
                    let serving = connection::serve(shared.clone(), socket, peer);
                    connections.spawn(async move {
                        serving.await;
                        drop(counted);
                    });
                }
                Err(error) => rest(&shared.grpc.seam.clock, error).await,
            },
        }
    }
    drop(socket);
    while connections.join_next().await.is_some() {}
}

/// Waits until the listener drains, or is gone.
pub(super) async fn drain_begins(draining: &mut watch::Receiver<bool>) {
    let _ = draining.wait_for(|draining| *draining).await;
}

/// Waits a moment after a failed accept: out of descriptors, it fails again at once.
async fn rest(clock: &Clock, error: std::io::Error) {
    tracing::warn!(%error, "a connection could not be accepted");
    clock.sleep(Duration::from_millis(50)).await;
}

/// Counts a connection for as long as it lives.
struct Counted(Arc<AtomicUsize>);

impl Counted {
    fn new(open: &Arc<AtomicUsize>) -> Self {
        open.fetch_add(1, Ordering::Relaxed);
        Self(open.clone())
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

#[async_trait]
impl Listener for GrpcListener {
    fn address(&self) -> &str {
        &self.address
    }

    async fn drain(&self, limit: Duration) -> usize {
        self.drain.send_replace(true);
        let mut done = self.done.lock().await;
        let Some(task) = done.as_mut() else { return 0 };
        let limit = self.clock.now().after(limit);
        if self.clock.until(limit, task).await.is_some() {
            *done = None;
            return 0;
        }
        let cut = self.open.load(Ordering::Relaxed);
        self.accepting.abort();
        if let Some(task) = done.take() {
            // Aborted tasks are dropped by the runtime; waiting makes the cut visible when this returns.
            let _ = task.await;
        }
        cut
    }
}

impl Drop for GrpcListener {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

impl fmt::Debug for GrpcListener {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("GrpcListener").field(&self.address).finish()
    }
}
