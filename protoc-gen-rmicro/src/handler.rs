//! The server's half: a trait with one method for each rpc, which users write as `async fn`.

use proc_macro2::TokenStream;
use quote::{format_ident, quote};

use crate::docs;
use crate::service::{Kind, Method, Service};

/// The handler trait of `service`; with `stubs` each method has a body that answers "unimplemented".
pub(crate) fn tokens(service: &Service, stubs: bool) -> TokenStream {
    let name = &service.names.handler;
    let sentence = format!(
        "Handler of `{}`; write each method as a plain `async fn`.",
        service.full_name
    );
    let docs = docs::described(&sentence, &service.docs);
    let methods = service
        .methods
        .iter()
        .map(|each| method(service, each, stubs));
    quote! {
        #(#docs)*
        pub trait #name: Send + Sync + 'static {
            #(#methods)*
        }
    }
}

fn method(service: &Service, method: &Method, stubs: bool) -> TokenStream {
    let docs = docs::or(&method.docs, &format!("Answers `{}`.", method.proto_name));
    let Method {
        proto_name,
        function,
        input,
        output,
        kind,
        ..
    } = method;
    let descriptor = &service.names.descriptor;
    let argument = |name: &str| {
        if stubs {
            format_ident!("_{name}")
        } else {
            format_ident!("{name}")
        }
    };
    let (ctx, request) = (argument("ctx"), argument("request"));
    let (requests, replies) = (argument("requests"), argument("replies"));
    let input = match kind {
        Kind::Unary | Kind::ServerStreaming => quote!(#request: #input),
        Kind::ClientStreaming | Kind::BidiStreaming => quote!(#requests: Receiver<#input>),
    };
    let (sender, output) = match kind {
        Kind::Unary | Kind::ClientStreaming => (quote!(), quote!(#output)),
        Kind::ServerStreaming | Kind::BidiStreaming => {
            (quote!(, #replies: Sender<#output>), quote!(()))
        }
    };
    let body = if stubs {
        quote!({ unimplemented(&#descriptor, #proto_name) })
    } else {
        quote!(;)
    };
    quote! {
        #(#docs)*
        fn #function(&self, #ctx: Context, #input #sender) -> impl Future<Output = Result<#output>> + Send #body
    }
}
