//! Who publishes: a broker with what holds for every event.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use super::event::Event;
use super::publish::Publish;
use crate::broker::Broker;
use crate::rpc::ClientInterceptor;
use crate::seam::Seam;

/// Publishes events; a cheap clone, for handlers that publish.
///
/// ```
/// use rmicro_runtime::broker::Message;
/// use rmicro_runtime::{Service, broker};
///
/// # tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap().block_on(async {
/// let service = Service::builder("shop").registry("memory").transport("memory").broker("memory").build()?;
/// let publisher = service.publisher().clone();
/// publisher.publish("orders", &Message::new("one coffee")).await?;
/// # Ok::<(), rmicro_runtime::Error>(()) }).unwrap();
/// ```
#[derive(Clone)]
pub struct Publisher(pub(super) Arc<Inner>);

pub(super) struct Inner {
    pub(super) broker: Arc<dyn Broker>,
    pub(super) interceptors: Vec<Arc<dyn ClientInterceptor>>,
    /// For an event that sets no other.
    pub(super) timeout: Duration,
    pub(super) seam: Seam,
    pub(super) used: AtomicBool,
}

impl Publisher {
    /// Publishes with `broker`, inside `interceptors`, each event within `timeout` unless it says another.
    pub(crate) fn new(
        broker: Arc<dyn Broker>,
        interceptors: Vec<Arc<dyn ClientInterceptor>>,
        timeout: Duration,
        seam: Seam,
    ) -> Self {
        Self(Arc::new(Inner {
            broker,
            interceptors,
            timeout,
            seam,
            used: AtomicBool::new(false),
        }))
    }

    /// Publishes `event` to `topic` when it is awaited; options chain on it before.
    ///
    /// The header has go-micro's `Content-Type`, `Micro-Topic` and `Micro-ID`, and the metadata; the body is protobuf unless
    /// [`Publish::json_with`] says otherwise. A raw [`Message`](crate::broker::Message) keeps its own header and body, and gets
    /// the topic, and an id if it has none.
    pub fn publish<'a, E: Event>(&self, topic: impl Into<String>, event: &'a E) -> Publish<'a, E> {
        Publish::new(self.clone(), topic.into(), event)
    }

    /// The broker, for messages that pass by interceptors and get no header.
    pub fn broker(&self) -> &Arc<dyn Broker> {
        &self.0.broker
    }

    /// Whether anything was published.
    pub(crate) fn is_used(&self) -> bool {
        self.0.used.load(Ordering::Relaxed)
    }
}

impl fmt::Debug for Publisher {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Publisher")
            .field("broker", &self.0.broker.name())
            .field("interceptors", &self.0.interceptors.len())
            .finish_non_exhaustive()
    }
}
