//! One field: where its value is, and what that looks like in JSON.

use prost_types::field_descriptor_proto::{Label, Type};
use prost_types::{DescriptorProto, FieldDescriptorProto};

use super::FileJson;
use crate::error::Result;
use crate::shapes::{is_in_oneof, is_message, map_entry_of};

/// A field as the templates want it.
#[derive(Debug)]
pub(super) struct Field {
    /// Its place in the message.
    pub(super) number: usize,
    /// The member of the struct, which several fields of a oneof share.
    pub(super) member: String,
    pub(super) place: Place,
    /// The format of a value; of a map, that of what its keys lead to.
    pub(super) format: Format,
    oneof: Option<i32>,
}

/// How a field is declared in Rust.
#[derive(Debug)]
pub(super) enum Place {
    Plain,
    Required,
    Optional,
    Repeated,
    Map,
    /// In an enum, of which this is the variant.
    Oneof {
        variant: String,
    },
}

/// The format of a value.
#[derive(Debug)]
pub(super) enum Format {
    Message,
    Scalar,
    Enum {
        /// That of its type.
        path: String,
    },
}

impl Field {
    /// Whether both are of one oneof.
    pub(super) fn is_beside(&self, other: &Self) -> bool {
        self.oneof.is_some() && self.oneof == other.oneof
    }
}

impl FileJson<'_> {
    /// The fields of the message `full`, in the order of the proto.
    pub(super) fn fields(&mut self, full: &str, message: &DescriptorProto) -> Result<Vec<Field>> {
        let fields = message.field.iter().enumerate();
        fields
            .map(|(number, field)| {
                let oneof = field.oneof_index.filter(|_| is_in_oneof(field));
                let entry = map_entry_of(field, &message.nested_type);
                let value = entry.and_then(|entry| entry.field.get(1)).unwrap_or(field);
                Ok(Field {
                    number,
                    member: self.member(full, message, field),
                    place: self.place(full, message, field),
                    format: self.format(value)?,
                    oneof,
                })
            })
            .collect()
    }

    fn member(
        &self,
        full: &str,
        message: &DescriptorProto,
        field: &FieldDescriptorProto,
    ) -> String {
        let name = oneof_of(message, field).unwrap_or(field.name());
        self.json.names.member(full, name)
    }

    fn place(&self, full: &str, message: &DescriptorProto, field: &FieldDescriptorProto) -> Place {
        let names = self.json.names;
        if let Some(oneof) = oneof_of(message, field) {
            let package = self.file.proto.package();
            let around = names.path(package, full);
            let around = match around.rsplit_once("::") {
                Some((modules, _)) => format!("{modules}::"),
                None => String::new(),
            };
            let (module, oneof) = (names.module(full), names.oneof_type(full, oneof));
            let variant = names.oneof_variant(full, field.name());
            let variant = format!("super::{around}{module}::{oneof}::{variant}");
            return Place::Oneof { variant };
        }
        if map_entry_of(field, &message.nested_type).is_some() {
            return Place::Map;
        }
        match field.label() {
            Label::Repeated => Place::Repeated,
            Label::Required => Place::Required,
            Label::Optional if self.has_presence(field) => Place::Optional,
            Label::Optional => Place::Plain,
        }
    }

    /// Whether prost makes an `Option` of `field`.
    fn has_presence(&self, field: &FieldDescriptorProto) -> bool {
        let is_proto2 = matches!(self.file.proto.syntax(), "" | "proto2");
        field.proto3_optional() || field.r#type() == Type::Message || is_proto2
    }

    fn format(&mut self, value: &FieldDescriptorProto) -> Result<Format> {
        Ok(if is_message(value) {
            self.used.insert("Message");
            Format::Message
        } else if value.r#type() == Type::Enum {
            self.used.insert("enumeration");
            let path = self.path_of(value.type_name())?;
            Format::Enum { path }
        } else {
            self.used.insert("Scalar");
            Format::Scalar
        })
    }
}

/// The name of the oneof that `field` is in.
fn oneof_of<'a>(message: &'a DescriptorProto, field: &FieldDescriptorProto) -> Option<&'a str> {
    let index = field.oneof_index.filter(|_| is_in_oneof(field))?;
    let oneof = message.oneof_decl.get(usize::try_from(index).ok()?)?;
    Some(oneof.name())
}
