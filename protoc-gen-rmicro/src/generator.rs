//! From a request to the files that answer it.

use proc_macro2::Ident;

use crate::clash::Taken;
use crate::descriptor::Statics;
use crate::error::Result;
use crate::externs::Externs;
use crate::json::Json;
use crate::layout::Printer;
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
    let mut out = Printer::after(code);
    for file in files().filter(|_| request.options.messages) {
        messages.print(&mut out, file.proto.name(), taken)?;
    }
    statics.print(&mut out, output)?;
    for file in files() {
        for service in service::services(file, messages, externs, taken)? {
            print_service(&mut out, &service, &runtime, &request.options);
        }
    }
    for file in files().filter(|_| request.options.messages && request.options.has_json()) {
        let is_deprecated = messages.touches_deprecated(file.proto.name());
        json.print(&mut out, file, output, &runtime, is_deprecated, taken)?;
    }
    Ok(out.into_code())
}

/// The public names of a service and the private module that has them.
fn print_service(out: &mut Printer, service: &Service, runtime: &Ident, options: &Options) {
    if !options.client && !options.server {
        return;
    }
    print_public(out, service, options);
    out.whole("");
    out.open_list("#[allow(");
    out.each(lints::of_module(service), |out, lint| {
        out.text(lint);
    });
    out.close_bare_list(")").text("]").end();
    out.whole(&format!("mod {} {{", service.names.module));
    out.enter();
    imports::print(out, service, runtime, options);
    register::print_descriptor(out, service, options.has_json());
    if options.client {
        stub::print(out, service);
    }
    if options.server {
        handler::print(out, service, options.unimplemented_stubs);
        register::print(out, service);
    }
    out.leave("}");
}

/// The `use` of what is public of `service`.
fn print_public(out: &mut Printer, service: &Service, options: &Options) {
    let names = &service.names;
    let stub = names.stub.to_string();
    let (handler, register) = (names.handler.to_string(), names.register.to_string());
    out.whole("");
    out.whole(match options.client && service.is_deprecated {
        true => "#[allow(deprecated, unused_imports, unreachable_pub)]",
        false => "#[allow(unused_imports, unreachable_pub)]",
    });
    out.text(&format!("pub use self::{}::", names.module));
    let mut braced = |names: &[&str]| {
        out.filled(["{", "}"], ",", names.iter().copied());
    };
    match (options.client, options.server) {
        (true, true) => braced(&[&handler, &stub, &register]),
        (true, false) => {
            out.text(&stub);
        }
        _ => braced(&[&handler, &register]),
    }
    out.text(";").end();
}
