//! The serving engine: which handlers there are, and what is asked of them.
//!
//! Invariant: it never learns which transport or registry runs.

mod endpoints;
#[cfg(fuzzing)]
pub mod fuzzed;
mod heartbeat;
mod registered;
mod router;

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::call::{BoxFuture, Routes};
use crate::error::{Error, Result};
use crate::registry::EndpointInfo;
use crate::rpc::{Codecs, Descriptor, Incoming, ServerInterceptor};

pub(crate) use heartbeat::{Beat, Heartbeat};
pub use registered::Registration;

use registered::{Chain, Registered};
use router::Router;

/// The handlers of a service; a cheap clone.
#[derive(Clone, Default)]
pub struct Server(Arc<Mutex<Inner>>);

#[derive(Default)]
struct Inner {
    services: Vec<&'static Descriptor>,
    router: Router,
    codecs: Codecs,
    interceptors: Vec<Arc<dyn ServerInterceptor>>,
    chain: Chain,
    started: bool,
}

impl Server {
    /// A server without handlers.
    pub fn new() -> Self {
        Self::default()
    }

    /// Serves the service that `descriptor` describes with `handler`; generated `register_xxx_handler` functions call it.
    ///
    /// A service that is registered twice, and one that is registered after the start, is an error.
    pub fn handle<H: Send + Sync + 'static>(
        &self,
        descriptor: &'static Descriptor,
        handler: H,
        dispatch: fn(&H, Incoming) -> BoxFuture<'_, Result<()>>,
    ) -> Result<Registration> {
        let mut inner = self.lock();
        let name = descriptor.name();
        if inner.started {
            return Err(Error::failed_precondition(format!(
                "{name} is registered too late: the service has started"
            )));
        }
        if inner.services.iter().any(|service| service.name() == name) {
            return Err(Error::already_exists(format!(
                "{name} has a handler already"
            )));
        }
        let endpoint = Arc::new(Registered::new(
            handler,
            dispatch,
            inner.codecs.clone(),
            inner.chain.clone(),
        ));
        let registration = Registration::new(descriptor, endpoint);
        inner.services.push(descriptor);
        inner.router.add(registration.routes());
        Ok(registration)
    }

    /// Runs `interceptor` around every handler, inside those that were added before; an error once
    /// the service has started.
    pub fn intercept(&self, interceptor: impl ServerInterceptor) -> Result<()> {
        let mut inner = self.lock();
        if inner.started {
            let message = "an interceptor is added too late: the service has started";
            return Err(Error::failed_precondition(message));
        }
        inner.interceptors.push(Arc::new(interceptor));
        Ok(())
    }

    /// Says under which name the service is registered; go-micro's callers learn it as the `id` of
    /// errors that name no other. A [`Service`](crate::Service) says it when it starts.
    pub fn set_name(&self, name: &str) {
        self.lock().router.set_name(name);
    }

    /// What is served, sorted by name, as a registry tells it.
    pub fn endpoints(&self) -> Vec<EndpointInfo> {
        endpoints::of(&self.lock().services)
    }

    /// The routes as they are, for a transport; no handler can be added afterwards.
    pub fn start(&self) -> Arc<dyn Routes> {
        let mut inner = self.lock();
        inner.started = true;
        let interceptors = std::mem::take(&mut inner.interceptors);
        // A service that starts again keeps the chain of its first start; nothing was added since.
        inner.chain.get_or_init(|| interceptors);
        Arc::new(inner.router.clone())
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Server {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<_> = self
            .lock()
            .services
            .iter()
            .map(|service| service.name())
            .collect();
        f.debug_struct("Server")
            .field("services", &names)
            .finish_non_exhaustive()
    }
}
