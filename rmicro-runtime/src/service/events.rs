//! What a service publishes and subscribes to.
//!
//! Invariant: a broker that is not used is not connected to, and nothing of it is in the log or the registry.

use std::sync::Arc;

use super::Service;
use super::builder::ServiceBuilder;
use super::chosen::Chosen;
use super::plan::Plan;
use crate::broker::{Broker, Topic};
use crate::context::Context;
use crate::error::Result;
use crate::events::{Event, Publish, Publisher, Subscribed, Subscriber, Subscribers};
use crate::server::Server;

/// Both ends of the broker.
#[derive(Debug)]
pub(super) struct Events {
    pub(super) publisher: Publisher,
    pub(super) subscribers: Subscribers,
}

/// The broker of a service that runs.
#[derive(Debug)]
pub(super) struct Connected {
    broker: Arc<dyn Broker>,
    /// Whether nobody else uses this value.
    own: bool,
    /// Whether the log says that it is connected.
    told: bool,
    pub(super) subscribed: Option<Subscribed>,
}

/// # Events
///
/// ```
/// use rmicro_runtime::broker::Topic;
/// use rmicro_runtime::{Context, Result, Service};
/// # #[derive(Clone, PartialEq, rmicro_runtime::codegen::prost::Message)]
/// # #[prost(prost_path = "rmicro_runtime::codegen::prost")]
/// # pub struct HelloReply { #[prost(string, tag = "1")] pub message: String }
///
/// async fn on_greeting(_ctx: Context, event: HelloReply) -> Result<()> {
///     println!("{}", event.message);
///     Ok(())
/// }
///
/// # tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap().block_on(async {
/// let service = Service::builder("audit").registry("memory").transport("memory").broker("memory").build()?;
/// service.subscribe(Topic::new("greetings").queue("audit"), on_greeting)?;
/// let running = service.start().await?;
///
/// let greeting = HelloReply { message: "Hello, Ada!".into() };
/// service.publish("greetings", &greeting).metadata("trace", "1").await?;
/// running.shutdown().await
/// # }).unwrap();
/// ```
impl Service {
    /// Runs `handler` for each event of `topic` while the service runs.
    ///
    /// An event is any protobuf message, read by its content type, or a raw [`Message`](crate::broker::Message). The server's
    /// interceptors run around the handler, [`Context::topic`] is the topic, and its metadata is the header of the message.
    ///
    /// What the handler returns ends the delivery: `Ok` acknowledges it. An error, a panic and the topic's
    /// [timeout](Topic::timeout) are a failed attempt: the event comes again after a growing wait, and is rejected with one line in
    /// the log after the last of its [attempts](Topic::attempts). An error with
    /// [`Code::InvalidArgument`](crate::Code::InvalidArgument) rejects it at once, and so does a body that cannot be read. With
    /// [`Ack::OnDelivery`](crate::broker::Ack::OnDelivery) there is one attempt.
    ///
    /// An empty topic, and a service that has started, are errors.
    pub fn subscribe<E, F, R>(&self, topic: impl Into<Topic>, handler: F) -> Result<Subscriber<E>>
    where
        E: Event,
        F: Fn(Context, E) -> R + Send + Sync + 'static,
        R: Future<Output = Result<()>> + Send + 'static,
    {
        self.events.subscribers.add(topic.into(), handler)
    }

    /// Publishes `event` to `topic`; see [`Publisher::publish`]. It works whether the service runs or not.
    pub fn publish<'a, E: Event>(&self, topic: impl Into<String>, event: &'a E) -> Publish<'a, E> {
        self.events.publisher.publish(topic, event)
    }

    /// What publishes events, for handlers to have a clone of.
    pub fn publisher(&self) -> &Publisher {
        &self.events.publisher
    }

    /// The broker itself, for messages that pass by interceptors and handlers.
    pub fn broker(&self) -> &Arc<dyn Broker> {
        self.events.publisher.broker()
    }
}

impl ServiceBuilder {
    /// How messages are published: a URL, a scheme or a value. `http` by default, go-micro's, and `memory` in a build without it.
    ///
    /// `http` needs no server: subscribers are in the registry, and publishers post to them. A service listens for messages on the
    /// address that it is announced with, unless `http://HOST:PORT` says where. `memory` reaches this process alone, and this service
    /// alone unless it is given as a value whose clones others have.
    ///
    /// Services of one process may have clones of one value, and share its connection: each that stops ends its own subscriptions and
    /// leaves the connection to the others. A broker of a URL is the service's own, and disconnected when it stops.
    ///
    /// It is not connected to before the service publishes, or starts with something subscribed.
    pub fn broker(mut self, broker: impl Into<Chosen<dyn Broker>>) -> Self {
        self.0.set_broker(broker.into());
        self
    }
}

impl Events {
    pub(super) fn new(publisher: Publisher) -> Self {
        Self {
            publisher,
            subscribers: Subscribers::default(),
        }
    }

    /// Whether the service needs its broker.
    pub(super) fn use_it(&self) -> bool {
        !self.subscribers.is_empty() || self.publisher.is_used()
    }

    /// Connects and subscribes where there is something to subscribe to.
    pub(super) async fn start(&self, plan: &Plan, server: &Server) -> Result<Connected> {
        let broker = self.publisher.broker();
        let mut connected = Connected {
            broker: broker.clone(),
            own: plan.own_broker,
            told: !self.subscribers.is_empty(),
            subscribed: None,
        };
        if connected.told {
            let name = broker.name();
            let reached = broker.connect().await;
            reached.map_err(|error| error.at(format_args!("connect: broker {name}")))?;
            tracing::info!("Broker [{name}] Connected{}", connected.at("to"));
        }
        let subscribed =
            Subscribed::start(&self.subscribers, broker, &server.chain(), &plan.seam).await?;
        connected.subscribed = Some(subscribed);
        Ok(connected)
    }
}

impl Connected {
    /// Lets go of the broker, where it is the service's own.
    pub(super) async fn disconnect(&self) {
        let (name, at) = (self.broker.name(), self.at("from"));
        if !self.own {
            return;
        }
        if let Err(error) = self.broker.disconnect().await {
            tracing::warn!("Broker [{name}] did not disconnect: {error:?}");
        }
        if self.told {
            tracing::info!("Broker [{name}] Disconnected{at}");
        }
    }

    fn at(&self, preposition: &str) -> String {
        let address = self.broker.address();
        address.map_or_else(String::new, |address| format!(" {preposition} {address}"))
    }
}
