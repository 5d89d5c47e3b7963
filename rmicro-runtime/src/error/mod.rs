//! The one error of rmicro: a gRPC code, a message, and whatever travels with them.
//!
//! Deliberately absent: a blanket `From`. Every foreign error is given its code by hand, in one function per backend.

mod code;

use std::borrow::Cow;
use std::error::Error as StdError;
use std::fmt::{self, Write as _};

use bytes::Bytes;

pub use code::Code;

use crate::metadata::Metadata;

/// What every fallible operation of rmicro gives.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// A failed call, or a failure on the way to one.
///
/// `Display` is the message; `Debug` is one line with the code, the message and every source, as
/// `fn main() -> Result<()>` prints it.
///
/// ```
/// use rmicro_runtime::{Code, Error};
///
/// let error = Error::not_found("no user 7").source(std::io::Error::other("row is gone"));
/// assert_eq!(error.code(), Code::NotFound);
/// assert_eq!(error.to_string(), "no user 7");
/// assert_eq!(format!("{error:?}"), "NOT_FOUND: no user 7: row is gone");
/// ```
pub struct Error(Box<Inner>);

struct Inner {
    code: Code,
    message: Cow<'static, str>,
    service: Option<String>,
    details: Vec<Detail>,
    metadata: Metadata,
    unprocessed: bool,
    answer: bool,
    own: bool,
    source: Option<Box<dyn StdError + Send + Sync>>,
}

/// One typed detail of an error: a message and the name of its type, as in `google.protobuf.Any`.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Detail {
    /// For example `type.googleapis.com/google.rpc.RetryInfo`.
    pub type_url: String,
    /// The message, encoded as protobuf.
    pub value: Bytes,
}

impl Detail {
    /// A detail of the type that `type_url` names.
    pub fn new(type_url: impl Into<String>, value: impl Into<Bytes>) -> Self {
        Self {
            type_url: type_url.into(),
            value: value.into(),
        }
    }
}

macro_rules! constructors {
    ($($name:ident $code:ident $when:literal;)*) => {$(
        #[doc = concat!("An error with [`Code::", stringify!($code), "`]: ", $when, ".")]
        pub fn $name(message: impl Into<Cow<'static, str>>) -> Self {
            Self::new(Code::$code, message)
        }
    )*};
}

impl Error {
    /// An error with `code` and a message that says what was tried, and what to do.
    ///
    /// No error is [`Code::Ok`], which would be sent as a success: it counts as [`Code::Unknown`].
    pub fn new(code: Code, message: impl Into<Cow<'static, str>>) -> Self {
        Self(Box::new(Inner {
            code: match code {
                Code::Ok => Code::Unknown,
                code => code,
            },
            message: message.into(),
            service: None,
            details: Vec::new(),
            metadata: Metadata::new(),
            unprocessed: false,
            answer: false,
            own: false,
            source: None,
        }))
    }

    constructors! {
        cancelled Cancelled "the caller gave up";
        unknown Unknown "nothing better is known";
        invalid_argument InvalidArgument "the request can never succeed";
        deadline_exceeded DeadlineExceeded "the time was over first";
        not_found NotFound "what was asked for is not there";
        already_exists AlreadyExists "what was to be made is there";
        permission_denied PermissionDenied "this caller may not do it";
        resource_exhausted ResourceExhausted "a limit or quota was reached";
        failed_precondition FailedPrecondition "the state does not allow it now";
        aborted Aborted "somebody else was quicker; begin again";
        out_of_range OutOfRange "the request went past the end";
        unimplemented Unimplemented "the method is not served here";
        internal Internal "an invariant broke";
        unavailable Unavailable "it may work later, or elsewhere";
        data_loss DataLoss "data is lost for good";
        unauthenticated Unauthenticated "it is not known who asks";
    }

    /// Keeps `source` as what caused this error.
    #[must_use]
    pub fn source(mut self, source: impl Into<Box<dyn StdError + Send + Sync>>) -> Self {
        self.0.source = Some(source.into());
        self
    }

    /// Names the service that raised this error, where that is not the one that was called.
    #[must_use]
    pub fn service(mut self, id: impl Into<String>) -> Self {
        self.0.service = Some(id.into());
        self
    }

    /// Adds a typed detail.
    #[must_use]
    pub fn detail(mut self, detail: Detail) -> Self {
        self.0.details.push(detail);
        self
    }

    /// Replaces the metadata that travels with this error as trailers.
    #[must_use]
    pub fn with_metadata(mut self, metadata: Metadata) -> Self {
        self.0.metadata = metadata;
        self
    }

    /// Puts `stage` in front of the message, as in `dial: connection refused`.
    #[must_use]
    pub fn at(mut self, stage: impl fmt::Display) -> Self {
        self.0.message = format!("{stage}: {}", self.0.message).into();
        self
    }

    /// Says `message` instead, and keeps all else.
    pub(crate) fn reworded(mut self, message: String) -> Self {
        self.0.message = message.into();
        self
    }

    /// Marks the call as one that no handler has seen, so that another node may be asked.
    ///
    /// Only a transport that has proof says this: the connection failed, the stream was refused, or its number lies above the
    /// last one that a GOAWAY names (RFC 9113, section 6.8).
    #[must_use]
    pub fn unprocessed(mut self) -> Self {
        self.0.unprocessed = true;
        self
    }

    /// Marks the error as what the peer itself answered: the handler of a call, or who stands in front of it.
    ///
    /// Only a transport says this, which has read the peer's status. What a client says of a call that broke names how far the
    /// call had come; an answer is the handler's own word, and stays as it is.
    #[must_use]
    pub fn answered(mut self) -> Self {
        self.0.answer = true;
        self
    }

    /// Marks the error as the word of our own side, which would not send the call, or not go on with it.
    ///
    /// Such an error shows where the reply is awaited, and is none of the peer's.
    #[cfg(feature = "grpc")]
    #[must_use]
    pub(crate) fn of_sending(mut self) -> Self {
        self.0.own = true;
        self
    }

    /// Whether our own side would not send.
    pub(crate) fn is_of_sending(&self) -> bool {
        self.0.own
    }

    /// The same error for somebody else who is to see it, without its source.
    pub(crate) fn copy(&self) -> Self {
        Self(Box::new(Inner {
            code: self.0.code,
            message: self.0.message.clone(),
            service: self.0.service.clone(),
            details: self.0.details.clone(),
            metadata: self.0.metadata.clone(),
            source: None,
            ..*self.0
        }))
    }

    /// The gRPC status code.
    pub fn code(&self) -> Code {
        self.0.code
    }

    /// The message, without sources.
    pub fn message(&self) -> &str {
        &self.0.message
    }

    /// The id of the service that raised this error, where it is known: by convention the name under
    /// which it is registered.
    ///
    /// It is go-micro's `id`: a go-micro server tells it, and a go-micro caller learns it, the name of
    /// the serving service where the error has none. gRPC has no place for it, so that other callers
    /// over the network do not learn it.
    pub fn service_id(&self) -> Option<&str> {
        self.0.service.as_deref()
    }

    /// The typed details, in the order in which they were added.
    pub fn details(&self) -> &[Detail] {
        &self.0.details
    }

    /// What travelled with this error as trailers.
    pub fn metadata(&self) -> &Metadata {
        &self.0.metadata
    }

    /// Whether this is what the peer answered, and not how a call broke on its way.
    pub fn is_answer(&self) -> bool {
        self.0.answer
    }

    /// Whether it is proved that no handler has seen the call.
    pub fn is_unprocessed(&self) -> bool {
        self.0.unprocessed
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.message)
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.0.code, OneLine(&self.0.message))?;
        let mut source = StdError::source(self);
        while let Some(error) = source {
            write!(f, ": {}", OneLine(&error.to_string()))?;
            source = error.source();
        }
        Ok(())
    }
}

/// A text of anybody's, without the characters that would break a line or command a terminal.
struct OneLine<'a>(&'a str);

impl fmt::Display for OneLine<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.chars().try_for_each(|character| match character {
            control if control.is_control() => write!(f, "{}", control.escape_default()),
            character => f.write_char(character),
        })
    }
}

impl StdError for Error {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        self.0.source.as_deref().map(|source| source as _)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_error_is_ok() {
        assert_eq!(Error::new(Code::Ok, "why").code(), Code::Unknown);
    }

    #[test]
    fn debug_is_one_line_with_sources() {
        let io = std::io::Error::other("refused");
        let error = Error::unavailable("127.0.0.1:9").source(io).at("dial");
        assert_eq!(
            format!("{error:?}"),
            "UNAVAILABLE: dial: 127.0.0.1:9: refused"
        );
    }

    #[test]
    fn debug_stays_one_line_whatever_a_peer_sends() {
        let source = std::io::Error::other("two\nlines");
        let error = Error::internal("naïve\r\nlevel=info \u{1b}[31m").source(source);
        let shown = r"INTERNAL: naïve\r\nlevel=info \u{1b}[31m: two\nlines";
        assert_eq!(format!("{error:?}"), shown);
    }

    #[test]
    fn nothing_is_unprocessed_without_proof() {
        let error = Error::unavailable("gone");
        assert!(!error.is_unprocessed());
        assert!(error.unprocessed().is_unprocessed());
    }
}
