//! What a proto calls deprecated: a use of it warns in users' code, and in no line that is generated.
//!
//! Of a message or enum that is the type, of an rpc the function of the stub, of a service the stub, of a file all types and stubs
//! that it declares. Handlers never warn: whoever serves has to, as long as somebody calls.

use std::collections::BTreeSet;

use prost_types::{
    DescriptorProto, EnumDescriptorProto, FieldDescriptorProto, FileDescriptorProto,
    MethodDescriptorProto, ServiceDescriptorProto,
};

use crate::request::{ProtoFile, Request};

mod apart;

pub(crate) use apart::set_apart;

/// The full names of types that are deprecated, and which files have to do with some.
#[derive(Debug, Default)]
pub(crate) struct Deprecations {
    /// Each with a dot in front; what is inside of a message is as deprecated as that, and not named.
    pub(crate) messages: Vec<String>,
    /// Each with a dot in front.
    pub(crate) enums: Vec<String>,
    /// Files whose code could warn.
    touched: BTreeSet<String>,
}

impl Deprecations {
    /// Looks through all files of `request`.
    pub(crate) fn new(request: &Request) -> Self {
        let mut found = Self::default();
        let mut declaring = BTreeSet::new();
        // Imports come before those that import them.
        for file in &request.files {
            let before = found.messages.len() + found.enums.len();
            found.file(&file.proto);
            let name = file.proto.name();
            if found.messages.len() + found.enums.len() > before {
                declaring.insert(name);
            }
            let imports = &file.proto.dependency;
            let has_import = imports
                .iter()
                .any(|import| declaring.contains(import.as_str()));
            if has_import && !file.proto.public_dependency.is_empty() {
                declaring.insert(name);
            }
            if has_import || declaring.contains(name) || has_part(&file.proto) {
                found.touched.insert(name.to_owned());
            }
        }
        found
    }

    /// Whether code of the file `name` may use what is deprecated, and has to allow itself to.
    pub(crate) fn touch(&self, name: &str) -> bool {
        self.touched.contains(name)
    }

    fn file(&mut self, proto: &FileDescriptorProto) {
        let scope = match proto.package() {
            "" => String::new(),
            package => format!(".{package}"),
        };
        let is_all = is_file(proto);
        for message in &proto.message_type {
            if is_all {
                self.messages.push(format!("{scope}.{}", message.name()));
            }
            self.message(&scope, message, is_all);
        }
        for item in &proto.enum_type {
            self.item(&scope, item, is_all);
        }
    }

    fn message(&mut self, scope: &str, message: &DescriptorProto, is_around: bool) {
        let full = format!("{scope}.{}", message.name());
        let options = message.options.as_ref();
        let is_deprecated = is_around || options.is_some_and(|options| options.deprecated());
        if is_deprecated && !is_around {
            self.messages.push(full.clone());
        }
        for nested in &message.nested_type {
            self.message(&full, nested, is_deprecated);
        }
        for item in &message.enum_type {
            self.item(&full, item, is_deprecated);
        }
    }

    fn item(&mut self, scope: &str, item: &EnumDescriptorProto, is_around: bool) {
        let options = item.options.as_ref();
        if is_around || options.is_some_and(|options| options.deprecated()) {
            self.enums.push(format!("{scope}.{}", item.name()));
        }
    }
}

/// Whether the stub of `service`, which is in `file`, is deprecated.
pub(crate) fn is_service(file: &ProtoFile, service: &ServiceDescriptorProto) -> bool {
    is_file(&file.proto) || is_marked(service)
}

/// Whether the stub's function for `method` is deprecated.
pub(crate) fn is_method(method: &MethodDescriptorProto) -> bool {
    method
        .options
        .as_ref()
        .is_some_and(|options| options.deprecated())
}

fn is_file(proto: &FileDescriptorProto) -> bool {
    proto
        .options
        .as_ref()
        .is_some_and(|options| options.deprecated())
}

/// Whether something that is no type is deprecated: a field, an enum's value, a service or an rpc.
fn has_part(proto: &FileDescriptorProto) -> bool {
    let services = &mut proto.service.iter();
    let has_method = |service: &ServiceDescriptorProto| service.method.iter().any(is_method);
    is_file(proto)
        || proto.message_type.iter().any(has_field)
        || proto.enum_type.iter().any(has_value)
        || services.any(|service| is_marked(service) || has_method(service))
}

fn has_field(message: &DescriptorProto) -> bool {
    let is_deprecated = |field: &FieldDescriptorProto| {
        field
            .options
            .as_ref()
            .is_some_and(|options| options.deprecated())
    };
    message.field.iter().any(is_deprecated)
        || message.nested_type.iter().any(has_field)
        || message.enum_type.iter().any(has_value)
}

fn has_value(item: &EnumDescriptorProto) -> bool {
    let mut options = item.value.iter().filter_map(|value| value.options.as_ref());
    options.any(|options| options.deprecated())
}

fn is_marked(service: &ServiceDescriptorProto) -> bool {
    service
        .options
        .as_ref()
        .is_some_and(|options| options.deprecated())
}
