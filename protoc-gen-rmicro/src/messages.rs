//! Messages and enums, by prost-build, then made to fit: lints and doc comments.

use std::cell::RefCell;
use std::collections::{BTreeMap, HashMap};
use std::rc::Rc;

use prost_build::{Config, Module, Service, ServiceGenerator};
use prost_types::{DescriptorProto, FileDescriptorProto};
use syn::visit_mut::VisitMut;
use syn::{Attribute, Item};

use crate::clash::Taken;
use crate::comments;
use crate::deprecation::{self, Deprecations};
use crate::docs;
use crate::error::{Error, Result, bail};
use crate::externs::Externs;
use crate::format;
use crate::layout::Printer;
use crate::lints;
use crate::options::Options;
use crate::quiet;
use crate::recursion;
use crate::request::Request;
use crate::rust_names::RustNames;
use crate::sorted_maps::DebugByStd;
use crate::stand_ins::StandIns;

mod plain;

use plain::PlainStruct;

/// What prost-build makes of a request.
#[derive(Debug)]
pub(crate) struct Messages {
    code: HashMap<Module, String>,
    /// Whether nothing of users is in it that may have lines of any form.
    is_regular: bool,
    deprecations: Deprecations,
    /// The services of the chosen files by full name, with their types resolved.
    pub(crate) services: BTreeMap<String, Service>,
}

impl Messages {
    /// Runs prost-build over all files of `request`, as it has to know even those types that are generated elsewhere.
    pub(crate) fn new(request: &Request, externs: &Externs, names: &RustNames) -> Result<Self> {
        let services = Services::default();
        let stand_ins = StandIns::new(names, request);
        let deprecations = Deprecations::new(request);
        let mut config = config(request, externs, &stand_ins, &deprecations);
        config.service_generator(Box::new(services.clone()));
        let files = request.files.iter().map(|file| {
            let mut proto = stand_ins.file(&file.proto);
            let is_chosen = request.is_chosen(proto.name());
            if !is_chosen {
                proto.service.clear();
            }
            if !(is_chosen && request.options.messages) {
                leave_shapes(&mut proto);
            }
            comments::prepare(&mut proto);
            (key(proto.name()), proto)
        });
        let files = files.collect();
        let code = match quiet::catch(move || config.generate(files)) {
            Ok(Ok(code)) => code,
            Ok(Err(error)) => bail!("{error}"),
            Err(panic) => {
                let panic = stand_ins.restore(panic);
                bail!("these files cannot be generated: {panic}")
            }
        };
        let code = code.into_iter();
        let code = code.map(|(module, code)| (module, stand_ins.restore(code)));
        let services = services.0.take().into_iter();
        let services =
            services.map(|(name, service)| (stand_ins.restore(name), restore(service, &stand_ins)));
        Ok(Self {
            code: code.collect(),
            is_regular: is_regular(&request.options),
            deprecations,
            services: services.collect(),
        })
    }

    /// Whether code of the file `name` may use what is deprecated.
    pub(crate) fn touches_deprecated(&self, name: &str) -> bool {
        self.deprecations.touch(name)
    }

    /// Prints what is in the file `name`; the names of modules that it needs are then `taken`.
    pub(crate) fn print(&self, out: &mut Printer, name: &str, taken: &mut Taken) -> Result<()> {
        let code = self.code.get(&key(name)).map_or("", String::as_str);
        for piece in pieces(code, self.is_regular) {
            if let Some(plain) = PlainStruct::read(piece).filter(|_| self.is_regular) {
                plain.print(out, self.touches_deprecated(name));
            } else {
                let items = self.items(name, piece)?;
                format::print(out, deprecation::set_apart(items, taken)?);
            }
        }
        Ok(())
    }

    /// The items that `code`, which is from the file `name`, stands for.
    fn items(&self, name: &str, code: &str) -> Result<Vec<Item>> {
        let mut file = syn::parse_file(code).map_err(|error| {
            Error::new(format!("{name}: its messages are not valid Rust ({error})"))
        })?;
        TameDocs.visit_file_mut(&mut file);
        DebugByStd.visit_file_mut(&mut file);
        let is_touched = self.touches_deprecated(name);
        for item in &mut file.items {
            lints::allow_on_message(item, is_touched);
        }
        Ok(file.items)
    }
}

/// One item after the other, if `code` is of prost-build's own lines alone, and otherwise all of it.
fn pieces(code: &str, is_regular: bool) -> impl Iterator<Item = &str> {
    const END: &str = "\n}\n";
    let mut rest = code;
    std::iter::from_fn(move || {
        let end = rest.find(END).filter(|_| is_regular);
        let (piece, after) = rest.split_at(end.map_or(rest.len(), |at| at + END.len()));
        rest = after;
        (!piece.is_empty()).then_some(piece)
    })
}

fn is_regular(options: &Options) -> bool {
    let has_lines = |(_, rust): &(String, String)| rust.contains('\n');
    options.type_attribute.is_empty()
        && options.field_attribute.is_empty()
        && !options.extern_path.iter().any(has_lines)
}

/// Takes the enums out of a file whose messages nobody wants: they have no names of ours there, and prost-build panics where two
/// values of one have the same by its rule. The messages stay, as it has to know what is inside of those that are wanted.
fn leave_shapes(proto: &mut FileDescriptorProto) {
    fn leave(message: &mut DescriptorProto) {
        message.enum_type.clear();
        message.nested_type.iter_mut().for_each(leave);
    }
    proto.enum_type.clear();
    proto.message_type.iter_mut().for_each(leave);
}

/// One module for each file, as files of one package are put together here and not there.
fn key(name: &str) -> Module {
    Module::from_parts([name])
}

fn config(
    request: &Request,
    externs: &Externs,
    stand_ins: &StandIns<'_>,
    deprecations: &Deprecations,
) -> Config {
    let options = &request.options;
    let all = |patterns: &[String]| -> Vec<String> {
        let patterns = patterns.iter();
        patterns.flat_map(|path| stand_ins.patterns(path)).collect()
    };
    let mut config = Config::new();
    config
        .prost_path("::rmicro_runtime::codegen::prost")
        .compile_well_known_types()
        .bytes(all(&options.bytes))
        .btree_map(all(&options.btree_map));
    for (proto, rust) in externs.paths() {
        config.extern_path(stand_ins.path(proto), rust);
    }
    for (path, attribute) in &options.type_attribute {
        for path in stand_ins.patterns(path) {
            config.type_attribute(path, attribute);
        }
    }
    for (path, attribute) in &options.field_attribute {
        for path in stand_ins.patterns(path) {
            config.field_attribute(path, attribute);
        }
    }
    for group in recursion::endless_groups(request) {
        config.boxed(stand_ins.path(&group));
    }
    for message in &deprecations.messages {
        config.message_attribute(stand_ins.path(message), "#[deprecated]");
    }
    for item in &deprecations.enums {
        config.enum_attribute(stand_ins.path(item), "#[deprecated]");
    }
    config
}

/// What the templates read of a service, with the names instead of the stand-ins.
fn restore(mut service: Service, stand_ins: &StandIns<'_>) -> Service {
    for method in &mut service.methods {
        for text in [
            &mut method.input_type,
            &mut method.output_type,
            &mut method.input_proto_type,
            &mut method.output_proto_type,
        ] {
            *text = stand_ins.restore(std::mem::take(text));
        }
    }
    service
}

/// Keeps what prost-build says of services.
#[derive(Clone, Debug, Default)]
struct Services(Rc<RefCell<BTreeMap<String, Service>>>);

impl ServiceGenerator for Services {
    fn generate(&mut self, service: Service, _code: &mut String) {
        let dot = if service.package.is_empty() { "" } else { "." };
        let name = format!("{}{dot}{}", service.package, service.proto_name);
        self.0.borrow_mut().insert(name, service);
    }
}

/// Rewrites doc comments so that rustdoc neither warns of them nor runs them.
struct TameDocs;

impl VisitMut for TameDocs {
    fn visit_attributes_mut(&mut self, attributes: &mut Vec<Attribute>) {
        let lines = attributes.iter().filter_map(docs::line_of);
        let lines: Vec<String> = lines.map(|line| docs::original(&line)).collect();
        if !lines.is_empty() {
            let first = attributes
                .iter()
                .position(|attribute| docs::line_of(attribute).is_some());
            attributes.retain(|attribute| docs::line_of(attribute).is_none());
            let first = first.unwrap_or_default();
            attributes.splice(first..first, docs::attributes(&docs::tame(&lines)));
        }
    }
}
