//! Refuses messages that lie in each other in more ways, or deeper, than prost-build can walk.
//!
//! Whether a message is `Copy`, and whether it is `Eq`, prost-build finds out by looking into each message that it holds: anew
//! for each field, by recursion, up to the first that is not. Forty messages that each hold the next one twice would take it
//! years, and a chain of 100,000 would overflow the stack. In Rust such messages are inside of each other, so that one of those
//! which are refused here would not have room on a stack either.
//!
//! Invariant: what [`check`] lets pass is walked in [`MOST_STEPS`] steps at most, by a recursion of [`DEEPEST`] at most.

use std::collections::HashMap;

use prost_types::field_descriptor_proto::{Label, Type};
use prost_types::{DescriptorProto, FieldDescriptorProto};

use super::{order, scope_of};
use crate::error::{Result, bail};
use crate::request::{ProtoFile, Request};
use crate::shapes::is_map_entry;

/// What all messages of a run may take together: seconds, or a minute without optimization.
const MOST_STEPS: u64 = 10_000_000;

/// How many messages may lie in one another; rustc by itself gives up at 128.
const DEEPEST: u32 = 300;

/// Refuses `request` if prost-build would not come to an end with it. All types that it names have to exist.
pub(super) fn check(request: &Request) -> Result<()> {
    let mut messages = Vec::new();
    for file in &request.files {
        let scope = scope_of(file);
        for (index, message) in (0..).zip(&file.proto.message_type) {
            Message::add(&mut messages, file, &scope, &[4, index], message);
        }
    }
    let held = held(&messages);
    let mut walks = vec![[Walk::default(); 2]; messages.len()];
    let mut steps: u64 = 0;
    for group in order::inner_first(&inside(&held)) {
        // Those that hold each other are boxed, and the walk ends there, as it does while nothing is known of them.
        let both = |index: &usize| [0, 1].map(|which| Walk::of(&held[*index], which, &walks));
        let known: Vec<[Walk; 2]> = group.iter().map(both).collect();
        for (index, both) in group.into_iter().zip(known) {
            steps = both
                .iter()
                .fold(steps, |sum, walk| sum.saturating_add(walk.steps));
            messages[index].refuse(both, steps)?;
            walks[index] = both;
        }
    }
    Ok(())
}

/// A message with what an error says of it.
#[derive(Debug)]
struct Message<'a> {
    file: &'a ProtoFile,
    path: Vec<i32>,
    full: String,
    fields: &'a [FieldDescriptorProto],
}

impl<'a> Message<'a> {
    /// Adds `message`, which is in `scope`, and those inside of it to `all`.
    fn add(
        all: &mut Vec<Self>,
        file: &'a ProtoFile,
        scope: &str,
        path: &[i32],
        message: &'a DescriptorProto,
    ) {
        let full = format!("{scope}.{}", message.name());
        for (index, nested) in (0..).zip(&message.nested_type) {
            if !is_map_entry(nested) {
                Self::add(all, file, &full, &[path, &[3, index]].concat(), nested);
            }
        }
        all.push(Self {
            file,
            path: path.to_vec(),
            full,
            fields: &message.field,
        });
    }

    fn refuse(&self, walks: [Walk; 2], steps: u64) -> Result<()> {
        let (place, name) = (self.file.place(&self.path), &self.full[1..]);
        if walks.iter().any(|walk| walk.depth > DEEPEST) {
            bail!(
                "{place}: more than {DEEPEST} messages lie in one another inside of {name}, too many for Rust; \
                 make a field on the way repeated"
            );
        }
        if steps > MOST_STEPS {
            bail!(
                "{place}: {name} holds other messages in too many ways, which would all be inside of it in Rust; \
                 make a field on the way repeated"
            );
        }
        Ok(())
    }
}

/// What a field is to a walk.
#[derive(Clone, Copy, Debug)]
enum Held {
    /// A message by its index, in one copy.
    Message(usize),
    /// Anything else: whether it is `Copy`, and whether it is `Eq`.
    Plain([bool; 2]),
}

/// One of prost-build's two walks through a message, that for `Copy` or that for `Eq`.
#[derive(Clone, Copy, Debug, Default)]
struct Walk {
    steps: u64,
    depth: u32,
    /// Whether it came to the end of all fields.
    is_whole: bool,
}

impl Walk {
    /// The first or the second walk through `fields`, by what is known of the messages inside.
    fn of(fields: &[Held], which: usize, known: &[[Self; 2]]) -> Self {
        let mut walk = Self {
            steps: 1,
            depth: 1,
            is_whole: true,
        };
        for field in fields {
            walk.is_whole = match field {
                Held::Message(index) => walk.enter(known[*index][which]),
                Held::Plain(holds) => holds[which],
            };
            if !walk.is_whole {
                break;
            }
        }
        walk
    }

    fn enter(&mut self, inner: Self) -> bool {
        self.steps = self.steps.saturating_add(inner.steps);
        self.depth = self.depth.max(inner.depth.saturating_add(1));
        inner.is_whole
    }
}

/// What the fields of each message are to a walk.
fn held(messages: &[Message<'_>]) -> Vec<Vec<Held>> {
    let names = messages.iter().map(|message| message.full.as_str());
    let index: HashMap<&str, usize> = names.zip(0..).collect();
    let held = |field: &FieldDescriptorProto| match (field.label(), field.r#type()) {
        (Label::Repeated, _) | (_, Type::Group) => Held::Plain([false, false]),
        (_, Type::Message) => match index.get(field.type_name()) {
            Some(index) => Held::Message(*index),
            None => Held::Plain([false, false]),
        },
        (_, Type::Float | Type::Double) => Held::Plain([true, false]),
        (_, Type::String | Type::Bytes) => Held::Plain([false, true]),
        _ => Held::Plain([true, true]),
    };
    let all = messages.iter();
    all.map(|message| message.fields.iter().map(held).collect())
        .collect()
}

/// The messages that each message has inside.
fn inside(held: &[Vec<Held>]) -> Vec<Vec<usize>> {
    let message = |held: &Held| match held {
        Held::Message(index) => Some(*index),
        Held::Plain(_) => None,
    };
    let all = held.iter();
    all.map(|held| held.iter().filter_map(message).collect())
        .collect()
}
