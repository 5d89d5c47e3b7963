//! go-micro's debug service: how a process does (go-micro v2 `debug/service/handler/debug.go`).
//!
//! `Health` answers as long as the process does; [`Health`](super::Health) tells whether it should
//! be called. Rust has no garbage collector, so `gc` is zero, and where Go counts goroutines there
//! are threads. Calls are those of the user's handlers, whatever asks for health or reflection.

use std::time::UNIX_EPOCH;

use super::process::Usage;
use crate::context::Context;
use crate::error::Result;
use crate::seam::{Clock, Moment};
use crate::server::Server;

include!("generated/debug.rs");

/// Answers for a service.
#[derive(Debug)]
pub(super) struct Report {
    server: Server,
    clock: Clock,
    started: u64,
    since: Moment,
}

impl Report {
    /// Answers for what `server` serves from now on.
    pub(super) fn new(server: Server, clock: Clock) -> Self {
        Self {
            server,
            clock,
            started: seconds(&clock),
            since: clock.now(),
        }
    }
}

impl DebugHandler for Report {
    async fn health(&self, _: Context, _: HealthRequest) -> Result<HealthResponse> {
        Ok(HealthResponse {
            status: "ok".into(),
        })
    }

    async fn stats(&self, _: Context, _: StatsRequest) -> Result<StatsResponse> {
        let Usage { memory, threads } = Usage::now();
        let (requests, errors) = self.server.calls();
        Ok(StatsResponse {
            timestamp: seconds(&self.clock),
            started: self.started,
            uptime: self.clock.now().since(self.since).as_secs(),
            memory,
            threads,
            gc: 0,
            requests,
            errors,
        })
    }
}

/// The seconds since 1970; zero before.
fn seconds(clock: &Clock) -> u64 {
    let since = clock.wall().duration_since(UNIX_EPOCH);
    since.map_or(0, |since| since.as_secs())
}
