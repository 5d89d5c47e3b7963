//! How the messages of one call become bytes and back.
//!
//! Invariant: protobuf, which nearly every call speaks, is the absence of anything else, so that a call in it neither looks a
//! codec up nor goes through a pointer to one, and no other codec makes it larger.

use std::sync::Arc;

use bytes::{Bytes, BytesMut};

use super::{Codecs, Method};
#[cfg(feature = "json")]
use crate::call::split_frame;
use crate::call::{FRAME_PREFIX, write_frame};
use crate::codec::{Codec, Message, Proto};
#[cfg(feature = "json")]
use crate::codec::{JsonType, WithJson};
use crate::error::{Error, Result};

/// How the messages of one direction of a call are encoded.
#[derive(Clone, Debug)]
pub(crate) struct Coding(Option<Arc<Other>>);

/// Another codec than protobuf.
#[derive(Debug)]
struct Other {
    codec: Arc<dyn Codec>,
    #[cfg(feature = "json")]
    json: Option<&'static JsonType>,
}

/// How the messages of both directions of a call are encoded.
#[derive(Clone, Debug)]
pub(crate) struct Codings {
    pub(crate) request: Coding,
    pub(crate) reply: Coding,
}

impl Codings {
    pub(crate) const PROTO: Self = Self {
        request: Coding::PROTO,
        reply: Coding::PROTO,
    };

    /// How `method` of `service` is called in the codec called `name`; an error when it cannot be.
    pub(crate) fn of(
        name: &str,
        codecs: &Codecs,
        service: &str,
        method: Option<&Method>,
    ) -> Result<Self> {
        if name == PROTO {
            return Ok(Self::PROTO);
        }
        Self::of_other(codecs.find(name)?, service, method)
    }

    #[cfg(feature = "json")]
    fn of_other(codec: &Arc<dyn Codec>, service: &str, method: Option<&Method>) -> Result<Self> {
        let json = method.and_then(Method::json_types);
        if let (Some(method), None, "json") = (method, json, codec.name()) {
            return Err(Error::unimplemented(format!(
                "method {} of service {service} has no JSON: call it with the codec proto, or generate its code again \
                 without json=false",
                method.name()
            )));
        }
        let (request, reply) = json.unzip();
        let coding = |json| {
            let codec = Arc::clone(codec);
            Coding(Some(Arc::new(Other { codec, json })))
        };
        Ok(Self {
            request: coding(request),
            reply: coding(reply),
        })
    }

    #[cfg(not(feature = "json"))]
    fn of_other(codec: &Arc<dyn Codec>, _service: &str, _method: Option<&Method>) -> Result<Self> {
        let codec = Arc::clone(codec);
        let coding = Coding(Some(Arc::new(Other { codec })));
        Ok(Self {
            request: coding.clone(),
            reply: coding,
        })
    }

    /// The name of the codec, as in `application/grpc+NAME`.
    pub(crate) fn name(&self) -> &'static str {
        match &self.request.0 {
            None => PROTO,
            Some(other) => other.codec.name(),
        }
    }
}

/// The name of the codec [`Proto`].
const PROTO: &str = "proto";

impl Coding {
    /// Protobuf.
    pub(crate) const PROTO: Self = Self(None);

    /// `message` as a run of one frame.
    pub(crate) fn run<M>(&self, message: &mut M) -> Result<Bytes>
    where
        M: prost::Message + Default + 'static,
    {
        let mut run = BytesMut::with_capacity(FRAME_PREFIX + message.proto_len());
        write_frame(&mut run, |bytes| self.encode(message, bytes))?;
        Ok(run.freeze())
    }

    /// The run of one frame `run`, which is in the coding `from`, in this one.
    ///
    /// What type it is of is known with its JSON alone; without it this is [`Code::Unimplemented`](crate::Code::Unimplemented).
    #[cfg(feature = "json")]
    pub(crate) fn recode(&self, from: &Self, mut run: Bytes) -> Result<Bytes> {
        let (_, message) = split_frame(&mut run).unwrap_or_default();
        let codings = [self, from];
        let json = codings.iter().find_map(|coding| coding.0.as_ref()?.json);
        let json = json.ok_or_else(|| self.unknown_type())?;
        let mut run = BytesMut::with_capacity(FRAME_PREFIX + 2 * message.len());
        write_frame(&mut run, |bytes| {
            json.recode(message, [from.codec(), self.codec()], bytes)
        })?;
        Ok(run.freeze())
    }

    /// As with the feature `json`, without which no type is known.
    #[cfg(not(feature = "json"))]
    pub(crate) fn recode(&self, _from: &Self, _run: Bytes) -> Result<Bytes> {
        Err(self.unknown_type())
    }

    fn unknown_type(&self) -> Error {
        Error::unimplemented(format!(
            "the codec {} cannot be chosen for one call of a method without JSON: choose it for the client",
            self.codec().name()
        ))
    }

    fn codec(&self) -> &dyn Codec {
        match &self.0 {
            None => &Proto,
            Some(other) => &*other.codec,
        }
    }

    /// Appends `message` to `buffer`; it is as it was afterwards.
    pub(crate) fn encode<M>(&self, message: &mut M, buffer: &mut BytesMut) -> Result<()>
    where
        M: prost::Message + Default + 'static,
    {
        match &self.0 {
            None => Proto.encode(&*message, buffer),
            Some(other) => other.encode(message, buffer),
        }
    }

    /// The message in `frame`.
    pub(crate) fn decode<M>(&self, frame: Bytes) -> Result<M>
    where
        M: prost::Message + Default + 'static,
    {
        let mut message = M::default();
        match &self.0 {
            None => Proto.decode(frame, &mut message)?,
            Some(other) => other.decode(frame, &mut message)?,
        }
        Ok(message)
    }
}

impl Other {
    fn encode<M>(&self, message: &mut M, buffer: &mut BytesMut) -> Result<()>
    where
        M: prost::Message + Default + 'static,
    {
        #[cfg(feature = "json")]
        if let Some(json) = self.json {
            return self.codec.encode(&WithJson::new(message, json), buffer);
        }
        self.codec.encode(&*message, buffer)
    }

    fn decode<M>(&self, frame: Bytes, message: &mut M) -> Result<()>
    where
        M: prost::Message + Default + 'static,
    {
        #[cfg(feature = "json")]
        if let Some(json) = self.json {
            let mut message = WithJson::new(message, json);
            return self.codec.decode(frame, &mut message);
        }
        self.codec.decode(frame, message)
    }
}
