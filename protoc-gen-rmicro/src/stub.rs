//! The client's half: a stub with one function for each rpc.

use proc_macro2::TokenStream;
use quote::quote;

use crate::deprecation;
use crate::docs;
use crate::service::{Kind, Method, Service};

/// The stub of `service`.
pub(crate) fn tokens(service: &Service) -> TokenStream {
    let (name, descriptor) = (&service.names.stub, &service.names.descriptor);
    let docs = docs::described(
        &format!("Client stub of `{}`.", service.full_name),
        &service.docs,
    );
    let methods = service.methods.iter().map(method);
    let deprecated = deprecation::attribute(service.is_deprecated);
    quote! {
        #(#docs)*
        #deprecated
        #[derive(Clone, Debug)]
        pub struct #name(Stub);

        impl #name {
            /// Calls the nodes that the registry knows under `name`.
            pub fn new(name: impl Into<String>, client: &Client) -> Self {
                Self(client.stub(name, &#descriptor))
            }

            #(#methods)*
        }
    }
}

fn method(method: &Method) -> TokenStream {
    let docs = docs::or(&method.docs, &format!("Calls `{}`.", method.proto_name));
    let Method {
        proto_name,
        function,
        input,
        output,
        ..
    } = method;
    let kind = method.kind.function();
    let deprecated = deprecation::attribute(method.is_deprecated);
    let (request, argument) = match method.kind {
        Kind::Unary | Kind::ServerStreaming => (quote!(, request: #input), quote!(, request)),
        Kind::ClientStreaming | Kind::BidiStreaming => (quote!(), quote!()),
    };
    let reply = match method.kind {
        Kind::Unary => quote!(#output),
        Kind::ClientStreaming => quote!(ClientStream<#input, #output>),
        Kind::ServerStreaming => quote!(Receiver<#output>),
        Kind::BidiStreaming => quote!(BidiStream<#input, #output>),
    };
    quote! {
        #(#docs)*
        #deprecated
        pub fn #function(&self #request) -> Call<#reply> {
            self.0.#kind(#proto_name #argument)
        }
    }
}
