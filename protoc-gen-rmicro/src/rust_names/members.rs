//! Gives the fields and oneofs of a message their names.

use prost_types::field_descriptor_proto::{Label, Type};
use prost_types::{DescriptorProto, FieldDescriptorProto};

use super::scope::longer;
use super::{Renamed, RustNames, Scope, inside};
use crate::names;
use crate::shapes::{is_in_oneof, is_map_entry, is_message, map_entry_of};

/// Whether prost-build makes a module for what is inside of `message`.
pub(super) fn has_module(message: &DescriptorProto) -> bool {
    let mut nested = message.nested_type.iter();
    !message.enum_type.is_empty()
        || nested.any(|nested| !is_map_entry(nested))
        || message.field.iter().any(is_in_oneof)
}

/// Names the fields of the message `full`, which are on the wire only when set if `has_presence`.
pub(super) fn name_fields(
    full: &str,
    message: &DescriptorProto,
    has_presence: bool,
    names: &mut RustNames,
) -> Scope {
    let (mut fields, mut functions) = (Scope::default(), Scope::default());
    for field in message.field.iter().filter(|field| !is_in_oneof(field)) {
        let plain = plain(field.name());
        let accessors = Accessors::of(field, message, has_presence);
        let mut lower = plain.lower.clone();
        while fields.has(&lower) || accessors.are_in(&functions, &lower) {
            lower = longer(&lower);
        }
        fields.reserve(lower.clone());
        accessors.reserve(&mut functions, &lower);
        let upper = plain.upper.clone();
        names.note(inside(full, field.name()), plain, Renamed { upper, lower });
    }
    fields
}

/// Names the oneofs of the message `full`, whose fields have their names in `fields` already, and its types in `module`.
pub(super) fn name_oneofs(
    full: &str,
    message: &DescriptorProto,
    mut fields: Scope,
    module: &mut Scope,
    names: &mut RustNames,
) {
    for (index, oneof) in (0..).zip(&message.oneof_decl) {
        let fields_in = message.field.iter().filter(|field| is_in_oneof(field));
        let members = fields_in.filter(|field| field.oneof_index == Some(index));
        let members: Vec<_> = members.collect();
        if members.is_empty() {
            continue;
        }
        let plain = plain(oneof.name());
        let upper = module.take(oneof_type(oneof.name(), message));
        let lower = fields.take(plain.lower.clone());
        names.note(inside(full, oneof.name()), plain, Renamed { upper, lower });
        name_variants(full, oneof.name(), &members, names);
    }
}

fn name_variants(
    full: &str,
    oneof: &str,
    members: &[&FieldDescriptorProto],
    names: &mut RustNames,
) {
    let mut variants = Scope::default();
    for field in members {
        let plain = plain(field.name());
        let upper = variants.take(plain.upper.clone());
        let lower = plain.lower.clone();
        if upper != plain.upper {
            let path = inside(&inside(full, oneof), field.name());
            names.oneof_paths.insert(path, inside(full, field.name()));
        }
        names.note(inside(full, field.name()), plain, Renamed { upper, lower });
    }
}

fn plain(name: &str) -> Renamed {
    Renamed {
        upper: names::type_name(name),
        lower: names::member_name(name),
    }
}

/// prost-build's own way out when a oneof is called like a type beside its enum.
fn oneof_type(name: &str, message: &DescriptorProto) -> String {
    let upper = names::type_name(name);
    let messages = message.nested_type.iter().map(|nested| nested.name());
    let enums = message.enum_type.iter().map(|item| item.name());
    match messages
        .chain(enums)
        .any(|other| names::type_name(other) == upper)
    {
        true => format!("{upper}OneOf"),
        false => upper,
    }
}

/// The functions that prost derives for a field, by what stands before its name.
struct Accessors {
    prefixes: &'static [&'static str],
    /// prost cannot derive those of a map whose name is a raw identifier.
    is_map: bool,
}

impl Accessors {
    fn of(field: &FieldDescriptorProto, message: &DescriptorProto, has_presence: bool) -> Self {
        let entry = map_entry_of(field, &message.nested_type);
        let is_map = entry.is_some_and(|entry| is_enum(entry.field.get(1)));
        let has_presence = has_presence || field.proto3_optional();
        let prefixes: &[&str] = match (field.r#type(), field.label()) {
            _ if is_map => &["get_", "insert_"],
            (Type::Enum, Label::Repeated) => &["", "push_"],
            (Type::Enum, _) => &["", "set_"],
            (_, Label::Optional) if has_presence && !is_message(field) => &[""],
            _ => &[],
        };
        Self { prefixes, is_map }
    }

    fn are_in(&self, functions: &Scope, name: &str) -> bool {
        let is_raw = name.starts_with("r#");
        (is_raw && self.is_map) || self.names(name).any(|name| functions.has(&name))
    }

    fn reserve(&self, functions: &mut Scope, name: &str) {
        self.names(name).for_each(|name| functions.reserve(name));
    }

    fn names(&self, name: &str) -> impl Iterator<Item = String> {
        let name = name.strip_prefix("r#").unwrap_or(name);
        self.prefixes
            .iter()
            .map(move |prefix| format!("{prefix}{name}"))
    }
}

fn is_enum(field: Option<&FieldDescriptorProto>) -> bool {
    field.is_some_and(|field| field.r#type() == Type::Enum)
}
