//! What a file says of its messages and enums so that they can be JSON: names and shapes, one private module a file.
//!
//! Invariant: nothing here decides how anything is written or read; a message lists its fields, and for each the member, how it
//! is declared, and the format of its values. The runtime does the rest.

mod field;
mod message;

use std::collections::{BTreeMap, BTreeSet};

use proc_macro2::Ident;
use prost_types::{DescriptorProto, EnumDescriptorProto};
use quote::format_ident;

use crate::clash::Taken;
use crate::error::Result;
use crate::externs::Externs;
use crate::layout::{self, Printer, literal};
use crate::outputs::Output;
use crate::request::{ProtoFile, Request};
use crate::rust_names::RustNames;
use crate::shapes::is_map_entry;
use crate::validate::Types;
use crate::well_known;

/// What is known of the run.
#[derive(Debug)]
pub(crate) struct Json<'a> {
    pub(crate) request: &'a Request,
    pub(crate) externs: &'a Externs,
    types: &'a Types,
    names: &'a RustNames,
    /// The output of each file.
    homes: BTreeMap<&'a str, &'a Output>,
}

/// One file, and the names of the runtime that its code uses.
#[derive(Debug)]
struct FileJson<'a> {
    json: &'a Json<'a>,
    file: &'a ProtoFile,
    output: &'a Output,
    used: BTreeSet<&'static str>,
    /// What is in the module, after the names that it imports.
    items: Printer,
    /// The paths of the messages.
    messages: Vec<String>,
    /// Whether a function is longer than strict users of clippy allow.
    is_long: bool,
}

impl<'a> Json<'a> {
    pub(crate) fn new(
        request: &'a Request,
        types: &'a Types,
        externs: &'a Externs,
        names: &'a RustNames,
        outputs: &'a [Output],
    ) -> Self {
        let homes = outputs
            .iter()
            .flat_map(|output| output.files.iter().map(move |file| (file.as_str(), output)));
        Self {
            request,
            externs,
            types,
            names,
            homes: homes.collect(),
        }
    }

    /// Prints the module for the messages of `file`, which is in `output` and calls the runtime `runtime`; nothing for
    /// a file without.
    pub(crate) fn print(
        &self,
        out: &mut Printer,
        file: &ProtoFile,
        output: &Output,
        runtime: &Ident,
        is_deprecated: bool,
        taken: &mut Taken,
    ) -> Result<()> {
        let mut json = FileJson {
            json: self,
            file,
            output,
            used: BTreeSet::new(),
            items: Printer::inside(1),
            messages: Vec::new(),
            is_long: false,
        };
        json.collect()?;
        json.print_serde();
        if !json.used.is_empty() {
            let name = taken.private(format_ident!("json_rmicro"));
            json.print_head(out, &name, runtime, is_deprecated);
            out.push(&json.items.into_code());
            out.leave("}");
        }
        Ok(())
    }
}

impl FileJson<'_> {
    fn collect(&mut self) -> Result<()> {
        let proto = &self.file.proto;
        let scope = match proto.package() {
            "" => String::new(),
            package => format!(".{package}"),
        };
        for message in &proto.message_type {
            self.message_and_inside(&scope, message)?;
        }
        for item in &proto.enum_type {
            self.enumeration(&scope, item)?;
        }
        Ok(())
    }

    fn message_and_inside(&mut self, scope: &str, message: &DescriptorProto) -> Result<()> {
        let full = format!("{scope}.{}", message.name());
        if is_map_entry(message) || self.json.externs.has_type(&full) {
            return Ok(());
        }
        if !well_known::has_own_json(&full) {
            self.message(&full, message)?;
        }
        for nested in &message.nested_type {
            self.message_and_inside(&full, nested)?;
        }
        for item in &message.enum_type {
            self.enumeration(&full, item)?;
        }
        Ok(())
    }

    fn enumeration(&mut self, scope: &str, item: &EnumDescriptorProto) -> Result<()> {
        let full = format!("{scope}.{}", item.name());
        if self.json.externs.has_type(&full) || well_known::has_own_json(&full) {
            return Ok(());
        }
        self.used.extend(["EnumNames", "JsonEnum"]);
        let path = self.path_of(&full)?;
        self.open_impl("JsonEnum", &path, &full);
        let out = &mut self.items;
        out.whole("");
        out.text("const NAMES: EnumNames = &").open_list("[");
        out.each(&item.value, |out, value| {
            out.open_list("(").text(&literal(value.name())).comma();
            out.text(&value.number().to_string()).close_list(")");
        });
        out.close_list("]").text(";").end();
        out.leave("}");
        Ok(())
    }

    /// Starts what the type `full`, which has `path` here, says as a `which`.
    fn open_impl(&mut self, which: &str, path: &str, full: &str) {
        let out = &mut self.items;
        out.whole("");
        out.open_filled().text("impl ").text(which).space();
        out.text("for ").text(path).close().text(" {").end();
        out.enter();
        let name = literal(full.trim_start_matches('.'));
        out.whole(&format!("const NAME: &'static str = {name};"));
    }

    fn print_serde(&mut self) {
        if !self.messages.is_empty() {
            self.used.insert("json_serde");
            let messages = self.messages.iter().map(String::as_str);
            let out = &mut self.items;
            out.whole("");
            out.text("json_serde!").filled(["(", ")"], "", messages);
            out.text(";").end();
        }
    }

    /// Starts the module `name`, with what it imports of what the file calls `runtime`.
    fn print_head(&self, out: &mut Printer, name: &Ident, runtime: &Ident, is_deprecated: bool) {
        out.whole("");
        match (is_deprecated, self.is_long) {
            (true, true) => out.whole("#[allow(deprecated, clippy::too_many_lines)]"),
            (true, false) => out.whole("#[allow(deprecated)]"),
            (false, true) => out.whole("#[allow(clippy::too_many_lines)]"),
            (false, false) => {}
        }
        out.whole(&format!("mod {name} {{"));
        out.enter();
        out.text(&format!("use super::{runtime}::"));
        out.filled(["{", "}"], ",", self.used.iter().copied());
        out.text(";").end();
    }

    /// The path of the message or enum `full`, as seen from the module of JSON.
    fn path_of(&self, full: &str) -> Result<String> {
        let Json {
            request,
            externs,
            types,
            names,
            homes,
        } = self.json;
        if let Some(path) = externs.resolve(full, types, names) {
            return layout::path(path);
        }
        let home = types.get(full).map_or("", String::as_str);
        let package = request.file(home).map_or("", |file| file.proto.package());
        let mut path = vec!["super".to_owned()];
        if let Some(other) = homes.get(home) {
            path.extend(self.output.path_to(other));
        }
        path.push(names.path(package, full));
        Ok(path.join("::"))
    }
}
