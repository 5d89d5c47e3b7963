//! An event that was not published yet: options chain on it, `.await` publishes it.

use std::borrow::Cow;
use std::fmt;
use std::future::IntoFuture;
use std::num::NonZeroU32;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use bytes::{BufMut, Bytes, BytesMut};

use super::envelope;
use super::event::{Event, WriteJson, Written};
use super::publisher::Publisher;
use crate::broker::{Header, KEY, Message};
use crate::call::{BoxFuture, CallHead, Kind, current_deadline, split_frame, write_frame};
use crate::error::{Error, Result};
#[cfg(feature = "json")]
use crate::json::{EncodeOptions, JsonMessage, to_vec};
use crate::metadata::Metadata;
use crate::rpc::{Answer, ClientNext, Exchange};
use crate::seam::Moment;
use crate::transport::{Body, ClientCall};

/// An event that was not published yet.
///
/// Awaiting it publishes it, and ends as [`Broker::publish`](crate::broker::Broker::publish) does, within the deadline: the
/// [`timeout`](Self::timeout), the client's request timeout (30 s by default) where none is set, and the deadline of the handler
/// that publishes, whichever is earliest. When that passes the error says what was waited for, as
/// [`Broker::outage`](crate::broker::Broker::outage) knows it. Its client's interceptors run around it.
#[must_use = "an event is published when it is awaited"]
pub struct Publish<'a, E> {
    event: &'a E,
    json: Option<WriteJson<E>>,
    sending: Result<Sending>,
}

/// All but the event itself.
struct Sending {
    publisher: Publisher,
    topic: String,
    metadata: Metadata,
    key: Option<String>,
    timeout: Option<Duration>,
}

impl<'a, E: Event> Publish<'a, E> {
    pub(super) fn new(publisher: Publisher, topic: String, event: &'a E) -> Self {
        let sending = Sending {
            publisher,
            topic,
            metadata: Metadata::new(),
            key: None,
            timeout: None,
        };
        Self {
            event,
            json: None,
            sending: Ok(sending),
        }
    }

    /// How long it may take until the broker has confirmed the event.
    pub fn timeout(self, timeout: Duration) -> Self {
        self.with(|sending| {
            sending.timeout = Some(timeout);
            Ok(())
        })
    }

    /// Sets `name` of the metadata that goes with the event; what [`Metadata::insert`] refuses is the error of the `await`.
    pub fn metadata(self, name: &str, value: &str) -> Self {
        self.with(|sending| sending.metadata.insert(name, value))
    }

    /// Says what the event is about: events with one key are handled in the order in which they were published, where the broker
    /// [can](crate::broker::Ordered::Key).
    pub fn key(self, key: impl Into<String>) -> Self {
        self.with(|sending| {
            sending.key = Some(key.into());
            Ok(())
        })
    }

    /// Publishes the event as `application/json`, written by `write`; it means nothing for a raw message.
    pub fn json_with(mut self, write: fn(&E) -> Result<Vec<u8>>) -> Self {
        self.json = Some(write);
        self
    }

    fn with(mut self, change: impl FnOnce(&mut Sending) -> Result<()>) -> Self {
        if let Ok(sending) = &mut self.sending
            && let Err(error) = change(sending)
        {
            self.sending = Err(error);
        }
        self
    }
}

#[cfg(feature = "json")]
impl<E: Event + JsonMessage> Publish<'_, E> {
    /// Publishes the event as `application/json`, by protobuf's mapping.
    pub fn json(self) -> Self {
        self.json_with(|event| to_vec(event, &EncodeOptions::default()))
    }
}

/// The event is encoded at once, so that the future borrows nothing.
impl<E: Event> IntoFuture for Publish<'_, E> {
    type Output = Result<()>;
    type IntoFuture = BoxFuture<'static, Result<()>>;

    fn into_future(self) -> Self::IntoFuture {
        let begun = self.sending.and_then(|sending| {
            let written = self.event.write(self.json)?;
            Ok((sending, written))
        });
        Box::pin(async move {
            let (sending, written) = begun?;
            sending.publish(written).await
        })
    }
}

impl Sending {
    async fn publish(self, written: Written) -> Result<()> {
        let inner = self.publisher.0.clone();
        inner.used.store(true, Ordering::Relaxed);
        let deadline = self.deadline();
        let mut leaving = Leaving {
            publisher: self.publisher,
            header: written.header,
            content_type: written.format.map(super::body::Format::content_type),
            at_broker: AtomicBool::new(false),
        };
        if let Some(key) = self.key {
            leaving.header.insert(KEY, key);
        }
        if inner.interceptors.is_empty() {
            return leaving
                .leave(&self.topic, &self.metadata, written.body, deadline)
                .await;
        }
        let codec = written.format.map_or("bytes", super::body::Format::codec);
        let call = call(
            self.topic.clone(),
            self.metadata,
            deadline,
            codec,
            &written.body,
        )?;
        let passing = ClientNext::new(&inner.interceptors, &leaving).run(call);
        let passed = inner.seam.clock.until(deadline, passing).await;
        let passed = passed.unwrap_or_else(|| Err(leaving.late(&self.topic)));
        passed.map(drop)
    }

    /// When the caller stops waiting.
    fn deadline(&self) -> Moment {
        let inner = &self.publisher.0;
        let own = inner
            .seam
            .clock
            .now()
            .after(self.timeout.unwrap_or(inner.timeout));
        current_deadline().map_or(own, |inherited| own.min(inherited))
    }
}

/// The event as the interceptors of a client see it.
fn call(
    topic: String,
    metadata: Metadata,
    deadline: Moment,
    codec: &'static str,
    body: &Bytes,
) -> Result<ClientCall> {
    let mut head = CallHead::new(topic, "publish");
    head.metadata = metadata;
    head.deadline = Some(deadline);
    head.codec = Cow::Borrowed(codec);
    head.attempt = Some(NonZeroU32::MIN);
    let mut run = BytesMut::new();
    write_frame(&mut run, |buffer| {
        buffer.put_slice(body);
        Ok(())
    })?;
    Ok(ClientCall::new(head, Kind::Unary, Body::One(run.freeze())))
}

/// An event that has passed the interceptors.
struct Leaving {
    publisher: Publisher,
    header: Header,
    content_type: Option<&'static str>,
    /// Whether it is the broker that is waited for.
    at_broker: AtomicBool,
}

impl Leaving {
    async fn leave(
        &self,
        topic: &str,
        metadata: &Metadata,
        body: Bytes,
        deadline: Moment,
    ) -> Result<()> {
        let inner = &self.publisher.0;
        let mut message = Message::new(body);
        message.header = self.header.clone();
        envelope::add(&mut message.header, metadata);
        if let Some(content_type) = self.content_type {
            message.header.insert(envelope::CONTENT_TYPE, content_type);
        }
        message.header.insert(envelope::TOPIC, topic);
        if message.header.get(envelope::ID).is_none() {
            message
                .header
                .insert(envelope::ID, inner.seam.chance.uuid());
        }
        let publishing = inner.broker.publish(topic, message);
        self.at_broker.store(true, Ordering::Relaxed);
        let published = inner.seam.clock.until(deadline, publishing).await;
        let published = published.ok_or_else(|| self.late(topic))?;
        self.at_broker.store(false, Ordering::Relaxed);
        published.map_err(|error| error.at(self.stage(topic)))
    }

    /// The error of an event whose deadline has passed, with what it was that took so long.
    fn late(&self, topic: &str) -> Error {
        let why = match self.at_broker.load(Ordering::Relaxed) {
            true => self.publisher.0.broker.outage(topic),
            false => Some("an interceptor had not come to an end".to_owned()),
        };
        let why = why.map_or_else(String::new, |why| format!("; {why}"));
        Error::deadline_exceeded(format!("the deadline passed{why}")).at(self.stage(topic))
    }

    fn stage(&self, topic: &str) -> String {
        format!(
            "publish: topic {topic:?} at broker {}",
            self.publisher.0.broker.name()
        )
    }
}

impl Exchange for Leaving {
    fn exchange(&self, call: ClientCall) -> BoxFuture<'_, Result<Answer>> {
        Box::pin(async move {
            let ClientCall { head, body, .. } = call;
            let mut run = match body {
                Body::One(run) => run,
                Body::Stream(_) => return Err(Error::internal("an event is no stream")),
            };
            let framed = split_frame(&mut run)
                .ok_or_else(|| Error::internal("the body of an event is no frame"));
            let (_, body) = framed?;
            let deadline = head.deadline.unwrap_or_else(|| {
                self.publisher
                    .0
                    .seam
                    .clock
                    .now()
                    .after(self.publisher.0.timeout)
            });
            self.leave(&head.service, &head.metadata, body, deadline)
                .await?;
            Ok(Answer::One {
                metadata: Metadata::new(),
                message: Bytes::new(),
                trailers: Metadata::new(),
            })
        })
    }
}

impl<E> fmt::Debug for Publish<'_, E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.sending {
            Ok(sending) => write!(f, "Publish({:?})", sending.topic),
            Err(error) => write!(f, "Publish({error:?})"),
        }
    }
}
