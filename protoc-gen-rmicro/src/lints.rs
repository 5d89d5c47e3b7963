//! The lints that generated code would set off through no fault of its user.
//!
//! A program may include a file in a private module and use half of it, and a proto may leave things uncommented.

mod style;

use quote::quote;
use syn::{Attribute, Fields, Item};

use crate::docs;
use crate::service::Service;

/// Allows `item`, which is a message, an enum or what belongs to one, to be unused, private and as uncommented as its proto, and
/// to use what is deprecated where its file has to do with that.
pub(crate) fn allow_on_message(item: &mut Item, deprecated: bool) {
    let deprecated = deprecated.then(|| quote!(deprecated,));
    let missing_docs = (!is_documented(item)).then(|| quote!(missing_docs,));
    let style = style::of_item(item);
    let attributes = match item {
        Item::Struct(item) => &mut item.attrs,
        Item::Enum(item) => &mut item.attrs,
        Item::Mod(item) => &mut item.attrs,
        Item::Impl(item) => &mut item.attrs,
        _ => return,
    };
    let docs = attributes
        .iter()
        .take_while(|attribute| docs::line_of(attribute).is_some())
        .count();
    let allow = syn::parse_quote!(
        #[allow(dead_code, #deprecated #missing_docs unreachable_pub #(, #style)*)]
    );
    attributes.insert(docs, allow);
}

/// The lints to allow in the module of `service`.
pub(crate) fn of_module(service: &Service) -> Vec<&'static str> {
    let has = |is: fn(&str) -> bool| {
        service
            .methods
            .iter()
            .any(|method| is(&method.function.to_string()))
    };
    let mut lints = vec!["dead_code", "unreachable_pub"];
    if service.touches_deprecated {
        lints.insert(1, "deprecated");
    }
    if has(|name| name == "cmp") {
        lints.push("clippy::should_implement_trait");
    }
    if has(|name| name.starts_with("from_") || name.starts_with("into_")) {
        lints.push("clippy::wrong_self_convention");
    }
    lints
}

fn is_documented(item: &Item) -> bool {
    let has_docs = |attributes: &[Attribute]| {
        attributes
            .iter()
            .any(|attribute| docs::line_of(attribute).is_some())
    };
    let has_fields = |fields: &Fields| fields.iter().all(|field| has_docs(&field.attrs));
    match item {
        Item::Struct(item) => has_docs(&item.attrs) && has_fields(&item.fields),
        Item::Enum(item) => {
            has_docs(&item.attrs) && item.variants.iter().all(|variant| has_docs(&variant.attrs))
        }
        Item::Mod(item) => {
            let mut items = item.content.iter().flat_map(|(_, items)| items);
            has_docs(&item.attrs) && items.all(is_documented)
        }
        _ => true,
    }
}
