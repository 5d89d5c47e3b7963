//! The untyped stub under every generated one.

use std::fmt;
use std::sync::Arc;

use super::Client;
use super::call::{Call, start};
use super::encoded::Encoded;
use super::outgoing::Outgoing;
use super::target::Target;
use crate::error::Error;
use crate::rpc::{BidiStream, Called, ClientStream, Descriptor, Method, Receiver, Whereabouts};

/// Calls one service by the names of its methods; a cheap clone.
///
/// Generated stubs hold one and give its calls their types.
#[derive(Clone)]
pub struct Stub(Arc<Inner>);

struct Inner {
    client: Client,
    target: Arc<Target>,
    descriptor: &'static Descriptor,
}

impl Stub {
    pub(super) fn new(
        client: Client,
        target: Arc<Target>,
        descriptor: &'static Descriptor,
    ) -> Self {
        Self(Arc::new(Inner {
            client,
            target,
            descriptor,
        }))
    }

    /// A call with one message each way.
    pub fn unary<I, O>(&self, method: &'static str, request: I) -> Call<O>
    where
        I: prost::Message + Default + 'static,
        O: prost::Message + Default + 'static,
    {
        Call::new(self.outgoing_with(method, request), start::unary)
    }

    /// A call with many messages out and one back.
    pub fn client_streaming<I, O>(&self, method: &'static str) -> Call<ClientStream<I, O>>
    where
        I: prost::Message + Default + 'static,
        O: prost::Message + Default + 'static,
    {
        Call::new(self.outgoing(method), start::client_streaming)
    }

    /// A call with one message out and many back.
    pub fn server_streaming<I, O>(&self, method: &'static str, request: I) -> Call<Receiver<O>>
    where
        I: prost::Message + Default + 'static,
        O: prost::Message + Default + 'static,
    {
        Call::new(self.outgoing_with(method, request), start::server_streaming)
    }

    /// A call with many messages each way.
    pub fn bidi_streaming<I, O>(&self, method: &'static str) -> Call<BidiStream<I, O>>
    where
        I: prost::Message + Default + 'static,
        O: prost::Message + Default + 'static,
    {
        Call::new(self.outgoing(method), start::bidi_streaming)
    }

    pub(super) fn client(&self) -> &Client {
        &self.0.client
    }

    pub(super) fn target(&self) -> &Target {
        &self.0.target
    }

    /// What a call of `method` is called in errors.
    pub(super) fn called(&self, method: &Method, whereabouts: Option<Whereabouts>) -> Called {
        Called {
            service: self.service(),
            method: method.name(),
            name: Arc::clone(self.target().name()),
            registry: self.client().0.registry.name(),
            whereabouts,
        }
    }

    pub(super) fn service(&self) -> &'static str {
        self.0.descriptor.name()
    }

    /// A call whose one request is encoded at once.
    fn outgoing_with<I>(&self, method: &'static str, mut request: I) -> Outgoing
    where
        I: prost::Message + Default + 'static,
    {
        let (method, mut encoded) = self.begin(method);
        encoded.encode(&mut request);
        Outgoing::new(self.clone(), method, encoded)
    }

    fn outgoing(&self, method: &'static str) -> Outgoing {
        let (method, encoded) = self.begin(method);
        Outgoing::new(self.clone(), method, encoded)
    }

    fn begin(&self, method: &'static str) -> (&'static Method, Encoded) {
        let Some(method) = self.0.descriptor.method(method) else {
            let missing = format!("{} has no method {method:?}", self.service());
            return (&UNKNOWN, Encoded::failed(Error::internal(missing)));
        };
        let client = &self.client().0;
        (method, Encoded::new(client, self.service(), method))
    }
}

/// Stands for a method that the descriptor does not have; its calls fail before they are sent.
static UNKNOWN: Method = Method::unary("?");

impl fmt::Debug for Stub {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Stub")
            .field("name", &self.target().name())
            .field("service", &self.service())
            .finish()
    }
}
