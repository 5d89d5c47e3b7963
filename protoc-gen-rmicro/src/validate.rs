//! Checks a request before prost-build sees it, which panics where input is not what protoc writes.
//!
//! Invariant: after [`check`], each name is an identifier, each type that is named exists, and each file is proto2 or proto3.

mod defaults;
mod fields;
mod maps;
mod nesting;
mod order;

use std::collections::{BTreeMap, BTreeSet};

use prost_types::{
    DescriptorProto, EnumDescriptorProto, FieldDescriptorProto, ServiceDescriptorProto,
};

use crate::error::{Error, Result, bail};
use crate::locate::{self, Thing};
use crate::request::{ProtoFile, Request};
use crate::shapes::is_map_entry;

/// How deep messages may be declared in each other; protoc itself ends at 31. What writes them goes by recursion.
const DEEPEST: usize = 40;

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
            file,
            is_proto3: file.proto.syntax() == "proto3",
            declared: &declared,
        };
        let scope = scope_of(file);
        for (index, message) in (0..).zip(&file.proto.message_type) {
            checker.message(&scope, &[4, index], message)?;
        }
        for (index, service) in (0..).zip(&file.proto.service) {
            checker.service(&[6, index], service)?;
        }
    }
    nesting::check(request)?;
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
    for (index, message) in (0..).zip(&proto.message_type) {
        declare_message(file, &[4, index], &scope, message, declared)?;
    }
    for (index, item) in (0..).zip(&proto.enum_type) {
        declare_enum(file, &[5, index], &scope, item, declared)?;
    }
    Ok(())
}

fn declare_message<'a>(
    file: &ProtoFile,
    path: &[i32],
    scope: &str,
    message: &'a DescriptorProto,
    declared: &mut Declared<'a>,
) -> Result<()> {
    let full = declare(file, path, scope, message.name(), &mut declared.types)?;
    // Two numbers of a path lead one message further in.
    if path.len() / 2 > DEEPEST {
        bail!(
            "{}: {full} is declared more than {DEEPEST} messages deep, which protoc does not allow",
            file.place(path)
        );
    }
    let names = message.field.iter().map(FieldDescriptorProto::name);
    let oneofs = message.oneof_decl.iter().map(|oneof| oneof.name());
    refuse_twice(file, path, &full, names.chain(oneofs))?;
    for (index, nested) in (0..).zip(&message.nested_type) {
        declare_message(file, &[path, &[3, index]].concat(), &full, nested, declared)?;
        if is_map_entry(nested) {
            declared.entries.insert(format!("{full}.{}", nested.name()));
        }
    }
    for (index, item) in (0..).zip(&message.enum_type) {
        declare_enum(file, &[path, &[4, index]].concat(), &full, item, declared)?;
    }
    Ok(())
}

fn declare_enum<'a>(
    file: &ProtoFile,
    path: &[i32],
    scope: &str,
    item: &'a EnumDescriptorProto,
    declared: &mut Declared<'a>,
) -> Result<()> {
    let full = declare(file, path, scope, item.name(), &mut declared.types)?;
    if item.value.is_empty() {
        bail!("{}: the enum {full} has no value", file.place(path));
    }
    let names = item.value.iter().map(|value| value.name());
    refuse_twice(file, path, &full, names)?;
    declared.enums.insert(full, item);
    Ok(())
}

/// What is inside of one thing is known by its name.
fn refuse_twice<'a>(
    file: &ProtoFile,
    path: &[i32],
    full: &str,
    names: impl Iterator<Item = &'a str>,
) -> Result<()> {
    let mut seen = BTreeSet::new();
    for name in names {
        if !seen.insert(name) {
            bail!("{}: {full}.{name} is there twice", file.place(path));
        }
    }
    Ok(())
}

fn declare(
    file: &ProtoFile,
    path: &[i32],
    scope: &str,
    name: &str,
    types: &mut Types,
) -> Result<String> {
    let full = format!("{scope}.{name}");
    match types.insert(full.clone(), file.proto.name().to_owned()) {
        Some(other) => bail!("{}: {full} is in {other} too", file.place(path)),
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
    file: &'a ProtoFile,
    is_proto3: bool,
    declared: &'a Declared<'a>,
}

impl Checker<'_> {
    fn service(&self, path: &[i32], service: &ServiceDescriptorProto) -> Result<()> {
        for (index, method) in (0..).zip(&service.method) {
            let name = format!("{}.{}", service.name(), method.name());
            for message in [method.input_type(), method.output_type()] {
                let known = self.known(&name, message);
                let is_message = known.and_then(|()| self.is_message(&name, message));
                is_message.map_err(|error| self.at(path, &[2, index], &error))?;
            }
        }
        Ok(())
    }

    fn known(&self, user: &str, name: &str) -> Result<()> {
        if !self.declared.types.contains_key(name) {
            bail!("{user} names `{name}`, which the request does not hold");
        }
        Ok(())
    }

    fn is_message(&self, user: &str, name: &str) -> Result<()> {
        if self.declared.enums.contains_key(name) || self.declared.entries.contains(name) {
            bail!("{user} takes `{name}` for a message");
        }
        Ok(())
    }

    /// `error` with the place of what is at `inside` in what is at `path`.
    fn at(&self, path: &[i32], inside: &[i32], error: &Error) -> Error {
        let place = self.file.place(&[path, inside].concat());
        Error::new(format!("{place}: {error}"))
    }
}
