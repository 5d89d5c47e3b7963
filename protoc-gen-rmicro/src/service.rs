//! One service, with everything decided that its code needs.

use proc_macro2::Ident;
use prost_types::method_options::IdempotencyLevel;

use crate::clash::Taken;
use crate::deprecation;
use crate::descriptor::static_name;
use crate::docs;
use crate::error::{Result, bail};
use crate::externs::Externs;
use crate::http::{HttpRule, HttpRules};
use crate::layout;
use crate::messages::Messages;
use crate::names::{self, Names};
use crate::request::ProtoFile;

/// A service as the templates want it.
#[derive(Debug)]
pub(crate) struct Service {
    /// The full proto name.
    pub(crate) full_name: String,
    pub(crate) names: Names,
    /// The comment, as doc lines.
    pub(crate) docs: Vec<String>,
    pub(crate) methods: Vec<Method>,
    /// Whether the stub warns whoever uses it.
    pub(crate) is_deprecated: bool,
    /// Whether its code may use what is deprecated.
    pub(crate) touches_deprecated: bool,
    /// The static of the file that declares the service.
    pub(crate) file: Ident,
}

/// An rpc as the templates want it.
#[derive(Debug)]
pub(crate) struct Method {
    /// The name in the proto.
    pub(crate) proto_name: String,
    pub(crate) function: Ident,
    pub(crate) kind: Kind,
    /// The type of a request, as seen from the private module.
    pub(crate) input: String,
    /// The type of a reply, as seen from the private module.
    pub(crate) output: String,
    pub(crate) docs: Vec<String>,
    /// Whether the stub's function warns whoever calls it.
    pub(crate) is_deprecated: bool,
    /// What `idempotency_level` says, as the runtime calls it.
    pub(crate) idempotency: Option<&'static str>,
    /// What `google.api.http` says.
    pub(crate) http: Vec<HttpRule>,
}

/// Which sides stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Unary,
    ClientStreaming,
    ServerStreaming,
    BidiStreaming,
}

impl Kind {
    /// The function of the runtime that has to do with such calls: in `Method`, in `Stub` and in `Incoming`.
    pub(crate) fn function(self) -> &'static str {
        match self {
            Self::Unary => "unary",
            Self::ClientStreaming => "client_streaming",
            Self::ServerStreaming => "server_streaming",
            Self::BidiStreaming => "bidi_streaming",
        }
    }
}

/// The services of `file`, in its order.
pub(crate) fn services(
    file: &ProtoFile,
    messages: &Messages,
    externs: &Externs,
    taken: &mut Taken,
) -> Result<Vec<Service>> {
    let package = file.proto.package();
    let http = HttpRules::of(file)?;
    let mut services = Vec::new();
    for (index, service) in (0..).zip(&file.proto.service) {
        let dot = if package.is_empty() { "" } else { "." };
        let full_name = format!("{package}{dot}{}", service.name());
        let Some(resolved) = messages.services.get(&full_name) else {
            bail!(
                "{}: the service {full_name} was lost",
                file.place(&[6, index])
            );
        };
        let names = taken.service(&full_name, &file.place(&[6, index]))?;
        services.push(Service {
            methods: methods(file, index, resolved, externs, &http)?,
            docs: docs::comment(&resolved.comments),
            is_deprecated: deprecation::is_service(file, service),
            touches_deprecated: messages.touches_deprecated(file.proto.name()),
            file: static_name(file.proto.name()),
            full_name,
            names,
        });
    }
    Ok(services)
}

fn methods(
    file: &ProtoFile,
    service: i32,
    resolved: &prost_build::Service,
    externs: &Externs,
    http: &HttpRules,
) -> Result<Vec<Method>> {
    let mut methods: Vec<Method> = Vec::new();
    for (index, method) in (0..).zip(&resolved.methods) {
        let function = names::rpc(&method.proto_name);
        let same = |other: &&Method| other.function == function;
        if let Some((other, at)) = methods.iter().zip(0..).find(|(other, _)| same(other)) {
            bail!(
                "the rpc {} ({}) and the rpc {} ({}) of {} are both `{function}` in Rust; rename one",
                other.proto_name,
                file.place(&[6, service, 2, at]),
                method.proto_name,
                file.place(&[6, service, 2, index]),
                resolved.proto_name,
            );
        }
        methods.push(Method {
            proto_name: method.proto_name.clone(),
            function,
            kind: match (method.client_streaming, method.server_streaming) {
                (false, false) => Kind::Unary,
                (true, false) => Kind::ClientStreaming,
                (false, true) => Kind::ServerStreaming,
                (true, true) => Kind::BidiStreaming,
            },
            input: from_inside(&method.input_type, &method.input_proto_type, externs)?,
            output: from_inside(&method.output_type, &method.output_proto_type, externs)?,
            docs: docs::comment(&method.comments),
            is_deprecated: method.options.deprecated(),
            idempotency: idempotency(method.options.idempotency_level()),
            http: http.of_method(service as usize, index as usize),
        });
    }
    Ok(methods)
}

fn idempotency(level: IdempotencyLevel) -> Option<&'static str> {
    match level {
        IdempotencyLevel::IdempotencyUnknown => None,
        IdempotencyLevel::NoSideEffects => Some("NoSideEffects"),
        IdempotencyLevel::Idempotent => Some("Idempotent"),
    }
}

/// The path `rust` of the message `proto`, as seen from one module further in.
fn from_inside(rust: &str, proto: &str, externs: &Externs) -> Result<String> {
    layout::path(match externs.has_type(proto) {
        true => rust.to_owned(),
        false => format!("super::{rust}"),
    })
}
