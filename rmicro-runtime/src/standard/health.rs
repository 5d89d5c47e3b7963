//! gRPC's health service: whether a service and its parts take calls (gRPC's `health-checking.md`).
//!
//! Invariant: from the first word of a shutdown until the next start nothing is healthy, whatever
//! anybody sets meanwhile.

pub mod v1 {
    //! The interface `grpc.health.v1`.

    include!("generated/grpc.health.v1.rs");
}

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use tokio::sync::watch;

use v1::health_check_response::ServingStatus;
use v1::{
    HealthCheckRequest, HealthCheckResponse, HealthHandler, HealthListRequest, HealthListResponse,
};

use crate::context::Context;
use crate::error::{Error, Result};
use crate::rpc::Sender;

/// What a service says about its health; a cheap clone.
///
/// While the service runs, it and everything that it serves are healthy, unless something else is
/// said here. The empty name is the service as a whole, and does not speak for its parts. A name
/// that nothing serves is one more thing that can be asked about, such as a database.
///
/// ```
/// # use rmicro_runtime::Service;
/// let service = Service::builder("greeter").registry("memory").transport("memory").build()?;
/// let health = service.health().clone();
/// health.set_not_serving("greet.v1.Greeter"); // until its cache is warm
/// health.set_serving("greet.v1.Greeter");
/// # Ok::<(), rmicro_runtime::Error>(())
/// ```
#[derive(Clone, Debug, Default)]
pub struct Health(Arc<watch::Sender<State>>);

/// What is known, and how far the service has come.
#[derive(Debug, Default)]
struct State {
    phase: Phase,
    /// The full names of what is served.
    served: BTreeSet<&'static str>,
    /// What was said, which is stronger.
    said: BTreeMap<String, bool>,
}

/// How far a service has come.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
enum Phase {
    #[default]
    Serving,
    Leaving,
    Ending,
}

impl Health {
    /// Says that `service` takes calls.
    pub fn set_serving(&self, service: impl Into<String>) {
        self.say(service.into(), true);
    }

    /// Says that `service` is there and takes no calls. Calls still reach it; who asks for its
    /// health does not make them.
    pub fn set_not_serving(&self, service: impl Into<String>) {
        self.say(service.into(), false);
    }

    fn say(&self, service: String, serving: bool) {
        self.0.send_modify(|state| {
            state.said.insert(service, serving);
        });
    }

    /// The service starts, and serves what has these full names.
    pub(super) fn begin(&self, served: impl Iterator<Item = &'static str>) {
        self.0.send_modify(|state| {
            state.phase = Phase::Serving;
            state.served = served.collect();
        });
    }

    /// The service will end soon.
    pub(super) fn leave(&self) {
        self.0.send_modify(|state| state.phase = Phase::Leaving);
    }

    /// Whoever watches is let go.
    pub(super) fn end(&self) {
        self.0.send_modify(|state| state.phase = Phase::Ending);
    }
}

impl State {
    /// The status of `service`; `None` when it is not known.
    fn status(&self, service: &str) -> Option<ServingStatus> {
        let is_served = service.is_empty() || self.served.contains(service);
        let serving = self.said.get(service).copied();
        let serving = serving.or(is_served.then_some(true))?;
        Some(match serving && self.phase == Phase::Serving {
            true => ServingStatus::Serving,
            false => ServingStatus::NotServing,
        })
    }

    fn names(&self) -> impl Iterator<Item = &str> {
        let said = self.said.keys().map(String::as_str);
        std::iter::once("")
            .chain(self.served.iter().copied())
            .chain(said)
    }
}

impl HealthHandler for Health {
    async fn check(&self, _: Context, request: HealthCheckRequest) -> Result<HealthCheckResponse> {
        let status = self.0.borrow().status(&request.service);
        status.map(response).ok_or_else(|| {
            Error::not_found(format!("there is no service {:?} here", request.service))
        })
    }

    async fn list(&self, _: Context, _: HealthListRequest) -> Result<HealthListResponse> {
        let state = self.0.borrow();
        let status = |name: &str| Some((name.to_owned(), response(state.status(name)?)));
        let statuses = state.names().filter_map(status).collect();
        Ok(HealthListResponse { statuses })
    }

    async fn watch(
        &self,
        _: Context,
        request: HealthCheckRequest,
        mut replies: Sender<HealthCheckResponse>,
    ) -> Result<()> {
        let mut states = self.0.subscribe();
        let mut told = None;
        loop {
            let (status, phase) = {
                let state = states.borrow_and_update();
                (state.status(&request.service), state.phase)
            };
            let status = status.unwrap_or(ServingStatus::ServiceUnknown);
            if told.replace(status) != Some(status) {
                replies.send(response(status)).await?;
            }
            // A watcher would hold up the drain, and has to ask elsewhere anyway.
            if phase == Phase::Ending || states.changed().await.is_err() {
                return Err(Error::unavailable("the service shuts down"));
            }
        }
    }
}

fn response(status: ServingStatus) -> HealthCheckResponse {
    HealthCheckResponse {
        status: status.into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn status(health: &Health, service: &str) -> Option<ServingStatus> {
        health.0.borrow().status(service)
    }

    #[test]
    fn what_was_said_outlives_a_shutdown_and_does_not_weaken_it() {
        let health = Health::default();
        health.begin(["a.B"].into_iter());
        health.set_not_serving("a.B");
        health.leave();
        health.set_serving("a.B");
        for name in ["", "a.B"] {
            assert_eq!(status(&health, name), Some(ServingStatus::NotServing));
        }
        health.begin(["a.B"].into_iter());
        assert_eq!(status(&health, "a.B"), Some(ServingStatus::Serving));
    }

    #[test]
    fn the_whole_does_not_speak_for_its_parts() {
        let health = Health::default();
        health.begin(["a.B"].into_iter());
        health.set_not_serving("");
        assert_eq!(status(&health, ""), Some(ServingStatus::NotServing));
        assert_eq!(status(&health, "a.B"), Some(ServingStatus::Serving));
        assert_eq!(status(&health, "database"), None);
    }
}
