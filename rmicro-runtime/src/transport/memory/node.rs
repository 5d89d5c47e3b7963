//! One listener as its connections see it: whether it takes calls, which run, and when they are cut.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use tokio::runtime::Handle;
use tokio::sync::watch;

use crate::call::Routes;
use crate::seam::Clock;

/// The serving end, shared by its listener, its connections and every call that runs.
pub(super) struct Node {
    routes: Arc<dyn Routes>,
    runtime: Handle,
    clock: Clock,
    connections: AtomicU64,
    calls: watch::Sender<Calls>,
}

/// What runs; a change is told only to those who wait for the end of it.
#[derive(Default)]
struct Calls {
    stage: Stage,
    /// How many calls each connection has that has any.
    running: BTreeMap<u64, usize>,
}

#[derive(Clone, Copy, PartialEq, Eq, Default)]
enum Stage {
    #[default]
    Open,
    Draining,
    Cut,
}

impl Node {
    pub(super) fn new(routes: Arc<dyn Routes>, runtime: Handle, clock: Clock) -> Self {
        Self {
            routes,
            runtime,
            clock,
            connections: AtomicU64::new(0),
            calls: watch::Sender::default(),
        }
    }

    pub(super) fn routes(&self) -> &dyn Routes {
        &*self.routes
    }

    pub(super) fn runtime(&self) -> &Handle {
        &self.runtime
    }

    pub(super) fn clock(&self) -> Clock {
        self.clock
    }

    pub(super) fn is_open(&self) -> bool {
        self.calls.borrow().stage == Stage::Open
    }

    pub(super) fn next_connection(&self) -> u64 {
        self.connections.fetch_add(1, Ordering::Relaxed)
    }

    /// Counts a call of `connection` until the ticket is dropped; `None` when no more are taken.
    pub(super) fn enter(self: &Arc<Self>, connection: u64) -> Option<Ticket> {
        let mut entered = false;
        self.calls.send_if_modified(|calls| {
            if calls.stage == Stage::Open {
                *calls.running.entry(connection).or_default() += 1;
                entered = true;
            }
            false
        });
        entered.then(|| Ticket {
            connection,
            node: Arc::clone(self),
        })
    }

    /// Takes no more calls; whether it took some until now.
    pub(super) fn close(&self) -> bool {
        self.calls.send_if_modified(|calls| {
            let open = calls.stage == Stage::Open;
            if open {
                calls.stage = Stage::Draining;
            }
            open
        })
    }

    /// Waits until no call runs.
    pub(super) async fn idle(&self) {
        // The sender lives as long as this node, so there is always an answer.
        let _ = self
            .calls
            .subscribe()
            .wait_for(|calls| calls.running.is_empty())
            .await;
    }

    /// Ends every call that runs; how many connections had any.
    pub(super) fn cut(&self) -> usize {
        let mut connections = 0;
        self.calls.send_modify(|calls| {
            calls.stage = Stage::Cut;
            connections = calls.running.len();
        });
        connections
    }
}

/// A call that runs.
pub(super) struct Ticket {
    connection: u64,
    node: Arc<Node>,
}

impl Ticket {
    pub(super) fn node(&self) -> &Node {
        &self.node
    }

    /// Waits until the call is cut; keeps nothing alive but the news.
    pub(super) fn cut(&self) -> impl Future<Output = ()> + Send + 'static {
        let mut calls = self.node.calls.subscribe();
        async move {
            let _ = calls.wait_for(|calls| calls.stage == Stage::Cut).await;
        }
    }
}

impl Drop for Ticket {
    fn drop(&mut self) {
        self.node.calls.send_if_modified(|calls| {
            if let Some(running) = calls.running.get_mut(&self.connection) {
                *running -= 1;
                if *running == 0 {
                    calls.running.remove(&self.connection);
                }
            }
            calls.stage != Stage::Open && calls.running.is_empty()
        });
    }
}
