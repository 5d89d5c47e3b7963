//! What goes wrong at a server: what is an outage, which is waited for, and what is refused, which is told.
//!
//! Invariant: every foreign error gets its [`Code`](crate::Code) here, and no text has a credential.

use redis::{ErrorKind, RedisError, ServerErrorKind};

use crate::error::Error;

/// Why a command was not done.
#[derive(Debug)]
pub(super) enum Trouble {
    /// The server is not to be reached, or not now; why.
    Away(String),
    /// The group is unknown to the server.
    NoGroup,
    /// The group that was to be made is there.
    HasGroup,
    /// The server will not do it.
    Refused(Error),
}

impl Trouble {
    /// What `error` means; `at` is the server, `key` what the command was about.
    pub(super) fn of(error: &RedisError, at: &str, key: &str) -> Self {
        match error.kind() {
            ErrorKind::Io => Self::Away(error.to_string()),
            ErrorKind::Parse => Self::Away("it sends what is not the protocol of Redis".to_owned()),
            ErrorKind::Server(
                ServerErrorKind::BusyLoading
                | ServerErrorKind::MasterDown
                | ServerErrorKind::TryAgain
                | ServerErrorKind::ClusterDown,
            ) => Self::Away(error.to_string()),
            _ => match &*code(error) {
                // A waiting reader learns of the end of its stream by the second.
                "NOGROUP" | "UNBLOCKED" => Self::NoGroup,
                "BUSYGROUP" => Self::HasGroup,
                _ => Self::Refused(refusal(error, at, key)),
            },
        }
    }

    /// The error for who does not wait.
    pub(super) fn into_error(self, at: &str) -> Error {
        match self {
            Self::Away(why) => Error::unavailable(unreached(at, &why)),
            Self::NoGroup | Self::HasGroup => Error::aborted(format!(
                "somebody else has changed the queue at redis {at} meanwhile"
            )),
            Self::Refused(error) => error,
        }
    }
}

/// What is said of the server at `at` while it is away.
pub(super) fn unreached(at: &str, why: &str) -> String {
    format!("redis at {at} cannot be reached: {why}")
}

/// What the peer at `at` is, which answers a greeting like this.
pub(super) fn stranger(at: &str) -> Error {
    Error::failed_precondition(format!(
        "{at} does not speak the protocol of Redis: is the address right?"
    ))
}

fn refusal(error: &RedisError, at: &str, key: &str) -> Error {
    let said = error.to_string();
    match (error.kind(), &*code(error)) {
        (ErrorKind::AuthenticationFailed, _) | (_, "WRONGPASS") => {
            Error::unauthenticated(format!("redis at {at} refuses the user or the password"))
        }
        (_, "NOAUTH") => Error::unauthenticated(format!(
            "redis at {at} wants a password: give it in the URL, redis://USER:PASSWORD@HOST:PORT"
        )),
        (ErrorKind::Server(ServerErrorKind::NoPerm), _) => Error::permission_denied(format!(
            "redis at {at} does not allow it to this user: {said}"
        )),
        (ErrorKind::Server(ServerErrorKind::ReadOnly), _) => Error::failed_precondition(format!(
            "redis at {at} is a read-only replica: give the address of its primary"
        )),
        (ErrorKind::Server(ServerErrorKind::Moved | ServerErrorKind::Ask), _) => {
            Error::unimplemented(format!(
                "redis at {at} is a node of a cluster, which broker redis cannot use"
            ))
        }
        (_, "WRONGTYPE") => Error::failed_precondition(format!(
            "the key {key:?} of redis at {at} is no stream: somebody else uses the name; set another prefix"
        )),
        (_, "OOM") => {
            Error::resource_exhausted(format!("redis at {at} has no memory left: {said}"))
        }
        (_, "MISCONF") => Error::unavailable(format!("redis at {at} takes nothing now: {said}")),
        _ => Error::unknown(format!(
            "redis at {at} refuses a command for {key:?}: {said}"
        )),
    }
}

/// The word with which the server begins its answer; of several commands the first that was refused.
fn code(error: &RedisError) -> String {
    if let Some(code) = error.code() {
        return code.to_owned();
    }
    let all = error.clone().into_server_errors();
    let first = all.as_deref().and_then(<[_]>::first);
    first.map_or_else(String::new, |(_, error)| error.code().to_owned())
}
