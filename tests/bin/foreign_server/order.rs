//! What a name asks for.

use std::time::Duration;

use rmicro_runtime::{Code, Detail, Error};
use rmicro_tests::reply;

/// What the name in a request asks for.
pub(crate) enum Order<'a> {
    /// `fail CODE TEXT`
    Fail(Code, &'a str),
    /// `sleep MILLISECONDS`
    Sleep(Duration),
    /// `wait`
    Wait,
    /// `cancelled`
    Cancelled,
    /// `deadline`
    Deadline,
    /// `metadata KEY`
    Metadata(&'a str),
    /// `size BYTES`
    Size(usize),
    /// `done`
    Done,
    /// Anything else.
    Greet,
}

impl<'a> Order<'a> {
    /// What `name` asks for; what cannot be read is greeted.
    pub(crate) fn of(name: &'a str) -> Self {
        let (word, rest) = name.split_once(' ').unwrap_or((name, ""));
        let order = match word {
            "fail" => fail(rest),
            "sleep" => rest
                .parse()
                .ok()
                .map(Duration::from_millis)
                .map(Self::Sleep),
            "wait" => Some(Self::Wait),
            "cancelled" => Some(Self::Cancelled),
            "deadline" => Some(Self::Deadline),
            "metadata" => Some(Self::Metadata(rest)),
            "done" => Some(Self::Done),
            "size" => rest.parse().ok().map(Self::Size),
            _ => None,
        };
        order.unwrap_or(Self::Greet)
    }
}

fn fail(rest: &str) -> Option<Order<'_>> {
    let (code, text) = rest.split_once(' ')?;
    Some(Order::Fail(Code::from_number(code.parse().ok()?), text))
}

/// The error that `fail` asks for: it names its service, and has one detail.
pub(crate) fn failure(code: Code, text: &str) -> Error {
    let detail = prost::Message::encode_to_vec(&reply(text));
    Error::new(code, text.to_owned())
        .service("greeter")
        .detail(Detail::new(
            "type.googleapis.com/greet.v1.HelloReply",
            detail,
        ))
}
