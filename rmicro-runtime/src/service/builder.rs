//! How a service is described before it is made.

use std::ffi::OsString;
use std::io::Write as _;
use std::sync::Arc;
use std::time::Duration;

use tracing::level_filters::LevelFilter;

use super::Service;
use super::arguments::{self, Arguments};
use super::chosen::Chosen;
use super::environment::Environment;
use super::settings::Settings;
use super::{help, log};
use crate::error::{Error, Result};
use crate::registry::Registry;
use crate::rpc::{ClientInterceptor, ServerInterceptor};
use crate::seam::Seam;
use crate::selector::Selector;
use crate::transport::Transport;

/// Describes a service; it ends in [`init`](Self::init), [`init_from`](Self::init_from) or
/// [`build`](Self::build).
///
/// A flag is stronger than the environment, which is stronger than what is said here, which is
/// stronger than a default. A flag that was not given overrides nothing.
///
/// ```
/// use rmicro_runtime::{Service, registry};
///
/// let service = Service::builder("greeter")
///     .address(":9000")
///     .registry(registry::Memory::new())
///     .transport("memory")
///     .build()?;
/// # Ok::<(), rmicro_runtime::Error>(())
/// ```
#[derive(Debug)]
#[must_use = "a builder makes nothing before its last word"]
pub struct ServiceBuilder(pub(super) Settings);

impl ServiceBuilder {
    pub(super) fn new(name: String) -> Self {
        Self(Settings::new(name))
    }

    /// The version; `latest` by default.
    pub fn version(mut self, version: impl Into<String>) -> Self {
        self.0.version = Some(version.into());
        self
    }

    /// What follows the name in the id of the node; a random UUID by default.
    pub fn id(mut self, id: impl Into<String>) -> Self {
        self.0.id = Some(id.into());
        self
    }

    /// Where to listen, as `host:port`; `:8088` is every interface, and port 0 any port. `:0` by
    /// default.
    pub fn address(mut self, address: impl Into<String>) -> Self {
        self.0.address = Some(address.into());
        self
    }

    /// What to announce instead of the address that is listened on, as `host:port`, `host` or
    /// `:port`.
    pub fn advertise(mut self, address: impl Into<String>) -> Self {
        self.0.advertise = Some(address.into());
        self
    }

    /// Says something about the node; the keys `protocol`, `server`, `transport` and `registry` are
    /// the runtime's.
    pub fn metadata(mut self, key: impl Into<String>, value: impl Into<String>) -> Self {
        self.0.metadata.insert(key.into(), value.into());
        self
    }

    /// Where nodes are announced and found: a URL such as `mdns://micro?interface=lo`, a scheme, or
    /// a value. `mdns` by default.
    pub fn registry(mut self, registry: impl Into<Chosen<dyn Registry>>) -> Self {
        self.0.set_registry(registry.into());
        self
    }

    /// The longest message that is sent or taken, in bytes, as server and as client; 4 MiB by
    /// default. A transport that is given as a value has its own limits, so that both are an error;
    /// `memory` has none.
    pub fn max_message_size(mut self, bytes: usize) -> Self {
        self.0.max_message_size = Some(bytes);
        self
    }

    /// How calls travel: a scheme or a value. `grpc` by default.
    pub fn transport(mut self, transport: impl Into<Chosen<dyn Transport>>) -> Self {
        self.0.transport = Some(transport.into());
        self
    }

    /// Which node is called: `random`, which is the default, `round_robin`, or a value.
    pub fn selector(mut self, selector: impl Into<Chosen<dyn Selector>>) -> Self {
        self.0.selector = Some(selector.into());
        self
    }

    /// Runs `interceptor` around every handler, of calls and of events, inside those that were added before.
    pub fn server_interceptor(self, interceptor: impl ServerInterceptor) -> Self {
        // Only a server that has started refuses one.
        let _ = self.0.server.intercept(interceptor);
        self
    }

    /// Runs `interceptor` around every call of the service's client and every event that is published,
    /// inside those that were added before.
    pub fn client_interceptor(mut self, interceptor: impl ClientInterceptor) -> Self {
        self.0.client.interceptors.push(Arc::new(interceptor));
        self
    }

    /// How long a registration holds when it is not renewed; 60 s by default.
    pub fn register_ttl(mut self, ttl: Duration) -> Self {
        self.0.register_ttl = Some(ttl);
        self
    }

    /// How often a registration is renewed; 30 s by default, and half of a shorter hold. It must be
    /// shorter than the hold.
    pub fn register_interval(mut self, interval: Duration) -> Self {
        self.0.register_interval = Some(interval);
        self
    }

    /// How long a unary call may take in all; 30 s by default.
    pub fn client_request_timeout(mut self, timeout: Duration) -> Self {
        self.0.client.request_timeout = timeout;
        self
    }

    /// How long connecting to a node may take; 5 s by default.
    pub fn client_dial_timeout(mut self, timeout: Duration) -> Self {
        self.0.client.dial_timeout = timeout;
        self
    }

    /// How many connections there are to a node, which its calls use in turn; 1 by default.
    pub fn client_connections(mut self, connections: usize) -> Self {
        self.0.client.connections = connections;
        self
    }

    /// How long the calls that run at the shutdown may go on; 10 s by default.
    pub fn drain_limit(mut self, limit: Duration) -> Self {
        self.0.drain_limit = Some(limit);
        self
    }

    /// How long the shutdown waits between withdrawing the node and accepting no more; the
    /// registry's own time by default.
    pub fn propagation(mut self, wait: Duration) -> Self {
        self.0.propagation = Some(wait);
        self
    }

    /// Whether to answer `grpc.health.v1.Health`, by which orchestrators and clients ask whether the
    /// service takes calls; on by default. [`Service::health`] is what is answered.
    pub fn health(mut self, health: bool) -> Self {
        self.0.offer.health = health;
        self
    }

    /// Whether to answer gRPC's reflection, by which tools such as grpcurl call without a `.proto`;
    /// on by default. Whoever may call the service may then read its `.proto` files.
    pub fn reflection(mut self, reflection: bool) -> Self {
        self.0.offer.reflection = reflection;
        self
    }

    /// Whether to answer go-micro's `Debug`, by which `stats` reads what the process uses and
    /// serves; on by default.
    pub fn debug(mut self, debug: bool) -> Self {
        self.0.offer.debug = debug;
        self
    }

    /// The clock, the network and the chance to use; the system's by default. Values that are given
    /// to [`registry`](Self::registry) or [`transport`](Self::transport) have their own.
    pub fn seam(mut self, seam: Seam) -> Self {
        self.0.seam = seam;
        self
    }

    /// Makes the service, and touches neither the arguments nor the environment of the process.
    ///
    /// An empty name, a URL that nothing here understands and a renewal that comes too late are
    /// errors.
    pub fn build(self) -> Result<Service> {
        Service::from_settings(self.0)
    }

    /// Makes the service from the arguments and the environment of the process as well: go-micro's
    /// `Init`.
    ///
    /// Where the program has no `tracing` subscriber, it installs one that writes lines like
    /// go-micro's to standard error, with times in UTC, from the level that `RMICRO_LOG_LEVEL`
    /// names (`info` by default).
    ///
    /// `--help` and `--version` print to standard output and end the process with 0; nothing else
    /// does. An unknown flag, one that is not supported and a value that cannot be read are errors
    /// that say so in one line.
    pub fn init(self) -> Result<Service> {
        match self.configure(std::env::args_os().skip(1), std::env::vars_os())? {
            Outcome::Ready(settings) => Service::from_settings(*settings),
            Outcome::Asked(text) => {
                // Whoever closed the pipe has read enough.
                let _ = writeln!(std::io::stdout(), "{}", text.trim_end());
                std::process::exit(0)
            }
        }
    }

    /// As [`init`](Self::init), from `args` without the program's name and `vars` instead of the
    /// process's own.
    ///
    /// `--help` and `--version` are an error with [`Code::Cancelled`](crate::Code::Cancelled) whose
    /// message is the text.
    ///
    /// ```
    /// # use rmicro_runtime::Service;
    /// let builder = Service::builder("greeter").registry("memory").transport("memory");
    /// let args = ["--server_name", "hello"];
    /// let service = builder.init_from(args, [("RMICRO_SERVER_ADDRESS", ":8088")])?;
    /// assert_eq!(service.name(), "hello");
    /// # Ok::<(), rmicro_runtime::Error>(())
    /// ```
    pub fn init_from<A, N, V>(
        self,
        args: impl IntoIterator<Item = A>,
        vars: impl IntoIterator<Item = (N, V)>,
    ) -> Result<Service>
    where
        A: Into<OsString>,
        N: Into<OsString>,
        V: Into<OsString>,
    {
        let vars = vars
            .into_iter()
            .map(|(name, value)| (name.into(), value.into()));
        match self.configure(args.into_iter().map(Into::into), vars)? {
            Outcome::Ready(settings) => Service::from_settings(*settings),
            Outcome::Asked(text) => Err(Error::cancelled(text)),
        }
    }

    /// Puts the environment over what was said here, and the flags over both.
    fn configure(
        self,
        args: impl Iterator<Item = OsString>,
        vars: impl Iterator<Item = (OsString, OsString)>,
    ) -> Result<Outcome> {
        let Self(mut settings) = self;
        let environment = Environment::read(vars)?;
        let level = environment.log_level().map(|name| (name, log::level(name)));
        let usual = LevelFilter::INFO;
        log::install(
            settings.seam.clock,
            level.and_then(|(_, level)| level).unwrap_or(usual),
        );
        if let Some((name, None)) = level {
            tracing::warn!("log level {name:?} does not exist, info is used");
        }
        let (values, warnings) = environment.given();
        let flags = match arguments::parse(args)? {
            Arguments::Help => return Ok(Outcome::Asked(help::help(&settings))),
            Arguments::Version => return Ok(Outcome::Asked(help::version(&settings))),
            Arguments::Given(flags) => flags,
        };
        for warning in warnings {
            tracing::warn!("{warning}");
        }
        for given in values.iter().chain(&flags) {
            given.apply(&mut settings)?;
        }
        Ok(Outcome::Ready(Box::new(settings)))
    }
}

/// What came of the arguments.
enum Outcome {
    Ready(Box<Settings>),
    Asked(String),
}
