//! Which groups have to be boxed.
//!
//! prost-build boxes a field whose message contains, over whatever others, the message that has the field. It looks at messages
//! alone and not at groups, so messages that contain each other as groups would have no end.

use std::collections::{BTreeMap, BTreeSet};

use prost_types::field_descriptor_proto::{Label, Type};
use prost_types::{DescriptorProto, FieldDescriptorProto};

use crate::request::Request;
use crate::shapes::{is_in_oneof, is_message};

/// The full names of the groups in `request` that are inside of themselves; of those in a oneof with its name before theirs.
pub(crate) fn endless_groups(request: &Request) -> Vec<String> {
    let mut graph = Graph::default();
    for file in &request.files {
        let package = file.proto.package();
        let dot = if package.is_empty() { "" } else { "." };
        for message in &file.proto.message_type {
            graph.add(&format!("{dot}{package}.{}", message.name()), message);
        }
    }
    let groups = std::mem::take(&mut graph.groups).into_iter();
    let endless = groups.filter(|group| graph.contains(&group.message, &group.around));
    endless.map(|group| group.name).collect()
}

/// Which messages contain which, by full names.
#[derive(Debug, Default)]
struct Graph {
    inside: BTreeMap<String, Vec<String>>,
    groups: Vec<Group>,
}

/// A group that can hold one message.
#[derive(Debug)]
struct Group {
    /// What the field is called where prost-build is told to box it.
    name: String,
    message: String,
    around: String,
}

impl Graph {
    fn add(&mut self, full: &str, message: &DescriptorProto) {
        let is_single =
            |field: &&FieldDescriptorProto| is_message(field) && field.label() != Label::Repeated;
        for field in message.field.iter().filter(is_single) {
            let inner = field.type_name().to_owned();
            if field.r#type() == Type::Group {
                self.groups.push(Group {
                    name: format!("{full}.{}", path_of(field, message)),
                    message: inner.clone(),
                    around: full.to_owned(),
                });
            }
            self.inside.entry(full.to_owned()).or_default().push(inner);
        }
        for nested in &message.nested_type {
            self.add(&format!("{full}.{}", nested.name()), nested);
        }
    }

    fn contains(&self, outer: &str, inner: &str) -> bool {
        let mut seen = BTreeSet::new();
        let mut open = vec![outer];
        while let Some(name) = open.pop() {
            if name == inner {
                return true;
            }
            if seen.insert(name) {
                open.extend(
                    self.inside
                        .get(name)
                        .into_iter()
                        .flatten()
                        .map(String::as_str),
                );
            }
        }
        false
    }
}

fn path_of(field: &FieldDescriptorProto, message: &DescriptorProto) -> String {
    let index = field.oneof_index.filter(|_| is_in_oneof(field));
    let index = index.and_then(|index| usize::try_from(index).ok());
    match index.and_then(|index| message.oneof_decl.get(index)) {
        Some(oneof) => format!("{}.{}", oneof.name(), field.name()),
        None => field.name().to_owned(),
    }
}
