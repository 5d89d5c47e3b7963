//! Checks the fields of a message: what they are, where they are, and under which numbers.

use std::collections::BTreeSet;

use prost_types::field_descriptor_proto::{Label, Type};
use prost_types::{DescriptorProto, FieldDescriptorProto};

use super::{Checker, defaults, maps};
use crate::error::{Error, Result, bail};
use crate::shapes::{is_in_oneof, is_map_entry, is_message};

/// The largest number that a field can have on the wire.
const LARGEST: i32 = (1 << 29) - 1;

impl Checker<'_> {
    /// Refuses `message`, which is in `scope` and at `path` in the file, if protoc would not have written it.
    pub(super) fn message(
        &self,
        scope: &str,
        path: &[i32],
        message: &DescriptorProto,
    ) -> Result<()> {
        let full = format!("{scope}.{}", message.name());
        if is_map_entry(message) && !self.declared.entries.contains(&full) {
            let error = Error::new(format!("{full} is the entry of no map"));
            return Err(self.at(path, &[], &error));
        }
        let mut numbers = BTreeSet::new();
        for (index, field) in (0..).zip(&message.field) {
            let checked = self.field(&full, message, field, &mut numbers);
            checked.map_err(|error| self.at(path, &[2, index], &error))?;
        }
        for (index, nested) in (0..).zip(&message.nested_type) {
            if is_map_entry(nested) && !maps::is_entry(nested) {
                let error = Error::new(format!("{full}.{} is no map entry", nested.name()));
                return Err(self.at(path, &[3, index], &error));
            }
            self.message(&full, &[path, &[3, index]].concat(), nested)?;
        }
        Ok(())
    }

    /// Refuses a `field` of the message `full`; `numbers` are those of the fields before it.
    fn field(
        &self,
        full: &str,
        message: &DescriptorProto,
        field: &FieldDescriptorProto,
        numbers: &mut BTreeSet<i32>,
    ) -> Result<()> {
        let name = &format!("{}.{}", message.name(), field.name());
        let number = field.number();
        if !(1..=LARGEST).contains(&number) || !numbers.insert(number) {
            bail!("the field {name} cannot have the number {number}");
        }
        if is_unknown(field) {
            bail!("the field {name} has no type");
        }
        if is_message(field) || field.r#type() == Type::Enum {
            self.known(name, field.type_name())?;
            self.is_of_type(name, full, field)?;
        }
        let oneofs = message.oneof_decl.len();
        let is_inside = |index: i32| usize::try_from(index).is_ok_and(|index| index < oneofs);
        if field.oneof_index.is_some_and(|index| !is_inside(index)) {
            bail!("the field {name} is in a oneof that is not there");
        }
        let is_single = field.label() == Label::Optional;
        if !is_single && (field.proto3_optional() || is_in_oneof(field)) {
            bail!("the field {name} is optional or in a oneof, and cannot be repeated or required");
        }
        let has_presence = field.proto3_optional() || is_in_oneof(field);
        if self.is_proto3 && field.r#type() == Type::Group && is_single && !has_presence {
            bail!("the field {name} is a group, which proto3 does not have");
        }
        if field.default_value.is_some() && !self.has_default(field) {
            bail!(
                "the field {name} cannot have the default {:?}",
                field.default_value()
            );
        }
        Ok(())
    }

    /// What is taken for an enum or a message is one, and what is taken for a map is one of the message `full`.
    fn is_of_type(&self, name: &str, full: &str, field: &FieldDescriptorProto) -> Result<()> {
        let type_name = field.type_name();
        if field.r#type() == Type::Enum {
            if !self.declared.enums.contains_key(type_name) {
                bail!("{name} takes `{type_name}` for an enum");
            }
            return Ok(());
        }
        let is_map = field.r#type() == Type::Message && field.label() == Label::Repeated;
        let around = type_name.rsplit_once('.').map(|(around, _)| around);
        if is_map && self.declared.entries.contains(type_name) && around == Some(full) {
            return Ok(());
        }
        self.is_message(name, type_name)
    }

    fn has_default(&self, field: &FieldDescriptorProto) -> bool {
        let value = field.default_value();
        let is_value = match field.r#type() {
            Type::Enum => {
                let item = self.declared.enums.get(field.type_name());
                item.is_some_and(|item| item.value.iter().any(|other| other.name() == value))
            }
            kind => defaults::is_value(kind, value),
        };
        field.label() != Label::Repeated && is_value
    }
}

fn is_unknown(field: &FieldDescriptorProto) -> bool {
    let number = field.r#type;
    let label = field.label.unwrap_or(Label::Optional as i32);
    number.is_none_or(|number| Type::try_from(number).is_err()) || Label::try_from(label).is_err()
}
