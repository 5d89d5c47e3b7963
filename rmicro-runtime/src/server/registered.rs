//! A handler that was registered, and what can still be said about it.

use std::sync::{Arc, OnceLock};

use crate::call::{BoxFuture, Endpoint, Route, ServerCall};
use crate::error::{Error, Result};
use crate::rpc::{Codecs, Codings, Descriptor, Incoming, Method, ServerInterceptor, ServerNext};

/// The interceptors of a server, known when it starts.
pub(super) type Chain = Arc<OnceLock<Vec<Arc<dyn ServerInterceptor>>>>;

/// The codecs of a server, known when it starts.
pub(super) type SharedCodecs = Arc<OnceLock<Codecs>>;

/// A handler behind the interceptors of its server.
pub(super) struct Registered<H> {
    served: Served<H>,
    chain: Chain,
}

/// A handler with the generated function that finds its methods.
struct Served<H> {
    handler: H,
    dispatch: fn(&H, Incoming) -> BoxFuture<'_, Result<()>>,
    descriptor: &'static Descriptor,
    codecs: SharedCodecs,
}

impl<H> Registered<H> {
    pub(super) fn new(
        handler: H,
        dispatch: fn(&H, Incoming) -> BoxFuture<'_, Result<()>>,
        descriptor: &'static Descriptor,
        chain: Chain,
        codecs: SharedCodecs,
    ) -> Self {
        Self {
            served: Served {
                handler,
                dispatch,
                descriptor,
                codecs,
            },
            chain,
        }
    }
}

impl<H: Send + Sync + 'static> Endpoint for Registered<H> {
    fn call<'a>(&'a self, call: ServerCall) -> BoxFuture<'a, Result<()>> {
        match self.chain.get() {
            Some(chain) if !chain.is_empty() => ServerNext::new(chain, &self.served).run(call),
            _ => self.served.call(call),
        }
    }
}

impl<H: Send + Sync + 'static> Endpoint for Served<H> {
    fn call<'a>(&'a self, call: ServerCall) -> BoxFuture<'a, Result<()>> {
        let head = call.state.head();
        let codings = match &*head.codec {
            "proto" => Ok(Codings::PROTO),
            other => self.codings(other, &head.endpoint),
        };
        match codings {
            Ok(codings) => (self.dispatch)(&self.handler, Incoming::new(call, codings)),
            Err(error) => Box::pin(std::future::ready(Err(error))),
        }
    }
}

impl<H> Served<H> {
    /// How the method `endpoint` is called in the codec called `name`.
    fn codings(&self, name: &str, endpoint: &str) -> Result<Codings> {
        let codecs = self.codecs.get_or_init(Codecs::default);
        let service = self.descriptor.name();
        Codings::of(name, codecs, service, self.descriptor.method(endpoint))
    }
}

/// A handler that was registered.
#[derive(Debug)]
pub struct Registration {
    service: &'static str,
    routes: Vec<Arc<Route>>,
}

impl Registration {
    pub(super) fn new(descriptor: &'static Descriptor, endpoint: Arc<dyn Endpoint>) -> Self {
        let route = |method: &'static Method| {
            let (service, endpoint) = (descriptor.name(), endpoint.clone());
            Arc::new(Route::new(service, method.name(), method.kind(), endpoint))
        };
        Self {
            service: descriptor.name(),
            routes: descriptor.methods().iter().map(route).collect(),
        }
    }

    pub(super) fn routes(&self) -> &[Arc<Route>] {
        &self.routes
    }

    /// Gives every call of `method` a task of its own from the start, because it computes long before it waits.
    ///
    /// Without it the runtime finds out by itself, at the cost of the calls beside the first slow one. A method that the proto
    /// does not have is an error.
    ///
    /// ```no_run
    /// # fn example(registration: rmicro_runtime::Registration) -> rmicro_runtime::Result<()> {
    /// registration.blocking("Hello")?;
    /// # Ok(()) }
    /// ```
    pub fn blocking(self, method: &str) -> Result<Self> {
        let route = self.routes.iter().find(|route| route.method == method);
        let Some(route) = route else {
            let known: Vec<_> = self.routes.iter().map(|route| &*route.method).collect();
            return Err(Error::invalid_argument(format!(
                "{} has no method {method:?}; it has: {}",
                self.service,
                known.join(", ")
            )));
        };
        route.slow.set();
        Ok(self)
    }
}
