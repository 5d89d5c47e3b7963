//! The calling engine: it finds a node, picks one, and sends the call there.
//!
//! Invariant: it never learns which registry, selector or transport runs. A call is made a second time only with proof that no
//! handler has seen it, or where its proto says that a second one does no harm.

mod backoff;
mod call;
mod encoded;
mod only;
mod options;
mod outgoing;
mod patience;
mod placing;
mod pool;
mod progress;
mod repeat;
mod replies;
mod stub;
mod target;
mod way;

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use crate::registry::Registry;
use crate::rpc::Descriptor;
use crate::seam::Seam;
use crate::selector::Selector;
use crate::transport::Transport;

pub use call::Call;
pub use options::ClientOptions;
pub use stub::Stub;

use pool::Pool;
use target::Target;

/// Calls other services; a cheap clone, whose connections are shared.
#[derive(Clone)]
pub struct Client(Arc<Inner>);

struct Inner {
    seam: Seam,
    registry: Arc<dyn Registry>,
    selector: Arc<dyn Selector>,
    options: ClientOptions,
    /// Whether calls are in protobuf when they say nothing else.
    is_proto: bool,
    pool: Pool,
    targets: Mutex<BTreeMap<String, Arc<Target>>>,
}

impl Client {
    /// A client that finds nodes in `registry`, chooses with `selector` and calls over `transport`.
    ///
    /// `registry` is asked for every call: a [`Cached`](crate::registry::Cached) one answers without waiting.
    pub fn new(
        seam: Seam,
        registry: Arc<dyn Registry>,
        selector: Arc<dyn Selector>,
        transport: Arc<dyn Transport>,
        options: ClientOptions,
    ) -> Self {
        let pool = Pool::new(transport, seam.clone(), &options);
        let targets = Mutex::default();
        Self(Arc::new(Inner {
            seam,
            registry,
            selector,
            is_proto: options.codec == "proto",
            options,
            pool,
            targets,
        }))
    }

    /// The untyped stub under a generated one: it calls the nodes that the registry knows under `name`.
    pub fn stub(&self, name: impl Into<String>, descriptor: &'static Descriptor) -> Stub {
        Stub::new(self.clone(), self.target(name.into()), descriptor)
    }

    /// What is known of the service `name`, shared by every stub of it.
    fn target(&self, name: String) -> Arc<Target> {
        let mut targets = self
            .0
            .targets
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        targets
            .entry(name)
            .or_insert_with_key(|name| Arc::new(Target::new(name.clone())))
            .clone()
    }
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client")
            .field("registry", &self.0.registry.name())
            .field("options", &self.0.options)
            .finish_non_exhaustive()
    }
}
