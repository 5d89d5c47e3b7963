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

use crate::call::{BoxFuture, Route, Routes};
use crate::codec::Codec;
use crate::error::{Error, Result};
use crate::registry::EndpointInfo;
use crate::rpc::{Codecs, Descriptor, Incoming, ServerInterceptor};

pub(crate) use heartbeat::Heartbeat;
pub use registered::Registration;

use registered::{Chain, Registered, SharedCodecs};
use router::Router;

/// The handlers of a service; a cheap clone.
#[derive(Clone, Default)]
pub struct Server(Arc<Mutex<Inner>>);

#[derive(Default)]
struct Inner {
    services: Vec<&'static Descriptor>,
    routes: Vec<Arc<Route>>,
    name: Option<Arc<str>>,
    codecs: Codecs,
    interceptors: Vec<Arc<dyn ServerInterceptor>>,
    chain: Chain,
    /// The codecs as they are from the start on.
    shared_codecs: SharedCodecs,
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
            descriptor,
            inner.chain.clone(),
            inner.shared_codecs.clone(),
        ));
        let registration = Registration::new(descriptor, endpoint);
        inner.services.push(descriptor);
        inner.routes.extend_from_slice(registration.routes());
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

    /// Takes calls in `codec` too, in place of the codec that has its name; an error once the service has started.
    pub fn codec(&self, codec: impl Codec) -> Result<()> {
        self.add_codec(Arc::new(codec))
    }

    pub(crate) fn add_codec(&self, codec: Arc<dyn Codec>) -> Result<()> {
        let mut inner = self.lock();
        if inner.started {
            let message = "a codec is added too late: the service has started";
            return Err(Error::failed_precondition(message));
        }
        inner.codecs.add(codec);
        Ok(())
    }

    /// Says under which name the service is registered; go-micro's callers learn it as the `id` of
    /// errors that name no other. A [`Service`](crate::Service) says it when it starts.
    pub fn set_name(&self, name: &str) {
        self.lock().name = Some(name.into());
    }

    /// What is served, sorted by name, as a registry tells it.
    pub fn endpoints(&self) -> Vec<EndpointInfo> {
        endpoints::of(&self.lock().services)
    }

    /// The routes as they are, for a transport; no handler can be added afterwards.
    pub fn start(&self) -> Arc<dyn Routes> {
        self.start_before(&Self::new())
    }

    /// The interceptors, known once it has started, for what is handled beside calls.
    pub(crate) fn chain(&self) -> Chain {
        self.lock().chain.clone()
    }

    /// A server without handlers whose calls pass through the interceptors of this one.
    pub(crate) fn companion(&self) -> Self {
        let inner = self.lock();
        Self(Arc::new(Mutex::new(Inner {
            chain: inner.chain.clone(),
            shared_codecs: inner.shared_codecs.clone(),
            ..Inner::default()
        })))
    }

    /// As [`start`](Self::start), with the handlers of `companion` behind those that are here: they
    /// are asked for what nobody here has, by the full name or the last component.
    pub(crate) fn start_before(&self, companion: &Self) -> Arc<dyn Routes> {
        let behind = companion.lock().routes.clone();
        let mut inner = self.lock();
        inner.started = true;
        let interceptors = std::mem::take(&mut inner.interceptors);
        // A service that starts again keeps the chain of its first start; nothing was added since.
        inner.chain.get_or_init(|| interceptors);
        inner.shared_codecs.get_or_init(|| inner.codecs.clone());
        let mut router = Router::new(inner.name.clone());
        router.add(&inner.routes);
        router.add_behind(&behind);
        Arc::new(router)
    }

    /// The services that have a handler, in the order in which they were registered.
    pub(crate) fn services(&self) -> Vec<&'static Descriptor> {
        self.lock().services.clone()
    }

    /// How many calls the handlers had, and how many of these failed.
    pub(crate) fn calls(&self) -> (u64, u64) {
        let inner = self.lock();
        let tallies = inner.routes.iter().map(|route| &route.tally);
        tallies.fold((0, 0), |(calls, failures), tally| {
            (calls + tally.calls(), failures + tally.failures())
        })
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
