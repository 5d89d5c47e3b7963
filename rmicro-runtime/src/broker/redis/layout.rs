//! How a message lies in a stream: its header and its body as fields of one entry, readable for anybody.
//!
//! Invariant: what is written is read back as it was; fields that nobody here wrote are passed over.

use std::fmt;

use bytes::Bytes;
use redis::{Cmd, RedisWrite, ToRedisArgs, Value};

use crate::broker::{Header, Message};

/// The field of the body.
const BODY: &str = "body";
/// What stands in front of a name of the header in the name of its field.
const HEADER: &str = "header:";
/// No less than the bytes of a command that adds an entry without its key, its header and its body.
const OVERHEAD: usize = 48;

/// The name of an entry: a time in milliseconds and a number within it.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
pub(super) struct Id {
    ms: u64,
    number: u64,
}

impl Id {
    /// The id that `text` tells, `MILLISECONDS-NUMBER`.
    pub(super) fn parse(text: &[u8]) -> Option<Self> {
        let (ms, number) = std::str::from_utf8(text).ok()?.split_once('-')?;
        let (ms, number) = (ms.parse().ok()?, number.parse().ok()?);
        Some(Self { ms, number })
    }

    /// The last id before the millisecond of this one.
    pub(super) fn before_its_time(self) -> Self {
        self.ms
            .checked_sub(1)
            .map_or_else(Self::default, |ms| Self {
                ms,
                number: u64::MAX,
            })
    }
}

impl fmt::Display for Id {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}", self.ms, self.number)
    }
}

impl ToRedisArgs for Id {
    fn write_redis_args<W: ?Sized + RedisWrite>(&self, out: &mut W) {
        out.write_arg_fmt(self);
    }
}

/// The command that adds `message` to the stream `key`, which is cut to about `max_len` entries.
pub(super) fn add(key: &str, max_len: Option<u64>, message: &Message) -> Cmd {
    let names = message.header.iter();
    let header: usize = names
        .map(|(name, value)| HEADER.len() + name.len() + value.len())
        .sum();
    let size = key.len() + header + message.body.len() + OVERHEAD;
    let mut add = Cmd::with_capacity(8 + 2 * message.header.iter().count(), size);
    add.arg("XADD").arg(key);
    if let Some(most) = max_len {
        add.arg("MAXLEN").arg("~").arg(most);
    }
    add.arg("*");
    for (name, value) in message.header.iter() {
        add.write_arg_fmt(format_args!("{HEADER}{name}"));
        add.arg(value);
    }
    add.arg(BODY).arg(&message.body[..]);
    add
}

/// The message in the fields of an entry.
pub(super) fn message(fields: Vec<Value>) -> Message {
    let mut message = Message::default();
    let mut names = Vec::new();
    let mut fields = fields.into_iter();
    while let (Some(name), Some(value)) = (fields.next(), fields.next()) {
        let (Some(name), Some(value)) = (bytes(name), bytes(value)) else {
            continue;
        };
        if name == BODY.as_bytes() {
            message.body = Bytes::from(value);
        } else if let Some(name) = name.strip_prefix(HEADER.as_bytes()) {
            names.push((text(name.to_vec()), text(value)));
        }
    }
    message.header = names.into_iter().collect::<Header>();
    message
}

/// The bytes of a string.
pub(super) fn bytes(value: Value) -> Option<Vec<u8>> {
    match value {
        Value::BulkString(bytes) => Some(bytes),
        Value::SimpleString(text) => Some(text.into_bytes()),
        _ => None,
    }
}

/// Bytes of others as text; what is none is replaced.
fn text(bytes: Vec<u8>) -> String {
    String::from_utf8(bytes)
        .unwrap_or_else(|error| String::from_utf8_lossy(error.as_bytes()).into_owned())
}

#[cfg(test)]
mod tests {
    use redis::Arg;

    use super::*;

    fn fields(add: &Cmd) -> Vec<Value> {
        let all = add.args_iter().map(|arg| match arg {
            Arg::Simple(bytes) => Value::BulkString(bytes.to_vec()),
            other => panic!("{other:?}"),
        });
        let mut all: Vec<_> = all.collect();
        let star = all
            .iter()
            .position(|arg| *arg == Value::BulkString(b"*".to_vec()));
        all.split_off(star.unwrap() + 1)
    }

    #[test]
    fn what_is_written_is_read_back() {
        let messages = [
            Message::default(),
            Message::new(&[0, 255, b'\n'][..])
                .header("Id", "naïve")
                .header("body", "a name as any other"),
            Message::new("x")
                .header("", "")
                .header("header:a", "b")
                .keyed("k"),
        ];
        for sent in messages {
            assert_eq!(message(fields(&add("k", None, &sent))), sent);
        }
    }

    #[test]
    fn a_limit_is_in_the_command() {
        let command = add("key", Some(9), &Message::new("x"));
        let packed = String::from_utf8(command.get_packed_command()).unwrap();
        let words: Vec<_> = packed.split("\r\n").skip(2).step_by(2).collect();
        assert_eq!(words, ["XADD", "key", "MAXLEN", "~", "9", "*", "body", "x"]);
    }

    #[test]
    fn fields_of_others_are_passed_over() {
        let field = |text: &str| Value::BulkString(text.as_bytes().to_vec());
        let got = message(vec![
            field("note"),
            field("x"),
            field("body"),
            field("b"),
            field("alone"),
        ]);
        assert_eq!(got, Message::new("b"));
        let bad = message(vec![Value::BulkString(b"header:\xff".to_vec()), field("v")]);
        assert_eq!(bad.header.get("\u{fffd}"), Some("v"));
    }

    #[test]
    fn ids_are_ordered_by_time_and_number() {
        let id = |text: &str| Id::parse(text.as_bytes()).unwrap();
        assert!(id("9-5") < id("10-0") && id("10-2") < id("10-10"));
        assert_eq!(id("1700000000000-3").to_string(), "1700000000000-3");
        for bad in [
            "",
            "1",
            "1-",
            "-1",
            "a-b",
            "1-2-3",
            "99999999999999999999-0",
        ] {
            assert_eq!(Id::parse(bad.as_bytes()), None, "{bad}");
        }
    }
}
