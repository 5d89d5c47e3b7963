//! What every service answers beside its own handlers: gRPC's health and reflection, go-micro's
//! debug.
//!
//! Each stands behind the user's handlers: a handler for the same service takes its place, and a
//! user's `Health` or `Debug` of any package keeps the short path. The service's interceptors run
//! around all of them; the registry does not hear of them.
//!
//! The modules have the stubs for asking others too:
//!
//! ```no_run
//! use rmicro_runtime::standard::debug::{DebugService, StatsRequest};
//!
//! # async fn example(service: rmicro_runtime::Service) -> rmicro_runtime::Result<()> {
//! let debug = DebugService::new("greeter", service.client());
//! let stats = debug.stats(StatsRequest::default()).await?;
//! println!("{} calls, {} failed", stats.requests, stats.errors);
//! # Ok(()) }
//! ```
//!
//! What is in `generated/` is this project's own plugin's: `UPDATE=1 cargo test -p protoc-gen-rmicro
//! --test standard` rewrites it, and the same test without `UPDATE` fails when it is not.

pub mod debug;
pub mod health;
mod process;
pub mod reflection;

use std::sync::Arc;

pub use health::Health;

use debug::Report;
use reflection::Reflection;

use crate::call::Routes;
use crate::error::Result;
use crate::rpc::Descriptor;
use crate::seam::Clock;
use crate::server::Server;

/// Which of the standard services are on.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Offer {
    pub(crate) health: bool,
    pub(crate) reflection: bool,
    pub(crate) debug: bool,
}

impl Default for Offer {
    fn default() -> Self {
        Self {
            health: true,
            reflection: true,
            debug: true,
        }
    }
}

/// The standard services of one service; a cheap clone.
#[derive(Clone, Debug)]
pub(crate) struct Standard {
    offer: Offer,
    clock: Clock,
    health: Health,
    reflection: Reflection,
}

impl Standard {
    pub(crate) fn new(offer: Offer, clock: Clock) -> Self {
        Self {
            offer,
            clock,
            health: Health::default(),
            reflection: Reflection::default(),
        }
    }

    /// What people say about the health of the service.
    pub(crate) fn health(&self) -> &Health {
        &self.health
    }

    /// The routes of `server` with the standard services behind them, which begin with this.
    pub(crate) fn start(&self, server: &Server) -> Result<Arc<dyn Routes>> {
        let companion = server.companion();
        if self.offer.health {
            health::v1::register_health_handler(&companion, self.health.clone())?;
        }
        if self.offer.debug {
            let report = Report::new(server.clone(), self.clock);
            debug::register_debug_handler(&companion, report)?;
        }
        if self.offer.reflection {
            self.reflection.register(&companion)?;
        }
        let own = server.services();
        let is_own = |other: &Descriptor| own.iter().any(|service| service.name() == other.name());
        let mut behind = companion.services();
        behind.retain(|service| !is_own(service));
        let all = own.iter().chain(&behind).map(|service| service.name());
        self.health.begin(all);
        self.reflection.begin(own, behind);
        Ok(server.start_before(&companion))
    }

    /// Says that the service is about to end: nothing of it is healthy any more.
    pub(crate) fn leave(&self) {
        self.health.leave();
    }

    /// Ends the streams of the standard services, which would go on for as long as their callers
    /// like.
    pub(crate) fn end(&self) {
        self.health.end();
        self.reflection.end();
    }
}
