//! What a server answers about streams.
//!
//! Invariant: an answer of another form is no entry and no panic.

use redis::Value;

use super::layout::{Id, bytes, message};
use super::seat::Incoming;
use crate::broker::Message;

/// An entry that was read; without a message where it was removed from the stream meanwhile.
#[derive(Debug)]
pub(super) struct Entry {
    pub(super) id: Id,
    pub(super) message: Option<Message>,
}

/// An entry that was delivered and not acknowledged.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Pending {
    pub(super) id: Id,
    /// How often it was delivered.
    pub(super) count: u32,
}

/// What a stream tells of itself, as far as it is wanted.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Told {
    /// The first entry that is there.
    pub(super) first: Option<Id>,
    /// The last that ever was.
    pub(super) last: Option<Id>,
}

impl Entry {
    /// What came with it for the time that is given, which is at least 1.
    pub(super) fn incoming(self, attempt: u32) -> Option<Incoming> {
        Some(Incoming {
            id: self.id,
            message: self.message?,
            attempt: attempt.max(1),
        })
    }
}

/// The entries in the answer to XREADGROUP for one stream.
pub(super) fn read(answer: Value) -> Vec<Entry> {
    let streams = list(answer).into_iter();
    let entries = streams.flat_map(|stream| list(stream).into_iter().nth(1));
    entries.flat_map(entries_of).collect()
}

/// How many entries [`read`] would find at most.
pub(super) fn count(answer: &Value) -> usize {
    members(answer)
        .iter()
        .filter_map(|stream| members(stream).get(1))
        .map(|entries| members(entries).len())
        .sum()
}

/// The entries in the answer to XCLAIM.
pub(super) fn entries_of(answer: Value) -> Vec<Entry> {
    let entry = |entry| {
        let mut parts = list(entry).into_iter();
        let id = id(parts.next()?)?;
        let message = match parts.next() {
            Some(Value::Array(fields)) => Some(message(fields)),
            _ => None,
        };
        Some(Entry { id, message })
    };
    list(answer).into_iter().filter_map(entry).collect()
}

/// The entries in the answer to XPENDING with a range.
pub(super) fn pending(answer: Value) -> Vec<Pending> {
    let entry = |entry| {
        let mut parts = list(entry).into_iter();
        let id = id(parts.next()?)?;
        let Some(Value::Int(count)) = parts.nth(2) else {
            return None;
        };
        let count = u32::try_from(count).unwrap_or(if count < 0 { 0 } else { u32::MAX });
        Some(Pending { id, count })
    };
    list(answer).into_iter().filter_map(entry).collect()
}

/// What is in the answer to XINFO STREAM.
pub(super) fn stream(answer: Value) -> Told {
    let first = field(answer.clone(), "first-entry").map(list);
    Told {
        first: first.and_then(|entry| id(entry.into_iter().next()?)),
        last: field(answer, "last-generated-id").and_then(id),
    }
}

/// How far `group` has read, in the answer to XINFO GROUPS.
pub(super) fn delivered(answer: Value, group: &str) -> Option<Id> {
    let groups = list(answer).into_iter();
    let mut ours = groups.filter(|told| {
        let name = field(told.clone(), "name").and_then(bytes);
        name.is_some_and(|name| name == group.as_bytes())
    });
    field(ours.next()?, "last-delivered-id").and_then(id)
}

/// The value behind `name` in the answer to an XINFO command.
pub(super) fn field(answer: Value, name: &str) -> Option<Value> {
    let mut parts = list(answer).into_iter();
    while let (Some(key), Some(value)) = (parts.next(), parts.next()) {
        if bytes(key).is_some_and(|key| key == name.as_bytes()) {
            return Some(value);
        }
    }
    None
}

/// The id that a value tells.
pub(super) fn id(value: Value) -> Option<Id> {
    Id::parse(&bytes(value)?)
}

fn members(value: &Value) -> &[Value] {
    match value {
        Value::Array(values) => values,
        _ => &[],
    }
}

/// The members of a list; of anything else none.
pub(super) fn list(value: Value) -> Vec<Value> {
    match value {
        Value::Array(values) => values,
        _ => Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(text: &str) -> Value {
        Value::BulkString(text.as_bytes().to_vec())
    }

    #[test]
    fn entries_are_read_and_removed_ones_have_no_message() {
        let there = Value::Array(vec![
            text("1-2"),
            Value::Array(vec![text("body"), text("b")]),
        ]);
        let removed = Value::Array(vec![text("1-3"), Value::Nil]);
        let entries = Value::Array(vec![there, removed, Value::Nil]);
        let answer = Value::Array(vec![Value::Array(vec![text("key"), entries])]);
        assert_eq!(count(&answer), 3);
        let read = read(answer);
        assert_eq!(read.len(), 2);
        assert_eq!(read[0].id.to_string(), "1-2");
        assert_eq!(read[0].message, Some(Message::new("b")));
        assert_eq!(read[1].message, None);
    }

    #[test]
    fn what_is_pending_says_how_often_it_was_delivered() {
        let of = |count| {
            Value::Array(vec![
                text("5-0"),
                text("me"),
                Value::Int(70),
                Value::Int(count),
            ])
        };
        let counts = pending(Value::Array(vec![of(1), of(-1), of(i64::MAX)]));
        let counts: Vec<_> = counts.iter().map(|pending| pending.count).collect();
        assert_eq!(counts, [1, 0, u32::MAX]);
    }

    #[test]
    fn a_stream_tells_its_first_and_its_last_entry() {
        let mut info = vec![text("length"), Value::Int(0)];
        info.extend([text("last-generated-id"), text("7-3")]);
        info.extend([text("first-entry"), Value::Nil]);
        let last = Id::parse(b"7-3");
        let told = |first| Told { first, last };
        assert_eq!(stream(Value::Array(info.clone())), told(None));
        info[5] = Value::Array(vec![text("6-1"), Value::Array(Vec::new())]);
        assert_eq!(stream(Value::Array(info)), told(Id::parse(b"6-1")));
    }

    #[test]
    fn other_answers_are_nothing() {
        for answer in [
            Value::Nil,
            Value::Okay,
            Value::Int(1),
            Value::Array(vec![Value::Int(1), Value::Array(vec![])]),
        ] {
            assert!(read(answer.clone()).is_empty() && pending(answer.clone()).is_empty());
            assert_eq!(count(&answer), 0);
            assert!(field(answer, "x").is_none());
        }
    }
}
