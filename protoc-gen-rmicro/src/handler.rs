//! The server's half: a trait with one method for each rpc, which users write as `async fn`.

use crate::docs;
use crate::layout::{Printer, literal};
use crate::service::{Kind, Method, Service};

/// The handler trait of `service`; with `stubs` each method has a body that answers "unimplemented".
pub(crate) fn print(out: &mut Printer, service: &Service, stubs: bool) {
    let name = &service.names.handler;
    let sentence = format!(
        "Handler of `{}`; write each method as a plain `async fn`.",
        service.full_name
    );
    out.whole("");
    docs::print_described(out, &sentence, &service.docs);
    let head = format!("pub trait {name}: Send + Sync + 'static {{");
    if service.methods.is_empty() {
        return out.whole(&(head + "}"));
    }
    out.whole(&head);
    out.enter();
    for (index, method) in service.methods.iter().enumerate() {
        if index > 0 {
            out.whole("");
        }
        print_method(out, service, method, stubs);
    }
    out.leave("}");
}

fn print_method(out: &mut Printer, service: &Service, method: &Method, stubs: bool) {
    let sentence = format!("Answers `{}`.", method.proto_name);
    docs::print_or(out, &method.docs, &sentence);
    print_signature(out, method, if stubs { "_" } else { "" });
    if !stubs {
        return out.text(";").end();
    }
    out.text(" {").end();
    out.enter();
    let descriptor = &service.names.descriptor;
    out.text("unimplemented").open_list("(");
    out.text(&format!("&{descriptor}")).comma();
    out.text(&literal(&method.proto_name)).close_list(")").end();
    out.leave("}");
}

/// The function with arguments whose names start with `unused`.
fn print_signature(out: &mut Printer, method: &Method, unused: &str) {
    let (input, output) = (&method.input, &method.output);
    out.text(&format!("fn {}", method.function)).open_list("(");
    out.text("&self").comma();
    out.text(unused).text("ctx: Context").comma();
    match method.kind {
        Kind::Unary | Kind::ServerStreaming => out.text(unused).text("request: ").text(input),
        Kind::ClientStreaming | Kind::BidiStreaming => {
            out.text(unused).text("requests: Receiver");
            out.open_list("<").text(input).close_list(">")
        }
    };
    let output = match method.kind {
        Kind::Unary | Kind::ClientStreaming => output,
        Kind::ServerStreaming | Kind::BidiStreaming => {
            out.comma().text(unused).text("replies: Sender");
            out.open_list("<").text(output).close_list(">");
            "()"
        }
    };
    out.close_list(")").open_flush().text(" -> impl Future");
    out.open_list("<").text("Output = Result");
    out.open_list("<").text(output).close_list(">");
    out.close_list(">").text(" + Send").close();
}
