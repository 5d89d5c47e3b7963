//! Whether what is generated finds the types that it names.

use std::collections::BTreeMap;

use prost_types::{DescriptorProto, FieldDescriptorProto};

use crate::error::{Result, bail};
use crate::externs::Externs;
use crate::locate::{self, Thing};
use crate::request::{ProtoFile, Request};
use crate::validate::{self, Types};

/// Refuses a run that would generate code for types that are nowhere.
///
/// With `messages=false` they are somewhere else anyhow.
pub(crate) fn refuse_missing(request: &Request, types: &Types, externs: &Externs) -> Result<()> {
    if !request.options.messages {
        return Ok(());
    }
    if let Some((home, (file, name))) = missing(request, types, externs).first_key_value() {
        let package = request.file(home).map_or("", |file| file.proto.package());
        // Without a package there is only the type itself to say it of.
        let path = if package.is_empty() { name } else { package };
        let place = request
            .file(file)
            .map_or(file.clone(), |file| place(file, name));
        bail!(
            "{place}: `{name}` is declared in {home}, which is not generated in this run: add {home} to the files, \
             or say where its types are with the option extern_path=.{path}=::rust::path"
        );
    }
    Ok(())
}

/// Where `file` first names the type `name`.
fn place(file: &ProtoFile, name: &str) -> String {
    let full = format!(".{name}");
    match locate::first(&file.proto, &|thing| thing == Thing::Type(&full)) {
        Some((path, _)) => file.place(&path),
        None => file.proto.name().to_owned(),
    }
}

/// Adds the files that declare what the chosen ones need.
pub(crate) fn choose_needed(request: &mut Request) -> Result<()> {
    let types = validate::check(request)?;
    let externs = Externs::new(request, &types);
    while request.options.messages {
        let missing: Vec<String> = missing(request, &types, &externs).into_keys().collect();
        if missing.is_empty() {
            break;
        }
        request.chosen.extend(missing);
    }
    Ok(())
}

/// The files that are needed and not chosen, each with a file that needs it and the type that it needs.
fn missing(
    request: &Request,
    types: &Types,
    externs: &Externs,
) -> BTreeMap<String, (String, String)> {
    let mut missing = BTreeMap::new();
    for file in request.chosen().filter(|file| !externs.has_file(file)) {
        let mut named = Vec::new();
        file.proto
            .message_type
            .iter()
            .for_each(|message| named_in(message, &mut named));
        for method in file
            .proto
            .service
            .iter()
            .flat_map(|service| &service.method)
        {
            named.extend([method.input_type(), method.output_type()]);
        }
        for name in named {
            let home = types
                .get(name)
                .filter(|home| !request.is_chosen(home) && !externs.has_type(name));
            if let Some(home) = home {
                let user = || {
                    (
                        file.proto.name().to_owned(),
                        name.trim_start_matches('.').to_owned(),
                    )
                };
                missing.entry(home.clone()).or_insert_with(user);
            }
        }
    }
    missing
}

fn named_in<'a>(message: &'a DescriptorProto, named: &mut Vec<&'a str>) {
    let names = message.field.iter().map(FieldDescriptorProto::type_name);
    named.extend(names.filter(|name| !name.is_empty()));
    message
        .nested_type
        .iter()
        .for_each(|nested| named_in(nested, named));
}
