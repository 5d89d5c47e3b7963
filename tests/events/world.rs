//! Services around one broker, and a diary for their handlers.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use rmicro_runtime::broker::Memory;
use rmicro_runtime::{Service, ServiceBuilder, registry, transport};
use tokio::sync::Notify;

pub(crate) const MS: Duration = Duration::from_millis(1);

/// A broker, and services that share it.
#[derive(Clone, Default)]
pub(crate) struct World {
    pub(crate) broker: Memory,
    pub(crate) registry: registry::Memory,
    pub(crate) transport: transport::Memory,
}

impl World {
    pub(crate) fn builder(&self, name: &str) -> ServiceBuilder {
        Service::builder(name)
            .registry(self.registry.clone())
            .transport(self.transport.clone())
            .broker(self.broker.clone())
    }

    pub(crate) fn service(&self, name: &str) -> Service {
        self.builder(name).build().unwrap()
    }
}

/// What handlers wrote down, in order, and when in milliseconds of the test's clock.
#[derive(Clone)]
pub(crate) struct Diary {
    begun: tokio::time::Instant,
    entries: Arc<Mutex<Vec<(String, u128)>>>,
    written: Arc<Notify>,
}

impl Diary {
    pub(crate) fn new() -> Self {
        Self {
            begun: tokio::time::Instant::now(),
            entries: Arc::default(),
            written: Arc::default(),
        }
    }

    pub(crate) fn note(&self, entry: impl Into<String>) {
        let at = self.begun.elapsed().as_millis();
        self.entries.lock().unwrap().push((entry.into(), at));
        self.written.notify_waiters();
    }

    pub(crate) fn timed(&self) -> Vec<(String, u128)> {
        self.entries.lock().unwrap().clone()
    }

    pub(crate) fn entries(&self) -> Vec<String> {
        self.timed().into_iter().map(|(entry, _)| entry).collect()
    }

    /// The entries, once there are `count`.
    pub(crate) async fn when(&self, count: usize) -> Vec<String> {
        loop {
            let mut written = std::pin::pin!(self.written.notified());
            written.as_mut().enable();
            let entries = self.entries();
            if entries.len() >= count {
                return entries;
            }
            written.await;
        }
    }
}
