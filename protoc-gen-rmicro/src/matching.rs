//! Whether the paths of the options match something: a typing error would show only as an effect that is missing.

use prost_types::{DescriptorProto, EnumDescriptorProto};

use crate::error::{Result, bail};
use crate::request::Request;

/// Refuses options whose path matches nothing in any file of `request`, imports among them.
pub(crate) fn check(request: &Request) -> Result<()> {
    let options = &request.options;
    let attributes = |of: &[(String, String)]| of.iter().map(|(path, _)| path.clone()).collect();
    let about_types: [(&str, Vec<String>); 1] =
        [("type_attribute", attributes(&options.type_attribute))];
    let about_fields = [
        ("field_attribute", attributes(&options.field_attribute)),
        ("bytes", options.bytes.clone()),
        ("btree_map", options.btree_map.clone()),
    ];
    if about_types
        .iter()
        .chain(&about_fields)
        .all(|(_, paths)| paths.is_empty())
    {
        return Ok(());
    }
    let names = Names::new(request);
    refuse(&about_types, &names.types, "message, enum or oneof")?;
    refuse(&about_fields, &names.fields, "field")
}

fn refuse(options: &[(&str, Vec<String>)], names: &[String], what: &str) -> Result<()> {
    for (option, paths) in options {
        let is_nothing = |path: &&String| !names.iter().any(|name| matches(path, name));
        if let Some(path) = paths.iter().find(is_nothing) {
            bail!("option `{option}={path}` matches no {what} of this run");
        }
    }
    Ok(())
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

/// The full names of everything that can have an attribute.
#[derive(Debug, Default)]
struct Names {
    types: Vec<String>,
    fields: Vec<String>,
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
