//! The untyped stub under every generated one.

use std::fmt;
use std::sync::Arc;

use bytes::Bytes;

use super::Client;
use super::call::{Call, start};
use super::outgoing::Outgoing;
use super::target::Target;
use crate::error::{Error, Result};
use crate::rpc::{BidiStream, ClientStream, Descriptor, Method, Receiver, encode};

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
        Call::new(
            self.outgoing(method, encode(self.codec(), &request)),
            start::unary,
        )
    }

    /// A call with many messages out and one back.
    pub fn client_streaming<I, O>(&self, method: &'static str) -> Call<ClientStream<I, O>>
    where
        I: prost::Message + Default + 'static,
        O: prost::Message + Default + 'static,
    {
        Call::new(
            self.outgoing(method, Ok(Bytes::new())),
            start::client_streaming,
        )
    }

    /// A call with one message out and many back.
    pub fn server_streaming<I, O>(&self, method: &'static str, request: I) -> Call<Receiver<O>>
    where
        I: prost::Message + Default + 'static,
        O: prost::Message + Default + 'static,
    {
        Call::new(
            self.outgoing(method, encode(self.codec(), &request)),
            start::server_streaming,
        )
    }

    /// A call with many messages each way.
    pub fn bidi_streaming<I, O>(&self, method: &'static str) -> Call<BidiStream<I, O>>
    where
        I: prost::Message + Default + 'static,
        O: prost::Message + Default + 'static,
    {
        Call::new(
            self.outgoing(method, Ok(Bytes::new())),
            start::bidi_streaming,
        )
    }

    pub(super) fn client(&self) -> &Client {
        &self.0.client
    }

    pub(super) fn target(&self) -> &Target {
        &self.0.target
    }

    pub(super) fn service(&self) -> &'static str {
        self.0.descriptor.name()
    }

    pub(super) fn codec(&self) -> &'static dyn crate::codec::Codec {
        &crate::codec::Proto
    }

    fn outgoing(&self, method: &'static str, message: Result<Bytes>) -> Outgoing {
        let declared = self.0.descriptor.method(method);
        let missing = || Error::internal(format!("{} has no method {method:?}", self.service()));
        match declared.ok_or_else(missing) {
            Ok(method) => Outgoing::new(self.clone(), method, message),
            Err(error) => Outgoing::new(self.clone(), &UNKNOWN, Err(error)),
        }
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
