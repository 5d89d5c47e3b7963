//! Walks the modules of a run and gives each message and enum its name.

use std::collections::{BTreeMap, BTreeSet};

use prost_types::{DescriptorProto, EnumDescriptorProto};

use super::members;
use super::{Renamed, RustNames, Scope, inside};
use crate::externs::Externs;
use crate::names::{self, Names};
use crate::request::{ProtoFile, Request};
use crate::shapes::is_map_entry;

/// The names of all that `request` generates, or has generated elsewhere.
pub(super) fn collect(request: &Request, externs: &Externs) -> RustNames {
    let mut names = RustNames::default();
    for file in &request.files {
        note_aliases(file, &mut names.aliases);
        note_package(file.proto.package(), &mut names);
    }
    let mut files: Vec<(Vec<String>, &ProtoFile)> = request
        .files
        .iter()
        .filter_map(|file| Some((module_of(file, request, externs)?, file)))
        .collect();
    files.sort_by_key(|(_, file)| file.proto.name());
    let mut scopes: BTreeMap<Vec<String>, Scope> = BTreeMap::new();
    for (module, file) in &files {
        for (depth, part) in module.iter().enumerate() {
            let around = scopes.entry(module[..depth].to_vec());
            around.or_insert_with(Scope::module).reserve(part.clone());
        }
        let scope = scopes.entry(module.clone()).or_insert_with(Scope::module);
        for service in &file.proto.service {
            let names = Names::new(service.name());
            scope.reserve(names.stub.to_string());
            scope.reserve(names.handler.to_string());
        }
    }
    for (module, file) in files {
        let mut namer = Namer {
            names: &mut names,
            has_presence: file.proto.syntax() != "proto3",
        };
        namer.file(file, externs, scopes.entry(module).or_default());
    }
    names.packages = scopes;
    names
}

/// The key of the module `path` of the tree that this run generates.
pub(super) fn here(path: &[String]) -> Vec<String> {
    let root = std::iter::once("crate".to_owned());
    root.chain(path.iter().cloned()).collect()
}

/// Where the types of `file` are, if they are this plugin's: those without a home here or elsewhere are nobody's, and those
/// of the runtime do not collide.
fn module_of(file: &ProtoFile, request: &Request, externs: &Externs) -> Option<Vec<String>> {
    if externs.is_runtimes(file) {
        return None;
    }
    if let Some(path) = externs.module_of(file) {
        return Some(path.split("::").map(str::to_owned).collect());
    }
    let parts = file.proto.package().split('.');
    let parts = parts.filter(|part| !part.is_empty());
    let is_here = request.options.messages && request.is_chosen(file.proto.name());
    is_here.then(|| here(&parts.map(names::package_name).collect::<Vec<_>>()))
}

/// Packages of one module are an error elsewhere; here only those count whose module prost-build would not name so.
fn note_package(package: &str, names: &mut RustNames) {
    let mut full = String::new();
    for part in package.split('.').filter(|part| !part.is_empty()) {
        full = inside(&full, part);
        let plain = names::module_name(part);
        let lower = names::package_name(part);
        let pair = |lower| Renamed {
            upper: names::type_name(part),
            lower,
        };
        names.note(full.clone(), pair(plain), pair(lower));
    }
}

/// Names what is in one file.
struct Namer<'a> {
    names: &'a mut RustNames,
    /// Whether fields without a word about it have presence, as in proto2.
    has_presence: bool,
}

impl Namer<'_> {
    fn file(&mut self, file: &ProtoFile, externs: &Externs, scope: &mut Scope) {
        let package = file.proto.package();
        let dot = if package.is_empty() { "" } else { "." };
        let full = |name: &str| inside(&format!("{dot}{package}"), name);
        // What is elsewhere although its package is here has the name that the user gave it.
        let is_elsewhere = externs.module_of(file).is_some();
        let is_ours = |full: &String| is_elsewhere || !externs.has_type(full);
        for message in &file.proto.message_type {
            let full = full(message.name());
            if is_ours(&full) {
                self.message(full, message, scope);
            }
        }
        for item in &file.proto.enum_type {
            let full = full(item.name());
            if is_ours(&full) {
                self.enumeration(full, item, scope);
            }
        }
    }

    fn message(&mut self, full: String, message: &DescriptorProto, scope: &mut Scope) {
        let plain = Renamed {
            upper: names::type_name(message.name()),
            lower: names::module_name(message.name()),
        };
        let upper = scope.take(plain.upper.clone());
        let lower = match members::has_module(message) {
            true => scope.take(plain.lower.clone()),
            false => plain.lower.clone(),
        };
        self.names
            .note(full.clone(), plain, Renamed { upper, lower });
        let mut module = Scope::module();
        for nested in &message.nested_type {
            if !is_map_entry(nested) {
                self.message(inside(&full, nested.name()), nested, &mut module);
            }
        }
        for item in &message.enum_type {
            self.enumeration(inside(&full, item.name()), item, &mut module);
        }
        let fields = members::name_fields(&full, message, self.has_presence, self.names);
        members::name_oneofs(&full, message, fields, &mut module, self.names);
    }

    fn enumeration(&mut self, full: String, item: &EnumDescriptorProto, scope: &mut Scope) {
        let plain = Renamed {
            upper: names::type_name(item.name()),
            lower: names::module_name(item.name()),
        };
        let names = Renamed {
            upper: scope.take(plain.upper.clone()),
            lower: plain.lower.clone(),
        };
        // prost-build goes by the enum's name to shorten a value, so with another name it would not find the plain one.
        let is_plain = plain == names;
        self.names.note(full.clone(), plain, names);
        let mut variants = Scope::default();
        for value in firsts(item) {
            let plain = names::value_name(item.name(), value);
            let upper = variants.take(plain.clone());
            let lower = names::module_name(value);
            if !is_plain || upper != plain {
                let names = Renamed { upper, lower };
                self.names.renamed.insert(inside(&full, value), names);
            }
        }
    }
}

/// The values without those that have the number of an earlier one.
fn firsts(item: &EnumDescriptorProto) -> impl Iterator<Item = &str> {
    let mut numbers = BTreeSet::new();
    let values = item.value.iter();
    let firsts = values.filter(move |value| numbers.insert(value.number()));
    firsts.map(|value| value.name())
}

fn note_aliases(file: &ProtoFile, aliases: &mut BTreeMap<String, String>) {
    let package = file.proto.package();
    let dot = if package.is_empty() { "" } else { "." };
    let scope = format!("{dot}{package}");
    for item in &file.proto.enum_type {
        aliases_of(&inside(&scope, item.name()), item, aliases);
    }
    for message in &file.proto.message_type {
        aliases_in(&inside(&scope, message.name()), message, aliases);
    }
}

fn aliases_in(full: &str, message: &DescriptorProto, aliases: &mut BTreeMap<String, String>) {
    for item in &message.enum_type {
        aliases_of(&inside(full, item.name()), item, aliases);
    }
    for nested in &message.nested_type {
        aliases_in(&inside(full, nested.name()), nested, aliases);
    }
}

fn aliases_of(full: &str, item: &EnumDescriptorProto, aliases: &mut BTreeMap<String, String>) {
    let mut firsts: BTreeMap<i32, &str> = BTreeMap::new();
    for value in &item.value {
        let first = firsts.entry(value.number()).or_insert(value.name());
        if *first != value.name() {
            aliases.insert(inside(full, value.name()), (*first).to_owned());
        }
    }
}
