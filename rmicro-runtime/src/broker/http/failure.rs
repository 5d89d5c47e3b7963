//! Why a delivery failed, and what that proves.

use std::fmt::{self, Display, Write as _};
use std::sync::Arc;

use http::StatusCode;

use super::record::Target;
use crate::error::{Code, Error};

/// How many failures an error names.
const MOST_NAMED: usize = 8;

/// A delivery that failed.
#[derive(Debug)]
pub(super) struct Failure {
    pub(super) known: Known,
    why: String,
}

/// What is known of a message whose delivery failed.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Known {
    /// It never left, since the node could not be reached.
    Unsent,
    /// It was not taken, since the node's subscription has ended.
    Gone,
    /// The node has refused it.
    Refused(StatusCode),
    /// It may have been taken or not.
    Nothing,
}

impl Failure {
    pub(super) fn new(known: Known, why: impl Display) -> Self {
        Self {
            known,
            why: why.to_string(),
        }
    }

    /// It never left.
    pub(super) fn unsent(why: impl Display) -> Self {
        Self::new(Known::Unsent, why)
    }

    /// Nobody was reached at `address`.
    pub(super) fn unreached(address: &str, why: impl Display) -> Self {
        let local = ["127.", "[::1]", "localhost:"];
        let hint = match local.iter().any(|local| address.starts_with(local)) {
            true => {
                "; only its own machine reaches this address: unless that is this one, start it with a broker address"
            }
            false => "",
        };
        Self::unsent(format_args!("it cannot be reached: {why}{hint}"))
    }

    /// The node has answered with `status` and `text`.
    pub(super) fn answered(status: StatusCode, text: &[u8]) -> Self {
        const SHOWN: usize = 256;
        let text = String::from_utf8_lossy(&text[..text.len().min(SHOWN)]);
        let why = format!("it answers {status}: {}", text.trim());
        Self::new(Known::Refused(status), why)
    }

    /// Whether another node of the queue may be asked: this one is proved not to have the message.
    pub(super) fn is_proof(&self) -> bool {
        matches!(self.known, Known::Unsent | Known::Gone)
    }

    /// Whether whoever is at the address has the trouble, and not this one message.
    pub(super) fn is_of_the_address(&self) -> bool {
        matches!(self.known, Known::Unsent | Known::Nothing)
    }
}

/// The error of a publication of which `failed` out of `count` deliveries failed.
pub(super) fn error(failed: &[(Arc<Target>, Failure)], count: usize) -> Error {
    let mut text = format!("{} of {count} deliveries failed", failed.len());
    for (target, failure) in failed.iter().take(MOST_NAMED) {
        // Writing to a string does not fail.
        let _ = write!(text, "; {}", Told(target, failure));
    }
    if failed.len() > MOST_NAMED {
        let _ = write!(text, "; and {} more", failed.len() - MOST_NAMED);
    }
    let too_long = |(_, failure): &(_, Failure)| {
        failure.known == Known::Refused(StatusCode::PAYLOAD_TOO_LARGE)
    };
    let code = match failed.iter().all(too_long) {
        true => Code::ResourceExhausted,
        false => Code::Unavailable,
    };
    Error::new(code, text)
}

/// What is said of `targets` while their answers are waited for; `None` where there are none.
pub(super) fn unanswered<'a>(targets: impl Iterator<Item = &'a Target>) -> Option<String> {
    let waiting: Vec<_> = targets
        .map(|target| {
            let Target { id, address, .. } = target;
            format!("node {id} at {address} has not answered (it may get the message)")
        })
        .collect();
    let mut told = waiting.get(..MOST_NAMED).unwrap_or(&waiting).join("; ");
    if waiting.len() > MOST_NAMED {
        // Writing to a string does not fail.
        let _ = write!(told, "; and {} more", waiting.len() - MOST_NAMED);
    }
    (!told.is_empty()).then_some(told)
}

struct Told<'a>(&'a Target, &'a Failure);

impl Display for Told<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self(target, failure) = self;
        write!(
            f,
            "node {} at {}: {}",
            target.id, target.address, failure.why
        )?;
        match failure.known {
            Known::Nothing => f.write_str(" (it may have the message)"),
            _ => Ok(()),
        }
    }
}
