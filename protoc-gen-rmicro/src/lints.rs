//! The lints that an rpc's name would set off.

use proc_macro2::TokenStream;
use quote::quote;

use crate::service::Service;

/// The lints to allow in the module of `service`; most need none.
pub(crate) fn allowed(service: &Service) -> Vec<TokenStream> {
    let has = |is: fn(&str) -> bool| {
        service
            .methods
            .iter()
            .any(|method| is(&method.function.to_string()))
    };
    let mut lints = Vec::new();
    if has(|name| name == "cmp") {
        lints.push(quote!(clippy::should_implement_trait));
    }
    if has(|name| name.starts_with("from_") || name.starts_with("into_")) {
        lints.push(quote!(clippy::wrong_self_convention));
    }
    lints
}
