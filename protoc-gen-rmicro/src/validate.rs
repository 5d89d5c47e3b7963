//! Checks a request before prost-build sees it, which panics where input is not what protoc writes.
//!
//! Invariant: after [`check`], each name is an identifier, each type that is named exists, and each file is proto2 or proto3.

mod defaults;
mod fields;
mod maps;

use std::collections::{BTreeMap, BTreeSet};

use prost_types::{
    DescriptorProto, EnumDescriptorProto, FieldDescriptorProto, ServiceDescriptorProto,
};

use crate::error::{Result, bail};
use crate::locate::{self, Thing};
use crate::request::{ProtoFile, Request};
use crate::shapes::is_map_entry;

/// The messages and enums of a request by full name, which starts with a dot, each with the name of its file.
pub(crate) type Types = BTreeMap<String, String>;

/// Everything that can be named, by full names.
#[derive(Debug, Default)]
struct Declared<'a> {
    /// Messages and enums, each with the name of its file.
    types: Types,
    enums: BTreeMap<String, &'a EnumDescriptorProto>,
    /// The entries of maps.
    entries: BTreeSet<String>,
}

/// Refuses what protoc would not write and what cannot be generated yet.
pub(crate) fn check(request: &Request) -> Result<Types> {
    let mut declared = Declared::default();
    let mut before = BTreeSet::new();
    for file in &request.files {
        check_file(file, &mut declared)?;
        check_imports(file, &before, request)?;
        before.insert(file.proto.name());
    }
    for file in &request.files {
        let checker = Checker {
            file: file.proto.name(),
            is_proto3: file.proto.syntax() == "proto3",
            declared: &declared,
        };
        let scope = scope_of(file);
        file.proto
            .message_type
            .iter()
            .try_for_each(|message| checker.message(&scope, message))?;
        file.proto
            .service
            .iter()
            .try_for_each(|service| checker.service(service))?;
    }
    check_extern_paths(request, &declared.types)?;
    Ok(declared.types)
}

/// What a file imports comes before it, as protoc has it; so no files import each other.
fn check_imports(file: &ProtoFile, before: &BTreeSet<&str>, request: &Request) -> Result<()> {
    let name = file.proto.name();
    for import in &file.proto.dependency {
        if request.file(import).is_none() {
            bail!("{name}: it imports {import}, which the request does not hold");
        }
        if !before.contains(import.as_str()) {
            bail!("{name}: it imports {import}, which the request does not hold before it");
        }
    }
    Ok(())
}

fn scope_of(file: &ProtoFile) -> String {
    match file.proto.package() {
        "" => String::new(),
        package => format!(".{package}"),
    }
}

fn check_file<'a>(file: &'a ProtoFile, declared: &mut Declared<'a>) -> Result<()> {
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
    let scope = scope_of(file);
    for message in &proto.message_type {
        declare_message(name, &scope, message, declared)?;
    }
    for item in &proto.enum_type {
        declare_enum(name, &scope, item, declared)?;
    }
    Ok(())
}

fn declare_message<'a>(
    file: &str,
    scope: &str,
    message: &'a DescriptorProto,
    declared: &mut Declared<'a>,
) -> Result<()> {
    let full = declare(file, scope, message.name(), &mut declared.types)?;
    let names = message.field.iter().map(FieldDescriptorProto::name);
    let oneofs = message.oneof_decl.iter().map(|oneof| oneof.name());
    refuse_twice(file, &full, names.chain(oneofs))?;
    for nested in &message.nested_type {
        declare_message(file, &full, nested, declared)?;
        if is_map_entry(nested) {
            declared.entries.insert(format!("{full}.{}", nested.name()));
        }
    }
    message
        .enum_type
        .iter()
        .try_for_each(|item| declare_enum(file, &full, item, declared))
}

fn declare_enum<'a>(
    file: &str,
    scope: &str,
    item: &'a EnumDescriptorProto,
    declared: &mut Declared<'a>,
) -> Result<()> {
    let full = declare(file, scope, item.name(), &mut declared.types)?;
    if item.value.is_empty() {
        bail!("{file}: the enum {full} has no value");
    }
    refuse_twice(file, &full, item.value.iter().map(|value| value.name()))?;
    declared.enums.insert(full, item);
    Ok(())
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

/// Looks at the fields of one file, and at the types that its parts name.
struct Checker<'a> {
    file: &'a str,
    is_proto3: bool,
    declared: &'a Declared<'a>,
}

impl Checker<'_> {
    fn service(&self, service: &ServiceDescriptorProto) -> Result<()> {
        for method in &service.method {
            let name = format!("{}.{}", service.name(), method.name());
            for message in [method.input_type(), method.output_type()] {
                self.known(&name, message)?;
                self.is_message(&name, message)?;
            }
        }
        Ok(())
    }

    fn known(&self, user: &str, name: &str) -> Result<()> {
        if !self.declared.types.contains_key(name) {
            bail!(
                "{}: {user} names `{name}`, which the request does not hold",
                self.file
            );
        }
        Ok(())
    }

    fn is_message(&self, user: &str, name: &str) -> Result<()> {
        if self.declared.enums.contains_key(name) || self.declared.entries.contains(name) {
            bail!("{}: {user} takes `{name}` for a message", self.file);
        }
        Ok(())
    }
}
