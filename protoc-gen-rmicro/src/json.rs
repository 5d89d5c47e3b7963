//! What a file says of its messages and enums so that they can be JSON: names and shapes, one private module a file.
//!
//! Invariant: nothing here decides how anything is written or read; a message lists its fields, and for each the member, how it
//! is declared, and the format of its values. The runtime does the rest.

mod field;
mod message;

use std::collections::{BTreeMap, BTreeSet};

use proc_macro2::{Ident, Literal, Span, TokenStream};
use prost_types::{DescriptorProto, EnumDescriptorProto};
use quote::{format_ident, quote};

use crate::clash::Taken;
use crate::error::{Error, Result};
use crate::externs::Externs;
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
    items: Vec<TokenStream>,
    messages: Vec<TokenStream>,
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

    /// The module for the messages of `file`, which is in `output` and calls the runtime `runtime`; nothing for a file without.
    pub(crate) fn module(
        &self,
        file: &ProtoFile,
        output: &Output,
        runtime: &Ident,
        is_deprecated: bool,
        taken: &mut Taken,
    ) -> Result<TokenStream> {
        let mut code = FileJson {
            json: self,
            file,
            output,
            used: BTreeSet::new(),
            items: Vec::new(),
            messages: Vec::new(),
            is_long: false,
        };
        code.collect()?;
        if code.items.is_empty() {
            return Ok(TokenStream::new());
        }
        let name = taken.private(format_ident!("json_rmicro"));
        let deprecated = is_deprecated.then(|| quote!(deprecated,));
        let too_many_lines = code.is_long.then(|| quote!(clippy::too_many_lines));
        let allow =
            (is_deprecated || code.is_long).then(|| quote!(#[allow(#deprecated #too_many_lines)]));
        let (items, messages) = (&code.items, &code.messages);
        let serde = (!messages.is_empty()).then(|| {
            code.used.insert("json_serde");
            quote!(json_serde!(#(#messages),*);)
        });
        let used = code.used.iter();
        let used = used.map(|name| Ident::new(name, Span::call_site()));
        Ok(quote! {
            #allow
            mod #name {
                use super::#runtime::{#(#used),*};
                #(#items)*
                #serde
            }
        })
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
        let name = full.trim_start_matches('.');
        let values = item.value.iter().map(|value| {
            let (name, number) = (value.name(), Literal::i32_unsuffixed(value.number()));
            quote!((#name, #number))
        });
        self.items.push(quote! {
            impl JsonEnum for #path {
                const NAME: &'static str = #name;
                const NAMES: EnumNames = &[#(#values),*];
            }
        });
        Ok(())
    }

    /// The path of the message or enum `full`, as seen from the module of JSON.
    fn path_of(&self, full: &str) -> Result<TokenStream> {
        let Json {
            request,
            externs,
            types,
            names,
            homes,
        } = self.json;
        if let Some(path) = externs.resolve(full, types, names) {
            return parse(&path);
        }
        let home = types.get(full).map_or("", String::as_str);
        let package = request.file(home).map_or("", |file| file.proto.package());
        let mut path = vec!["super".to_owned()];
        if let Some(other) = homes.get(home) {
            path.extend(self.output.path_to(other));
        }
        path.push(names.path(package, full));
        parse(&path.join("::"))
    }
}

fn parse(path: &str) -> Result<TokenStream> {
    path.parse()
        .map_err(|_| Error::new(format!("`{path}` is no Rust path")))
}
