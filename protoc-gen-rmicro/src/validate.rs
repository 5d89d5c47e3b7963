//! Checks a request before prost-build sees it, which panics where input is not what protoc writes.
//!
//! Invariant: after [`check`], each name is an identifier, each type that is named exists, and each file is proto2 or proto3.

use std::collections::{BTreeMap, BTreeSet};

use prost_types::field_descriptor_proto::Type;
use prost_types::{
    DescriptorProto, EnumDescriptorProto, FieldDescriptorProto, ServiceDescriptorProto,
};

use crate::error::{Result, bail};
use crate::locate::{self, Thing};
use crate::request::{ProtoFile, Request};

/// The messages and enums of a request by full name, which starts with a dot, each with the name of its file.
pub(crate) type Types = BTreeMap<String, String>;

/// Refuses what protoc would not write and what cannot be generated yet.
pub(crate) fn check(request: &Request) -> Result<Types> {
    let mut types = Types::new();
    for file in &request.files {
        check_file(file, &mut types)?;
    }
    for file in &request.files {
        let checker = Checker {
            file: file.proto.name(),
            types: &types,
        };
        for dependency in &file.proto.dependency {
            if request.file(dependency).is_none() {
                bail!(
                    "{}: it imports {dependency}, which the request does not hold",
                    checker.file
                );
            }
        }
        file.proto
            .message_type
            .iter()
            .try_for_each(|message| checker.message(message))?;
        file.proto
            .service
            .iter()
            .try_for_each(|service| checker.service(service))?;
    }
    check_extern_paths(request, &types)?;
    Ok(types)
}

fn check_file(file: &ProtoFile, types: &mut Types) -> Result<()> {
    let proto = &file.proto;
    let name = proto.name();
    if name.is_empty() {
        bail!("the request holds a file without a name");
    }
    let last = name.rsplit('/').next().unwrap_or(name);
    let stem = last.strip_suffix(".proto").unwrap_or(last);
    if stem.is_empty() || name.contains(char::is_control) {
        bail!("the request holds a file called {name:?}, which cannot be the name of one");
    }
    if !matches!(proto.syntax(), "" | "proto2" | "proto3") {
        bail!(
            "{name}: its syntax is {}, and only proto2 and proto3 are supported",
            proto.syntax()
        );
    }
    let package = proto.package();
    let mut parts = package.split('.').filter(|_| !package.is_empty());
    if let Some(part) = parts.find(|part| !is_name(part)) {
        bail!("{name}: `{part}` cannot be a name in Rust");
    }
    let is_none = |thing| matches!(thing, Thing::Name(name) if !is_name(name));
    if let Some((path, Thing::Name(none))) = locate::first(proto, &is_none) {
        bail!("{}: `{none}` cannot be a name in Rust", file.place(&path));
    }
    let scope = if package.is_empty() {
        String::new()
    } else {
        format!(".{package}")
    };
    for message in &proto.message_type {
        declare_message(name, &scope, message, types)?;
    }
    for item in &proto.enum_type {
        declare_enum(name, &scope, item, types)?;
    }
    Ok(())
}

fn declare_message(
    file: &str,
    scope: &str,
    message: &DescriptorProto,
    types: &mut Types,
) -> Result<()> {
    let full = declare(file, scope, message.name(), types)?;
    let names = message.field.iter().map(FieldDescriptorProto::name);
    let oneofs = message.oneof_decl.iter().map(|oneof| oneof.name());
    refuse_twice(file, &full, names.chain(oneofs))?;
    for nested in &message.nested_type {
        declare_message(file, &full, nested, types)?;
        let keys: Vec<&str> = nested
            .field
            .iter()
            .map(FieldDescriptorProto::name)
            .collect();
        if nested
            .options
            .as_ref()
            .is_some_and(|options| options.map_entry())
            && keys != ["key", "value"]
        {
            bail!("{file}: {full}.{} is no map entry", nested.name());
        }
    }
    message
        .enum_type
        .iter()
        .try_for_each(|item| declare_enum(file, &full, item, types))
}

fn declare_enum(
    file: &str,
    scope: &str,
    item: &EnumDescriptorProto,
    types: &mut Types,
) -> Result<()> {
    let full = declare(file, scope, item.name(), types)?;
    if item.value.is_empty() {
        bail!("{file}: the enum {full} has no value");
    }
    refuse_twice(file, &full, item.value.iter().map(|value| value.name()))
}

/// What is inside of one thing is known by its name.
fn refuse_twice<'a>(file: &str, full: &str, names: impl Iterator<Item = &'a str>) -> Result<()> {
    let mut seen = BTreeSet::new();
    for name in names {
        if !seen.insert(name) {
            bail!("{file}: {full}.{name} is there twice");
        }
    }
    Ok(())
}

fn declare(file: &str, scope: &str, name: &str, types: &mut Types) -> Result<String> {
    let full = format!("{scope}.{name}");
    match types.insert(full.clone(), file.to_owned()) {
        Some(other) => bail!("{file}: {full} is in {other} too"),
        None => Ok(full),
    }
}

/// A name needs a letter or digit, or nothing is left of it in snake case.
fn is_name(name: &str) -> bool {
    let is_word = name
        .bytes()
        .all(|byte| byte == b'_' || byte.is_ascii_alphanumeric());
    let starts_well = name
        .bytes()
        .next()
        .is_some_and(|byte| !byte.is_ascii_digit());
    is_word && starts_well && !name.bytes().all(|byte| byte == b'_')
}

/// A path that matches nothing is a typing error, and would show only as a type that rustc does not find.
fn check_extern_paths(request: &Request, types: &Types) -> Result<()> {
    for (path, _) in &request.options.extern_path {
        let inside = format!("{path}.");
        if !types.contains_key(path) && !types.keys().any(|name| name.starts_with(&inside)) {
            bail!("option `extern_path={path}=…` matches no message, enum or package of this run");
        }
    }
    Ok(())
}

/// Looks at the types that the parts of one file name.
struct Checker<'a> {
    file: &'a str,
    types: &'a Types,
}

impl Checker<'_> {
    fn message(&self, message: &DescriptorProto) -> Result<()> {
        for field in &message.field {
            self.field(message, field)?;
        }
        message
            .nested_type
            .iter()
            .try_for_each(|nested| self.message(nested))
    }

    fn field(&self, message: &DescriptorProto, field: &FieldDescriptorProto) -> Result<()> {
        let name = format!("{}.{}", message.name(), field.name());
        if field
            .r#type
            .is_none_or(|number| Type::try_from(number).is_err())
        {
            bail!("{}: the field {name} has no type", self.file);
        }
        if matches!(field.r#type(), Type::Message | Type::Group | Type::Enum) {
            self.known(&name, field.type_name())?;
        }
        let oneofs = message.oneof_decl.len();
        let is_inside = |index: i32| usize::try_from(index).is_ok_and(|index| index < oneofs);
        if field.oneof_index.is_some_and(|index| !is_inside(index)) {
            bail!(
                "{}: the field {name} is in a oneof that is not there",
                self.file
            );
        }
        Ok(())
    }

    fn service(&self, service: &ServiceDescriptorProto) -> Result<()> {
        for method in &service.method {
            let name = format!("{}.{}", service.name(), method.name());
            self.known(&name, method.input_type())?;
            self.known(&name, method.output_type())?;
        }
        Ok(())
    }

    fn known(&self, user: &str, name: &str) -> Result<()> {
        if !self.types.contains_key(name) {
            bail!(
                "{}: {user} names `{name}`, which the request does not hold",
                self.file
            );
        }
        Ok(())
    }
}
