//! Which names of a Rust module are taken, and by what.
//!
//! Invariant: two things that would have one name in one module are an error that names both, never code that does not compile.

use std::collections::BTreeMap;

use proc_macro2::Ident;
use prost_types::DescriptorProto;
use quote::format_ident;

use crate::descriptor::static_name;
use crate::error::{Result, bail};
use crate::externs::Externs;
use crate::names::{self, Names};
use crate::outputs::Output;
use crate::request::{ProtoFile, Request};

/// The names of one module, each with what has it.
#[derive(Debug, Default)]
pub(crate) struct Taken {
    types: BTreeMap<String, String>,
    values: BTreeMap<String, String>,
}

impl Taken {
    /// The names that the messages, the statics and the inner packages of each module take, by module.
    pub(crate) fn by_messages(
        request: &Request,
        externs: &Externs,
        outputs: &[Output],
    ) -> Result<BTreeMap<Vec<String>, Self>> {
        let mut modules: BTreeMap<Vec<String>, Self> = BTreeMap::new();
        for output in outputs {
            let taken = modules.entry(output.module.clone()).or_default();
            for file in output.files.iter().filter_map(|name| request.file(name)) {
                taken.file(file, request.options.messages, externs)?;
            }
        }
        for output in outputs {
            for (depth, part) in output.module.iter().enumerate() {
                if let Some(around) = modules.get_mut(&output.module[..depth]) {
                    around.package(part, &output.package)?;
                }
            }
        }
        Ok(modules)
    }

    /// Takes the names of the service `full_name`, which is at `place`.
    pub(crate) fn service(&mut self, full_name: &str, place: &str) -> Result<Names> {
        let mut names = Names::new(full_name.rsplit('.').next().unwrap_or(full_name));
        let what = format!("the service {full_name} ({place})");
        take(&mut self.types, &names.stub.to_string(), &what)?;
        take(&mut self.types, &names.handler.to_string(), &what)?;
        take(&mut self.values, &names.register.to_string(), &what)?;
        names.module = self.private(names.module);
        Ok(names)
    }

    /// Takes the name of a private module: any will do, so one that is taken gets an underscore.
    pub(crate) fn private(&mut self, mut name: Ident) -> Ident {
        while self.types.contains_key(&name.to_string()) {
            name = format_ident!("{name}_");
        }
        self.types
            .insert(name.to_string(), "a private module".to_owned());
        name
    }

    fn file(&mut self, file: &ProtoFile, messages: bool, externs: &Externs) -> Result<()> {
        let name = file.proto.name();
        take(
            &mut self.values,
            &static_name(name).to_string(),
            &format!("the descriptor of {name}"),
        )?;
        if !messages {
            return Ok(());
        }
        let package = file.proto.package();
        let scope = if package.is_empty() {
            String::new()
        } else {
            format!(".{package}")
        };
        let is_here = |name: &str| !externs.has_type(&format!("{scope}.{name}"));
        for (index, message) in (0..).zip(&file.proto.message_type) {
            if is_here(message.name()) {
                self.message(message, &file.place(&[4, index]))?;
            }
        }
        for (index, item) in (0..).zip(&file.proto.enum_type) {
            if is_here(item.name()) {
                let what = format!("the enum {} ({})", item.name(), file.place(&[5, index]));
                take(&mut self.types, &names::type_name(item.name()), &what)?;
            }
        }
        Ok(())
    }

    fn message(&mut self, message: &DescriptorProto, place: &str) -> Result<()> {
        let what = format!("the message {} ({place})", message.name());
        take(&mut self.types, &names::type_name(message.name()), &what)?;
        let is_map = |nested: &DescriptorProto| {
            nested
                .options
                .as_ref()
                .is_some_and(|options| options.map_entry())
        };
        let has_oneof = message
            .field
            .iter()
            .any(|field| field.oneof_index.is_some() && !field.proto3_optional());
        let has_types = !message.enum_type.is_empty()
            || message.nested_type.iter().any(|nested| !is_map(nested));
        if has_oneof || has_types {
            let what = format!("what is inside of {what}");
            take(&mut self.types, &names::module_name(message.name()), &what)?;
        }
        Ok(())
    }

    /// Several packages may share a part of their path.
    fn package(&mut self, part: &str, package: &str) -> Result<()> {
        let what = format!("a part of the package {package}");
        match self.types.get(part) {
            Some(other) if other.starts_with("a part of the package") => Ok(()),
            _ => take(&mut self.types, part, &what),
        }
    }
}

fn take(names: &mut BTreeMap<String, String>, name: &str, what: &str) -> Result<()> {
    match names.insert(name.to_owned(), what.to_owned()) {
        Some(other) => bail!("{other} and {what} are both `{name}` in Rust; rename one"),
        None => Ok(()),
    }
}
