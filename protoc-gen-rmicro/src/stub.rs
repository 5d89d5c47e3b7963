//! The client's half: a stub with one function for each rpc.

use crate::docs;
use crate::layout::{Printer, literal};
use crate::service::{Kind, Method, Service};

/// The stub of `service`.
pub(crate) fn print(out: &mut Printer, service: &Service) {
    let (name, descriptor) = (&service.names.stub, &service.names.descriptor);
    let sentence = format!("Client stub of `{}`.", service.full_name);
    out.whole("");
    docs::print_described(out, &sentence, &service.docs);
    if service.is_deprecated {
        out.whole("#[deprecated]");
    }
    out.whole("#[derive(Clone, Debug)]");
    out.text(&format!("pub struct {name}")).open_list("(");
    out.text("Stub").close_list(")").text(";").end();
    out.whole("");
    out.whole(&format!("impl {name} {{"));
    out.enter();
    out.whole("/// Calls the nodes that the registry knows under `name`.");
    out.whole("pub fn new(name: impl Into<String>, client: &Client) -> Self {");
    out.enter();
    out.text("Self").open_list("(").open().text("client").join();
    out.text(".stub").open_list("(").text("name").comma();
    out.text(&format!("&{descriptor}")).close_list(")");
    out.close().close_list(")").end();
    out.leave("}");
    for method in &service.methods {
        print_method(out, method);
    }
    out.leave("}");
}

fn print_method(out: &mut Printer, method: &Method) {
    out.whole("");
    let sentence = format!("Calls `{}`.", method.proto_name);
    docs::print_or(out, &method.docs, &sentence);
    if method.is_deprecated {
        out.whole("#[deprecated]");
    }
    let has_request = matches!(method.kind, Kind::Unary | Kind::ServerStreaming);
    out.text(&format!("pub fn {}", method.function));
    out.open_list("(").text("&self");
    if has_request {
        out.comma().text("request: ").text(&method.input);
    }
    out.close_list(")").open_flush().text(" -> Call");
    print_reply(out.open_list("<"), method);
    out.close_list(">").close().text(" {").end();
    out.enter();
    out.open().text("self.0").join();
    out.text(".").text(method.kind.function()).open_list("(");
    out.text(&literal(&method.proto_name));
    if has_request {
        out.comma().text("request");
    }
    out.close_list(")").close().end();
    out.leave("}");
}

/// What a call comes to.
fn print_reply(out: &mut Printer, method: &Method) {
    let (input, output) = (&method.input, &method.output);
    let (name, parts) = match method.kind {
        Kind::Unary => {
            out.text(output);
            return;
        }
        Kind::ClientStreaming => ("ClientStream", &[input, output][..]),
        Kind::ServerStreaming => ("Receiver", &[output][..]),
        Kind::BidiStreaming => ("BidiStream", &[input, output][..]),
    };
    out.text(name).open_list("<");
    out.each(parts, |out, part| {
        out.text(part);
    });
    out.close_list(">");
}
