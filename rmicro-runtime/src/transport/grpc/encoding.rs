//! How messages are compressed (gRPC's `PROTOCOL-HTTP2.md`, "Message-Encoding", and
//! `compression.md`).

use bytes::Bytes;
use http::header::{HeaderMap, HeaderName, HeaderValue};

use crate::error::{Error, Result};

pub(super) const GRPC_ENCODING: HeaderName = HeaderName::from_static("grpc-encoding");
pub(super) const GRPC_ACCEPT_ENCODING: HeaderName = HeaderName::from_static("grpc-accept-encoding");

/// What is understood, in the form of `grpc-accept-encoding`.
pub(super) fn accepted() -> HeaderValue {
    HeaderValue::from_static(if cfg!(feature = "gzip") {
        "identity,gzip"
    } else {
        "identity"
    })
}

/// What `grpc-encoding` says about the messages that follow.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Encoding {
    /// Nothing, or `identity`: no message may be compressed.
    Identity,
    #[cfg(feature = "gzip")]
    Gzip,
    /// Something that is not understood here.
    Unknown(String),
}

impl Encoding {
    /// What `headers` say, of which it takes its own away.
    pub(super) fn take(headers: &mut HeaderMap) -> Self {
        Self::of(headers.remove(GRPC_ENCODING).as_ref())
    }

    /// What the value of `grpc-encoding` says.
    pub(super) fn of(value: Option<&HeaderValue>) -> Self {
        let Some(value) = value else {
            return Self::Identity;
        };
        match value.as_bytes() {
            b"identity" => Self::Identity,
            #[cfg(feature = "gzip")]
            b"gzip" => Self::Gzip,
            name => Self::Unknown(String::from_utf8_lossy(name).into_owned()),
        }
    }

    /// A message as it was before it was compressed, which may have `limit` bytes.
    pub(super) fn unpack(&self, message: Bytes, limit: usize) -> Result<Bytes> {
        match self {
            #[cfg(feature = "gzip")]
            Self::Gzip => super::gzip::unpack(&message, limit),
            // The prefix of such a message is refused before it is put together.
            Self::Identity | Self::Unknown(_) => {
                let _ = (message, limit);
                Err(self.refuse())
            }
        }
    }

    /// Refuses a message that is marked as compressed where nothing, or nobody here, says how.
    pub(super) fn check_compressed(&self) -> Result<()> {
        match self {
            #[cfg(feature = "gzip")]
            Self::Gzip => Ok(()),
            Self::Identity | Self::Unknown(_) => Err(self.refuse()),
        }
    }

    fn refuse(&self) -> Error {
        Error::internal(match self {
            Self::Unknown(name) => {
                format!("a message came compressed as {name:?}, which is not understood here")
            }
            _ => "a message is marked as compressed, but grpc-encoding does not say how".to_owned(),
        })
    }
}

/// The run as it leaves: in gzip if `compress`.
pub(super) fn pack_run(run: Bytes, compress: bool) -> Bytes {
    #[cfg(feature = "gzip")]
    if compress {
        return super::gzip::pack_run(run);
    }
    #[cfg(not(feature = "gzip"))]
    let _ = compress;
    run
}

/// Whether a peer understands gzip whose `grpc-accept-encoding` is `value`.
pub(super) fn accepts_gzip(value: &HeaderValue) -> bool {
    let mut names = value.as_bytes().split(|&byte| byte == b',');
    names.any(|name| name.trim_ascii() == b"gzip")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(name: HeaderName, value: &'static str) -> HeaderMap {
        HeaderMap::from_iter([(name, HeaderValue::from_static(value))])
    }

    #[test]
    fn only_a_list_that_has_gzip_accepts_it() {
        for (value, accepts) in [
            ("gzip", true),
            ("identity, deflate, gzip", true),
            ("identity,gzip", true),
            ("identity", false),
            ("xgzip", false),
            ("", false),
        ] {
            let header = HeaderValue::from_static(value);
            assert_eq!(accepts_gzip(&header), accepts, "{value}");
        }
    }

    #[test]
    fn compressed_messages_need_an_encoding_that_is_known() {
        for (value, good) in [("identity", false), ("snappy", false), ("gzip", true)] {
            let encoding = Encoding::take(&mut of(GRPC_ENCODING, value));
            let good = good && cfg!(feature = "gzip");
            assert_eq!(encoding.check_compressed().is_ok(), good, "{value}");
        }
        let none = Encoding::take(&mut HeaderMap::new());
        assert_eq!(none, Encoding::Identity);
    }
}
