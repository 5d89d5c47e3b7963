//! What is known about a call before its first message.

use std::borrow::Cow;
use std::net::SocketAddr;
use std::num::NonZeroU32;

use crate::metadata::Metadata;
use crate::seam::Moment;

/// The four kinds of calls.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Kind {
    /// One message each way.
    Unary,
    /// Many messages to the server, one back.
    ClientStreaming,
    /// One message to the server, many back.
    ServerStreaming,
    /// Many messages each way, in any order.
    BidiStreaming,
}

impl Kind {
    /// Whether the client may send more than one message.
    pub fn client_streams(self) -> bool {
        matches!(self, Self::ClientStreaming | Self::BidiStreaming)
    }

    /// Whether the server may send more than one message.
    pub fn server_streams(self) -> bool {
        matches!(self, Self::ServerStreaming | Self::BidiStreaming)
    }
}

/// The head of a call: who is asked for what, and under which conditions.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct CallHead {
    /// The full proto name of the service, for example `greet.v1.Greeter`.
    pub service: Cow<'static, str>,
    /// The name of the method in the proto, for example `Hello`.
    pub endpoint: Cow<'static, str>,
    /// What travels beside the messages.
    pub metadata: Metadata,
    /// When the caller stops waiting.
    pub deadline: Option<Moment>,
    /// The name of the codec, for example `proto`.
    pub codec: Cow<'static, str>,
    /// Where the call comes from; `None` where the transport has no addresses.
    pub peer: Option<SocketAddr>,
    /// Which attempt to handle an event this is, from 1; `None` for a call, which is no event. The `service` of an event is its
    /// topic, its `endpoint` is `publish` where it is published and `receive` where it is handled.
    pub attempt: Option<NonZeroU32>,
}

impl CallHead {
    /// The head of a call of `endpoint` at `service`, encoded by the codec `proto`, with nothing else set.
    pub fn new(
        service: impl Into<Cow<'static, str>>,
        endpoint: impl Into<Cow<'static, str>>,
    ) -> Self {
        Self {
            service: service.into(),
            endpoint: endpoint.into(),
            metadata: Metadata::new(),
            deadline: None,
            codec: Cow::Borrowed("proto"),
            peer: None,
            attempt: None,
        }
    }
}
