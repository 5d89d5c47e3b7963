//! What a `.proto` file says about one method, as static data.

use crate::call::Kind;
#[cfg(feature = "json")]
use crate::codec::JsonType;
use crate::json::JsonMessage;

/// One method of a service.
///
/// ```
/// use rmicro_runtime::{HttpRule, Idempotency, Method};
///
/// static HELLO: Method = Method::unary("Hello")
///     .idempotency(Idempotency::NoSideEffects)
///     .http(&[HttpRule::new("GET", "/v1/hello/{name}")]);
///
/// assert_eq!(HELLO.http_rules()[0].path, "/v1/hello/{name}");
/// ```
#[derive(Debug)]
pub struct Method {
    name: &'static str,
    kind: Kind,
    idempotency: Idempotency,
    http: &'static [HttpRule],
    #[cfg(feature = "json")]
    json: Option<(&'static JsonType, &'static JsonType)>,
}

impl Method {
    /// A method with one message each way.
    pub const fn unary(name: &'static str) -> Self {
        Self::new(name, Kind::Unary)
    }

    /// A method with many messages to the server and one back.
    pub const fn client_streaming(name: &'static str) -> Self {
        Self::new(name, Kind::ClientStreaming)
    }

    /// A method with one message to the server and many back.
    pub const fn server_streaming(name: &'static str) -> Self {
        Self::new(name, Kind::ServerStreaming)
    }

    /// A method with many messages each way.
    pub const fn bidi_streaming(name: &'static str) -> Self {
        Self::new(name, Kind::BidiStreaming)
    }

    const fn new(name: &'static str, kind: Kind) -> Self {
        Self {
            name,
            kind,
            idempotency: Idempotency::Unknown,
            http: &[],
            #[cfg(feature = "json")]
            json: None,
        }
    }

    /// Says that its requests, `I`, and its replies, `O`, can be JSON; without the feature `json` that is heard and not used.
    ///
    /// It stands here and not in a bound of [`Incoming`](crate::Incoming) or [`Stub`](crate::Stub), so that messages without
    /// JSON work too.
    #[must_use]
    #[cfg_attr(not(feature = "json"), expect(unused_mut))]
    pub const fn json<I, O>(mut self) -> Self
    where
        I: JsonMessage + 'static,
        O: JsonMessage + 'static,
    {
        #[cfg(feature = "json")]
        {
            self.json = Some((JsonType::of::<I>(), JsonType::of::<O>()));
        }
        self
    }

    /// Says what a second call does, as the option `idempotency_level` has it.
    #[must_use]
    pub const fn idempotency(mut self, level: Idempotency) -> Self {
        self.idempotency = level;
        self
    }

    /// Says under which HTTP methods and paths it is called too: the option `google.api.http`, its main rule first.
    #[must_use]
    pub const fn http(mut self, rules: &'static [HttpRule]) -> Self {
        self.http = rules;
        self
    }

    /// The name in the proto, for example `Hello`.
    pub const fn name(&self) -> &'static str {
        self.name
    }

    /// The kind of its calls.
    pub const fn kind(&self) -> Kind {
        self.kind
    }

    /// What a second call does.
    pub const fn idempotency_level(&self) -> Idempotency {
        self.idempotency
    }

    /// The JSON of its requests and of its replies.
    #[cfg(feature = "json")]
    pub(crate) const fn json_types(&self) -> Option<(&'static JsonType, &'static JsonType)> {
        self.json
    }

    /// The HTTP methods and paths of the option `google.api.http`, its main rule first; empty where the proto has none.
    pub const fn http_rules(&self) -> &'static [HttpRule] {
        self.http
    }
}

/// What a second call of a method does (`google.protobuf.MethodOptions.IdempotencyLevel`).
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
#[non_exhaustive]
pub enum Idempotency {
    /// The proto does not say: a call that a handler may have seen is never made again.
    #[default]
    Unknown,
    /// A call reads and changes nothing.
    NoSideEffects,
    /// A call changes something, and a second one changes nothing more.
    Idempotent,
}

impl Idempotency {
    /// Whether a call may be made again although a handler may have seen it.
    pub const fn may_repeat(self) -> bool {
        matches!(self, Self::NoSideEffects | Self::Idempotent)
    }
}

/// One HTTP method and path of a method, and where its messages go: one rule of the option `google.api.http`
/// (googleapis' `google/api/http.proto`).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub struct HttpRule {
    /// The HTTP method, for example `GET`; `*` is every one.
    pub method: &'static str,
    /// The template of the path, for example `/v1/{name=shelves/*}`.
    pub path: &'static str,
    /// The field of the request that the body is, `*` for all that the path does not have; empty when there is no body.
    pub body: &'static str,
    /// The field of the reply that is answered; empty when the whole reply is.
    pub response_body: &'static str,
}

impl HttpRule {
    /// A rule for requests without a body that have the method `method` and a path that `path` matches.
    pub const fn new(method: &'static str, path: &'static str) -> Self {
        Self {
            method,
            path,
            body: "",
            response_body: "",
        }
    }

    /// Takes the body as the field `field` of the request.
    #[must_use]
    pub const fn body(mut self, field: &'static str) -> Self {
        self.body = field;
        self
    }

    /// Answers with the field `field` of the reply alone.
    #[must_use]
    pub const fn response_body(mut self, field: &'static str) -> Self {
        self.response_body = field;
        self
    }
}
