//! What joins a handler to a server: the descriptor, the function that registers and the one that dispatches.

use proc_macro2::{Ident, Span, TokenStream};
use quote::quote;

use crate::http::HttpRule;
use crate::service::Service;

/// The descriptor of `service`, whose messages have JSON if `has_json`.
pub(crate) fn descriptor(service: &Service, has_json: bool) -> TokenStream {
    let (name, full_name, file) = (&service.names.descriptor, &service.full_name, &service.file);
    let methods = service.methods.iter().map(|method| {
        let (kind, name) = (method.kind.function(), &method.proto_name);
        let (input, output) = (&method.input, &method.output);
        let json = has_json.then(|| quote!(.json::<#input, #output>()));
        let idempotency = method.idempotency.map(|level| {
            let level = Ident::new(level, Span::call_site());
            quote!(.idempotency(Idempotency::#level))
        });
        let rules: Vec<_> = method.http.iter().map(HttpRule::tokens).collect();
        let http = (!rules.is_empty()).then(|| quote!(.http(&[#(#rules),*])));
        quote!(Method::#kind(#name) #json #idempotency #http)
    });
    quote! {
        static #name: Descriptor = Descriptor::new(#full_name, &[#(#methods),*], &super::#file);
    }
}

/// The functions that serve `service` with a handler.
pub(crate) fn tokens(service: &Service) -> TokenStream {
    let (handler, register) = (&service.names.handler, &service.names.register);
    let descriptor = &service.names.descriptor;
    let docs = format!(" Serves `{}` with `handler`.", service.full_name);
    let dispatch = dispatch(service);
    quote! {
        #[doc = #docs]
        pub fn #register<H: #handler>(server: &Server, handler: H) -> Result<Registration> {
            server.handle(&#descriptor, handler, dispatch)
        }

        #dispatch
    }
}

fn dispatch(service: &Service) -> TokenStream {
    let handler = &service.names.handler;
    if service.methods.is_empty() {
        return quote! {
            fn dispatch<H: #handler>(_handler: &H, call: Incoming) -> BoxFuture<'_, Result<()>> {
                call.unimplemented()
            }
        };
    }
    let arms = service.methods.iter().map(|method| {
        let (name, kind, function) = (&method.proto_name, method.kind.function(), &method.function);
        quote!(#name => call.#kind(handler, H::#function))
    });
    quote! {
        fn dispatch<H: #handler>(handler: &H, call: Incoming) -> BoxFuture<'_, Result<()>> {
            match call.method() {
                #(#arms,)*
                _ => call.unimplemented(),
            }
        }
    }
}
