//! Handlers of events, before they run.

use std::fmt;
use std::marker::PhantomData;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

use super::event::{Event, ReadJson};
use crate::broker::{Header, Message, Topic};
use crate::call::{BoxFuture, Endpoint, Request, ServerCall};
use crate::context::Context;
use crate::error::{Error, Result};
#[cfg(feature = "json")]
use crate::json::{DecodeOptions, JsonMessage, from_slice};

/// A handler that was subscribed, and what can still be said about it.
pub struct Subscriber<E> {
    json: Arc<OnceLock<ReadJson<E>>>,
}

impl<E: Event> Subscriber<E> {
    /// Takes bodies in JSON as well, read by `read`; without it they are rejected. It means nothing for raw messages. The first
    /// word counts.
    pub fn json_with(self, read: fn(&[u8]) -> Result<E>) -> Self {
        let _ = self.json.set(read);
        self
    }
}

#[cfg(feature = "json")]
impl<E: Event + JsonMessage> Subscriber<E> {
    /// Takes bodies in JSON as well, by protobuf's mapping; without it they are rejected.
    pub fn json(self) -> Self {
        self.json_with(|json| from_slice(json, &DecodeOptions::default()))
    }
}

/// The handlers of a service; a cheap clone.
#[derive(Clone, Default)]
pub(crate) struct Subscribers(Arc<Mutex<Inner>>);

#[derive(Default)]
struct Inner {
    registered: Vec<Registered>,
    started: bool,
}

/// A handler and what it subscribes to.
#[derive(Clone)]
pub(super) struct Registered {
    pub(super) topic: Topic,
    pub(super) endpoint: Arc<dyn Endpoint>,
}

impl Subscribers {
    /// Adds `handler` for `topic`; an error once the service has started, and for a topic without a name.
    pub(crate) fn add<E, F, R>(&self, topic: Topic, handler: F) -> Result<Subscriber<E>>
    where
        E: Event,
        F: Fn(Context, E) -> R + Send + Sync + 'static,
        R: Future<Output = Result<()>> + Send + 'static,
    {
        let name = topic.name();
        if name.is_empty() {
            return Err(Error::invalid_argument("subscribe: a topic needs a name"));
        }
        let mut inner = self.lock();
        if inner.started {
            return Err(Error::failed_precondition(format!(
                "subscribe: topic {name:?} comes too late: the service has started; subscribe by its broker instead"
            )));
        }
        let json = Arc::default();
        let endpoint = Arc::new(Handling {
            handler,
            json: Arc::clone(&json),
            events: PhantomData,
        });
        inner.registered.push(Registered { topic, endpoint });
        Ok(Subscriber { json })
    }

    /// What is to run; nothing can be added afterwards.
    pub(super) fn start(&self) -> Vec<Registered> {
        let mut inner = self.lock();
        inner.started = true;
        inner.registered.clone()
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.lock().registered.is_empty()
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A handler with the type of its events.
struct Handling<E, F> {
    handler: F,
    json: Arc<OnceLock<ReadJson<E>>>,
    events: PhantomData<fn(E)>,
}

impl<E, F, R> Endpoint for Handling<E, F>
where
    E: Event,
    F: Fn(Context, E) -> R + Send + Sync + 'static,
    R: Future<Output = Result<()>> + Send + 'static,
{
    fn call<'a>(&'a self, call: ServerCall) -> BoxFuture<'a, Result<()>> {
        Box::pin(async move {
            let context = call.context();
            let event = E::read(message(call)?, self.json.get().copied())?;
            (self.handler)(context, event).await
        })
    }
}

/// The message that `call` brings.
fn message(call: ServerCall) -> Result<Message> {
    let Request::One(body) = call.request else {
        return Err(Error::internal("an event is no stream"));
    };
    let mut message = Message::new(body);
    message.header = call.state.get::<Header>().unwrap_or_default();
    Ok(message)
}

impl<E> fmt::Debug for Subscriber<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Subscriber")
            .field("json", &self.json.get().is_some())
            .finish()
    }
}

impl fmt::Debug for Subscribers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let inner = self.lock();
        let topics = inner
            .registered
            .iter()
            .map(|registered| registered.topic.name());
        f.debug_list().entries(topics).finish()
    }
}
