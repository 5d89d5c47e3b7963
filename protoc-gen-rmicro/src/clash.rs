//! Which names of a Rust module are taken, and by what.
//!
//! Messages and enums give way by themselves, in [`RustNames`]. Services and what is called after a file keep their names.
//!
//! Invariant: two of those that would have one name in one module are an error that names both, never code that does not
//! compile.

use std::collections::BTreeMap;

use proc_macro2::Ident;
use quote::format_ident;

use crate::descriptor::static_name;
use crate::error::{Result, bail};
use crate::names::Names;
use crate::outputs::Output;
use crate::rust_names::{RustNames, Scope};

/// The names of one module, each with what has it.
#[derive(Debug, Default)]
pub(crate) struct Taken {
    /// Messages, enums and modules, and the names that they left to the services.
    types: Scope,
    /// Stubs and handlers.
    services: BTreeMap<String, String>,
    values: BTreeMap<String, String>,
}

impl Taken {
    /// The names that the messages, the statics and the inner packages of each module take, by module.
    pub(crate) fn by_messages(
        names: &RustNames,
        outputs: &[Output],
    ) -> Result<BTreeMap<Vec<String>, Self>> {
        let mut modules: BTreeMap<Vec<String>, Self> = BTreeMap::new();
        for output in outputs {
            let taken = modules.entry(output.module.clone()).or_default();
            taken.types = names.taken(&output.module);
            for file in &output.files {
                let what = format!("the descriptor of {file}");
                take(&mut taken.values, &static_name(file).to_string(), &what)?;
            }
        }
        Ok(modules)
    }

    /// Takes the names of the service `full_name`, which is at `place`.
    pub(crate) fn service(&mut self, full_name: &str, place: &str) -> Result<Names> {
        let mut names = Names::new(full_name.rsplit('.').next().unwrap_or(full_name));
        let what = format!("the service {full_name} ({place})");
        take(&mut self.services, &names.stub.to_string(), &what)?;
        take(&mut self.services, &names.handler.to_string(), &what)?;
        take(&mut self.values, &names.register.to_string(), &what)?;
        names.module = self.private(names.module);
        Ok(names)
    }

    /// Takes the name of a private module: any will do, so one that is taken gets an underscore.
    pub(crate) fn private(&mut self, mut name: Ident) -> Ident {
        while self.types.has(&name.to_string()) {
            name = format_ident!("{name}_");
        }
        self.types.reserve(name.to_string());
        name
    }
}

fn take(names: &mut BTreeMap<String, String>, name: &str, what: &str) -> Result<()> {
    match names.insert(name.to_owned(), what.to_owned()) {
        Some(other) => bail!("{other} and {what} are both `{name}` in Rust; rename one"),
        None => Ok(()),
    }
}
