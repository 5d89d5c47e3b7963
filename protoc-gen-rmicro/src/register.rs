//! What joins a handler to a server: the descriptor, the function that registers and the one that dispatches.

use crate::layout::{Printer, literal};
use crate::service::{Method, Service};

/// The descriptor of `service`, whose messages have JSON if `has_json`.
pub(crate) fn print_descriptor(out: &mut Printer, service: &Service, has_json: bool) {
    out.whole("");
    out.text(&format!(
        "static {}: Descriptor = ",
        service.names.descriptor
    ));
    out.text("Descriptor::new").open_list("(");
    out.text(&literal(&service.full_name)).comma();
    out.text("&").open_list("[");
    out.each(&service.methods, |out, method| {
        print_method(out, method, has_json);
    });
    out.close_list("]").comma();
    out.text(&format!("&super::{}", service.file));
    out.close_list(")").text(";").end();
}

fn print_method(out: &mut Printer, method: &Method, has_json: bool) {
    let has_setters = has_json || method.idempotency.is_some() || !method.http.is_empty();
    if has_setters {
        out.open();
    }
    out.text("Method::").text(method.kind.function());
    out.open_list("(").text(&literal(&method.proto_name));
    out.close_list(")");
    if has_json {
        out.join().text(".json::").open_list("<");
        out.text(&method.input).comma().text(&method.output);
        out.close_list(">").text("()");
    }
    if let Some(level) = method.idempotency {
        out.join().text(".idempotency").open_list("(");
        out.text("Idempotency::").text(level).close_list(")");
    }
    if !method.http.is_empty() {
        out.join().text(".http").open_list("(");
        out.text("&").open_list("[");
        out.each(&method.http, |out, rule| rule.print(out));
        out.close_list("]").close_list(")");
    }
    if has_setters {
        out.close();
    }
}

/// The functions that serve `service` with a handler.
pub(crate) fn print(out: &mut Printer, service: &Service) {
    let (handler, register) = (&service.names.handler, &service.names.register);
    let descriptor = &service.names.descriptor;
    out.whole("");
    out.whole(&format!(
        "/// Serves `{}` with `handler`.",
        service.full_name
    ));
    out.text(&format!("pub fn {register}")).open_list("<");
    out.text(&format!("H: {handler}")).close_list(">");
    out.text("(")
        .stop()
        .open_list("")
        .text("server: &Server")
        .comma();
    out.text("handler: H").close_list(")");
    out.open_flush().text(" -> Result").open_list("<");
    out.text("Registration").close_list(">").close();
    out.text(" {").end();
    out.enter();
    out.open().text("server").join().text(".handle");
    out.open_list("(").text(&format!("&{descriptor}")).comma();
    out.text("handler").comma().text("dispatch");
    out.close_list(")").close().end();
    out.leave("}");
    print_dispatch(out, service);
}

fn print_dispatch(out: &mut Printer, service: &Service) {
    let handler = &service.names.handler;
    let unused = if service.methods.is_empty() { "_" } else { "" };
    out.whole("");
    out.text("fn dispatch").open_list("<");
    out.text(&format!("H: {handler}")).close_list(">");
    out.text("(").stop().open_list("");
    out.text(unused).text("handler: &H").comma();
    out.text("call: Incoming").close_list(")");
    out.open_flush().text(" -> BoxFuture").open_list("<");
    out.text("'_").comma().text("Result").open_list("<");
    out.text("()").close_list(">").close_list(">").close();
    out.text(" {").end();
    out.enter();
    if service.methods.is_empty() {
        out.whole("call.unimplemented()");
    } else {
        print_match(out, &service.methods);
    }
    out.leave("}");
}

fn print_match(out: &mut Printer, methods: &[Method]) {
    out.whole("match call.method() {");
    out.enter();
    for method in methods {
        out.text(&literal(&method.proto_name)).open_arm();
        out.text("call.").text(method.kind.function());
        out.open_list("(").text("handler").comma();
        out.text(&format!("H::{}", method.function));
        out.close_list(")").close_arm().end();
    }
    out.whole("_ => call.unimplemented(),");
    out.leave("}");
}
