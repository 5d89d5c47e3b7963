//! The object in `main`: a service with its server, its client and its place in the registry.
//!
//! Invariant: nothing is global but the log writer that `init` installs; several services live in
//! one process.

mod absent;
mod arguments;
mod builder;
mod chosen;
mod codecs;
mod duration;
mod environment;
mod events;
mod flags;
#[cfg(fuzzing)]
pub mod fuzzed;
mod given;
mod help;
mod hooks;
mod log;
mod node;
mod plan;
mod running;
mod schemes;
mod settings;
mod signals;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{Mutex, watch};

pub use builder::ServiceBuilder;
pub use chosen::Chosen;
pub use running::Running;

#[cfg(all(test, any(feature = "nats", feature = "redis")))]
pub(crate) use log::capture;

use events::Events;
use plan::Plan;
use settings::Settings;
use signals::{Signals, arrived};

use crate::client::Client;
use crate::error::{Error, Result};
use crate::server::Server;
use crate::standard::{Health, Standard};

/// A service: what it serves, and the client with which it calls others.
///
/// A service that only calls needs no more than [`client`](Self::client); one that serves gets its
/// handlers and is [`run`](Self::run).
///
/// ```no_run
/// use rmicro_runtime::{Context, Result, Service};
///
/// # mod generated { // as protoc-gen-rmicro makes it of greet.proto
/// #     use rmicro_runtime::codegen::{self, needs_rmicro_runtime_0_1::*};
/// #     use rmicro_runtime::codegen::prost;
/// #     #[derive(Clone, PartialEq, prost::Message)]
/// #     pub struct HelloRequest { #[prost(string, tag = "1")] pub name: String }
/// #     #[derive(Clone, PartialEq, prost::Message)]
/// #     pub struct HelloReply { #[prost(string, tag = "1")] pub message: String }
/// #     static FILE: codegen::File = codegen::File::new("greet.proto", &[], &[]);
/// #     static GREETER: Descriptor = Descriptor::new("Greeter", &[Method::unary("Hello")], &FILE);
/// #     pub trait GreeterHandler: Send + Sync + 'static {
/// #         fn hello(
/// #             &self, ctx: Context, request: HelloRequest,
/// #         ) -> impl Future<Output = Result<HelloReply>> + Send;
/// #     }
/// #     pub fn register_greeter_handler<H: GreeterHandler>(
/// #         server: &Server, handler: H,
/// #     ) -> Result<Registration> {
/// #         server.handle(&GREETER, handler, dispatch)
/// #     }
/// #     fn dispatch<H: GreeterHandler>(handler: &H, call: Incoming) -> BoxFuture<'_, Result<()>> {
/// #         match call.method() {
/// #             "Hello" => call.unary(handler, H::hello),
/// #             _ => call.unimplemented(),
/// #         }
/// #     }
/// # }
/// # use generated::*;
/// struct Greeter;
///
/// impl GreeterHandler for Greeter {
///     async fn hello(&self, _ctx: Context, request: HelloRequest) -> Result<HelloReply> {
///         let message = format!("Hello, {}!", request.name);
///         Ok(HelloReply { message })
///     }
/// }
///
/// #[tokio::main]
/// async fn main() -> Result<()> {
///     let service = Service::new("greeter")?;
///     register_greeter_handler(service.server(), Greeter)?;
///     service.run().await
/// }
/// ```
pub struct Service {
    plan: Plan,
    server: Server,
    standard: Standard,
    client: Client,
    events: Events,
    /// Held while the service runs, so that it runs once at a time.
    turn: Arc<Mutex<()>>,
}

impl Service {
    /// The service `name` with everything else from flags, the environment and defaults:
    /// `builder(name).init()`.
    pub fn new(name: impl Into<String>) -> Result<Self> {
        Self::builder(name).init()
    }

    /// Begins to describe the service `name`.
    pub fn builder(name: impl Into<String>) -> ServiceBuilder {
        ServiceBuilder::new(name.into())
    }

    fn from_settings(settings: Settings) -> Result<Self> {
        codecs::check(&settings.client)?;
        let server = settings.server.clone();
        let standard = Standard::new(settings.offer, settings.seam.clock);
        let (plan, client, publisher) = Plan::new(settings)?;
        Ok(Self {
            plan,
            server,
            standard,
            client,
            events: Events::new(publisher),
            turn: Arc::default(),
        })
    }

    /// Where handlers are registered, before the start.
    pub fn server(&self) -> &Server {
        &self.server
    }

    /// What the service says about its health to those who ask; see [`ServiceBuilder::health`].
    pub fn health(&self) -> &Health {
        self.standard.health()
    }

    /// What calls other services; it works whether the service runs or not.
    pub fn client(&self) -> &Client {
        &self.client
    }

    /// The name under which the service is registered.
    pub fn name(&self) -> &str {
        &self.plan.name
    }

    /// Serves until SIGINT or SIGTERM (Ctrl-C where there are no signals), then shuts down as
    /// [`Running::shutdown`] does.
    ///
    /// A second signal cuts what is left at once. Errors are those of [`start`](Self::start).
    /// Dropping the future is dropping the [`Running`].
    pub async fn run(&self) -> Result<()> {
        let signals = Signals::listen()?;
        self.run_until(signals.count()).await
    }

    /// Listens, serves and registers; all of it is done when this returns, so that a call that is
    /// made then succeeds.
    ///
    /// An address that is taken is an error that names it, and nothing is registered. A registry
    /// that refuses three times is an error, and nothing listens any more; a registry that goes
    /// away later is told in the log and sat out. A service that runs already is an error, and so is
    /// what a start hook says; see [`ServiceBuilder`]. Dropping the future takes back what it did,
    /// except that a node that is registered lapses.
    pub async fn start(&self) -> Result<Running> {
        let turn = self.turn.clone().try_lock_owned().map_err(|_| {
            Error::failed_precondition(format!("service {} runs already", self.plan.name))
        })?;
        self.plan.hooks.before_start.run("before_start").await?;
        let running = Running::start(self, turn).await?;
        let Err(error) = self.plan.hooks.after_start.run("after_start").await else {
            return Ok(running);
        };
        running.shutdown().await?;
        Err(error)
    }

    /// Waits for the first of `signals`, and a moment longer for a start that is almost done.
    async fn gives_up(&self, signals: watch::Receiver<usize>) {
        arrived(signals, 1).await;
        self.plan.seam.clock.sleep(Duration::from_secs(1)).await;
    }

    /// Runs until the first of `signals`; the second one cuts.
    async fn run_until(&self, signals: watch::Receiver<usize>) -> Result<()> {
        let life = async {
            let running = tokio::select! {
                biased;
                running = self.start() => running?,
                // A start that hangs, at its registry say, is given up: nothing was promised yet.
                () = self.gives_up(signals.clone()) => return Ok(()),
            };
            arrived(signals.clone(), 1).await;
            running.shutdown().await
        };
        tokio::select! {
            biased;
            () = arrived(signals.clone(), 2) => {
                tracing::warn!("A second signal: what was running is cut");
                Ok(())
            }
            ended = life => ended,
        }
    }
}

impl fmt::Debug for Service {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Service")
            .field("plan", &self.plan)
            .field("server", &self.server)
            .field("events", &self.events)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
