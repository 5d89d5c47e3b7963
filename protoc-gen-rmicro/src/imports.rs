//! Which names of the runtime a service's module uses, and nothing more: an import without use is a warning.

use std::collections::BTreeSet;

use proc_macro2::Ident;

use crate::layout::Printer;
use crate::options::Options;
use crate::service::{Kind, Service};

/// Prints the `use` of the names of what the file calls `runtime`, sorted as rustfmt sorts them.
pub(crate) fn print(out: &mut Printer, service: &Service, runtime: &Ident, options: &Options) {
    let mut names = BTreeSet::from(["Descriptor"]);
    if !service.methods.is_empty() {
        names.insert("Method");
    }
    for method in &service.methods {
        names.extend(method.idempotency.map(|_| "Idempotency"));
        names.extend(method.http.first().map(|_| "HttpRule"));
    }
    if options.client {
        names.extend(["Client", "Stub"]);
        for method in &service.methods {
            names.insert("Call");
            names.extend(match method.kind {
                Kind::Unary => None,
                Kind::ClientStreaming => Some("ClientStream"),
                Kind::ServerStreaming => Some("Receiver"),
                Kind::BidiStreaming => Some("BidiStream"),
            });
        }
    }
    if options.server {
        names.extend(["BoxFuture", "Incoming", "Registration", "Result", "Server"]);
        for method in &service.methods {
            names.extend(["Context", "Future"]);
            if matches!(method.kind, Kind::ClientStreaming | Kind::BidiStreaming) {
                names.insert("Receiver");
            }
            if matches!(method.kind, Kind::ServerStreaming | Kind::BidiStreaming) {
                names.insert("Sender");
            }
            if options.unimplemented_stubs {
                names.insert("unimplemented");
            }
        }
    }
    out.text(&format!("use super::{runtime}::"));
    out.filled(["{", "}"], ",", names).text(";").end();
}
