//! Whether the paths of the options match something: a typing error would show only as an effect that is missing.

use prost_types::field_descriptor_proto::Type;
use prost_types::{DescriptorProto, EnumDescriptorProto, FieldDescriptorProto};

use crate::error::{Result, bail};
use crate::request::Request;
use crate::shapes::map_entry_of;

/// Refuses options whose path matches nothing that they are about in any file of `request`, imports among them.
pub(crate) fn check(request: &Request) -> Result<()> {
    let options = &request.options;
    let attributes = |of: &[(String, String)]| of.iter().map(|(path, _)| path.clone()).collect();
    let (types, fields): (Vec<String>, Vec<String>) = (
        attributes(&options.type_attribute),
        attributes(&options.field_attribute),
    );
    let (bytes, maps) = (&options.bytes, &options.btree_map);
    if [&types, &fields, bytes, maps]
        .iter()
        .all(|paths| paths.is_empty())
    {
        return Ok(());
    }
    let names = Names::new(request);
    refuse(
        "type_attribute",
        &types,
        &names.types,
        "message, enum or oneof",
    )?;
    refuse("field_attribute", &fields, &names.fields, "field")?;
    refuse("bytes", bytes, &names.bytes, "field of type bytes")?;
    refuse("btree_map", maps, &names.maps, "map")
}

fn refuse(option: &str, paths: &[String], names: &[String], what: &str) -> Result<()> {
    let is_nothing = |path: &&String| !names.iter().any(|name| matches(path, name));
    // Whoever says "everything" means whatever there is.
    match paths.iter().filter(|path| *path != ".").find(is_nothing) {
        Some(path) => bail!("option `{option}={path}` matches no {what} of this run"),
        None => Ok(()),
    }
}

/// Whether prost-build applies what is said of `path` to `name`, which is a full name with a dot in front.
fn matches(path: &str, name: &str) -> bool {
    if path == "." {
        return true;
    }
    if path.starts_with('.') {
        let rest = name.strip_prefix(path);
        return rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('.'));
    }
    let before = name.strip_suffix(path);
    before.is_some_and(|before| before.ends_with('.'))
}

/// The full names of everything that an option can be about.
#[derive(Debug, Default)]
struct Names {
    types: Vec<String>,
    fields: Vec<String>,
    /// Of the fields, those whose values are bytes.
    bytes: Vec<String>,
    /// Of the fields, those that are maps.
    maps: Vec<String>,
}

impl Names {
    fn new(request: &Request) -> Self {
        let mut names = Self::default();
        for file in &request.files {
            let proto = &file.proto;
            let scope = match proto.package() {
                "" => String::new(),
                package => format!(".{package}"),
            };
            proto
                .message_type
                .iter()
                .for_each(|message| names.message(&scope, message));
            proto
                .enum_type
                .iter()
                .for_each(|item| names.item(&scope, item));
        }
        names
    }

    fn message(&mut self, scope: &str, message: &DescriptorProto) {
        let full = format!("{scope}.{}", message.name());
        let oneofs = message.oneof_decl.iter().map(|oneof| oneof.name());
        let oneofs = oneofs.map(|name| format!("{full}.{name}"));
        self.fields.extend(oneofs.clone());
        self.types.extend(oneofs);
        for field in &message.field {
            self.shape(&full, field, &message.nested_type);
            self.fields.push(format!("{full}.{}", field.name()));
            // prost-build takes a oneof for a part of the names of its fields when it looks for attributes.
            let index = field
                .oneof_index
                .and_then(|index| usize::try_from(index).ok());
            if let Some(oneof) = index.and_then(|index| message.oneof_decl.get(index)) {
                let name = format!("{full}.{}.{}", oneof.name(), field.name());
                self.fields.push(name);
            }
        }
        message
            .nested_type
            .iter()
            .for_each(|nested| self.message(&full, nested));
        message
            .enum_type
            .iter()
            .for_each(|item| self.item(&full, item));
        self.types.push(full);
    }

    fn shape(&mut self, full: &str, field: &FieldDescriptorProto, nested: &[DescriptorProto]) {
        let name = format!("{full}.{}", field.name());
        match map_entry_of(field, nested) {
            Some(entry) => {
                // prost-build calls the values of a map so when it looks for what bytes are to be.
                let values = entry.field.iter().filter(|field| field.name() == "value");
                let bytes = values.filter(|field| field.r#type() == Type::Bytes);
                self.bytes.extend(bytes.map(|_| format!("{full}.value")));
                self.maps.push(name);
            }
            None if field.r#type() == Type::Bytes => self.bytes.push(name),
            None => {}
        }
    }

    fn item(&mut self, scope: &str, item: &EnumDescriptorProto) {
        let full = format!("{scope}.{}", item.name());
        let values = item.value.iter().map(|value| value.name());
        self.fields
            .extend(values.map(|name| format!("{full}.{name}")));
        self.types.push(full);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_matches_what_prost_build_says() {
        for (path, name, wanted) in [
            (".", ".a.B", true),
            (".a", ".a.B", true),
            (".a.B", ".a.B", true),
            (".a.B", ".a.B.c", true),
            (".a.B", ".a.Bc", false),
            ("B", ".a.B", true),
            ("a.B", ".a.B", true),
            ("B", ".a.AB", false),
            ("a", ".a.B", false),
        ] {
            assert_eq!(matches(path, name), wanted, "{path} and {name}");
        }
    }
}
