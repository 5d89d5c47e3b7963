//! From a request to the files that answer it.

use proc_macro2::{Ident, TokenStream};
use quote::quote;
use syn::Item;

use crate::clash::Taken;
use crate::deprecation;
use crate::descriptor::Statics;
use crate::error::{Error, Result};
use crate::externs::Externs;
use crate::json::Json;
use crate::messages::Messages;
use crate::options::Options;
use crate::outputs::{self, Output};
use crate::request::Request;
use crate::rust_names::RustNames;
use crate::service::{self, Service};
use crate::validate;
use crate::{format, handler, imports, lints, matching, register, stamp, stub, tree, uses};

/// One generated file.
#[derive(Debug)]
pub(crate) struct Generated {
    /// The name of the file.
    pub(crate) name: String,
    /// What is in it.
    pub(crate) code: String,
}

/// Generates everything that `request` asks for.
pub(crate) fn generate(request: &Request) -> Result<Vec<Generated>> {
    let types = validate::check(request)?;
    matching::check(request)?;
    let externs = Externs::new(request, &types);
    uses::refuse_missing(request, &types, &externs)?;
    let outputs = outputs::outputs(request, &externs)?;
    let names = RustNames::new(request, &externs);
    let mut taken = Taken::by_messages(&names, &outputs)?;
    let messages = Messages::new(request, &externs, &names)?;
    let statics = Statics::new(request, &externs, &outputs);
    let json = Json::new(request, &types, &externs, &names, &outputs);
    let mut generated = Vec::new();
    for output in &outputs {
        let taken = taken.entry(output.module.clone()).or_default();
        let code = code(&json, &messages, &statics, output, taken)?;
        generated.push(Generated {
            name: output.file_name(&request.options),
            code,
        });
    }
    for name in &request.options.include_file {
        generated.push(Generated {
            name: name.clone(),
            code: tree::code(&outputs, &request.options),
        });
    }
    Ok(generated)
}

fn code(
    json: &Json<'_>,
    messages: &Messages,
    statics: &Statics<'_>,
    output: &Output,
    taken: &mut Taken,
) -> Result<String> {
    let Json {
        request, externs, ..
    } = *json;
    let mut code = format::header(&output.files);
    let runtime = taken.private(stamp::alias(output));
    code.push_str(&stamp::code(&runtime));
    let files = || output.files.iter().filter_map(|name| request.file(name));
    for file in files().filter(|_| request.options.messages) {
        let items = messages.items(file.proto.name())?;
        format::append(&mut code, deprecation::set_apart(items, taken)?);
    }
    format::append(&mut code, parse(statics.tokens(output)?)?);
    // One after the other, as tokens take much more room than text.
    for file in files() {
        for service in service::services(file, messages, externs, taken)? {
            format::append(
                &mut code,
                parse(module(&service, &runtime, &request.options))?,
            );
        }
    }
    for file in files().filter(|_| request.options.messages && request.options.has_json()) {
        let is_deprecated = messages.touches_deprecated(file.proto.name());
        json.append(&mut code, file, output, &runtime, is_deprecated, taken)?;
    }
    Ok(code)
}

/// The public names of a service and the private module that has them.
fn module(service: &Service, runtime: &Ident, options: &Options) -> TokenStream {
    if !options.client && !options.server {
        return TokenStream::new();
    }
    let names = &service.names;
    let (module, stub, handler, register) =
        (&names.module, &names.stub, &names.handler, &names.register);
    let public = match (options.client, options.server) {
        (true, true) => quote!({#handler, #stub, #register}),
        (true, false) => quote!(#stub),
        _ => quote!({#handler, #register}),
    };
    let deprecated = (options.client && service.is_deprecated).then(|| quote!(deprecated,));
    let allowed = lints::of_module(service);
    let imports = imports::tokens(service, runtime, options);
    let descriptor = register::descriptor(service, options.has_json());
    let client = options.client.then(|| stub::tokens(service));
    let server = options.server.then(|| {
        let (handler, register) = (
            handler::tokens(service, options.unimplemented_stubs),
            register::tokens(service),
        );
        quote!(#handler #register)
    });
    quote! {
        #[allow(#deprecated unused_imports, unreachable_pub)]
        pub use self::#module::#public;

        #[allow(#(#allowed),*)]
        mod #module {
            #imports
            #descriptor
            #client
            #server
        }
    }
}

fn parse(tokens: TokenStream) -> Result<Vec<Item>> {
    let file = syn::parse2::<syn::File>(tokens);
    file.map(|file| file.items)
        .map_err(|error| Error::new(format!("the generated code is not valid Rust ({error})")))
}
