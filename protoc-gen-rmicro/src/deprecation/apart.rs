//! Puts a deprecated type into a module of its own.
//!
//! prost's derive macros write code beside the type that names it, and only a module around both can allow them to. Inside of
//! another message's module that is so already.

use heck::ToSnakeCase;
use proc_macro2::{Group, Ident, Literal, TokenStream, TokenTree};
use quote::{format_ident, quote};
use syn::visit_mut::{self, VisitMut};
use syn::{Attribute, Item, Meta, Path, PathSegment};

use crate::clash::Taken;
use crate::error::{Error, Result};

/// The items of a file, with those that are deprecated in modules of their own, whose names are then `taken`.
pub(crate) fn set_apart(items: Vec<Item>, taken: &mut Taken) -> Result<Vec<Item>> {
    let mut apart = Vec::with_capacity(items.len());
    for mut item in items {
        let (name, attributes) = match &mut item {
            Item::Struct(item) => (item.ident.clone(), &mut item.attrs),
            Item::Enum(item) => (item.ident.clone(), &mut item.attrs),
            _ => {
                apart.push(item);
                continue;
            }
        };
        if attributes
            .iter()
            .any(|attribute| attribute.path().is_ident("deprecated"))
        {
            Deeper.visit_item_mut(&mut item);
            apart.extend(module(&name, &item, taken)?);
        } else {
            apart.push(item);
        }
    }
    Ok(apart)
}

fn module(name: &Ident, item: &Item, taken: &mut Taken) -> Result<Vec<Item>> {
    let module = taken.private(format_ident!(
        "{}_deprecated",
        name.to_string().to_snake_case()
    ));
    let tokens = quote! {
        #[allow(deprecated, unreachable_pub, unused_imports)]
        pub use self::#module::#name;

        #[allow(deprecated, unused_imports)]
        mod #module {
            use super::*;

            #item
        }
    };
    let file = syn::parse2::<syn::File>(tokens);
    file.map(|file| file.items)
        .map_err(|error| Error::new(format!("the deprecated {name} is not valid Rust ({error})")))
}

/// Leads every path that starts with `super` from one module further in.
struct Deeper;

impl VisitMut for Deeper {
    fn visit_path_mut(&mut self, path: &mut Path) {
        let first = path.segments.first().map(|segment| segment.ident.clone());
        if let Some(first) = first.filter(|first| first == "super") {
            path.segments.insert(0, PathSegment::from(first));
        }
        visit_mut::visit_path_mut(self, path);
    }

    fn visit_attribute_mut(&mut self, attribute: &mut Attribute) {
        match &mut attribute.meta {
            Meta::List(list) if list.path.is_ident("prost") => {
                list.tokens = deeper(std::mem::take(&mut list.tokens));
            }
            _ => {}
        }
    }
}

/// prost's attributes have their paths in strings.
fn deeper(tokens: TokenStream) -> TokenStream {
    let token = |token| match token {
        TokenTree::Literal(literal) => deeper_string(literal).into(),
        TokenTree::Group(group) => {
            TokenTree::Group(Group::new(group.delimiter(), deeper(group.stream())))
        }
        token => token,
    };
    tokens.into_iter().map(token).collect()
}

fn deeper_string(literal: Literal) -> Literal {
    let text = literal.to_string();
    match text.split_once("super::") {
        Some((before, path)) => {
            let text = format!("{before}super::super::{path}");
            text.parse().unwrap_or(literal)
        }
        None => literal,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_deprecated_type_finds_what_it_names() {
        let file: syn::File = syn::parse_quote! {
            #[deprecated]
            #[prost(prost_path = "::prost")]
            struct Old {
                #[prost(enumeration = "super::Kind", tag = "1")]
                kind: i32,
                #[prost(map = "string, enumeration(super::super::a::Kind)", tag = "2")]
                kinds: ::std::HashMap<::std::String, super::super::a::B>,
                #[prost(oneof = "old::O", tags = "3")]
                o: Option<old::O>,
            }
            struct New {}
        };
        let items = set_apart(file.items, &mut Taken::default()).unwrap();
        let wanted: syn::File = syn::parse_quote! {
            #[allow(deprecated, unreachable_pub, unused_imports)]
            pub use self::old_deprecated::Old;

            #[allow(deprecated, unused_imports)]
            mod old_deprecated {
                use super::*;

                #[deprecated]
                #[prost(prost_path = "::prost")]
                struct Old {
                    #[prost(enumeration = "super::super::Kind", tag = "1")]
                    kind: i32,
                    #[prost(map = "string, enumeration(super::super::super::a::Kind)", tag = "2")]
                    kinds: ::std::HashMap<::std::String, super::super::super::a::B>,
                    #[prost(oneof = "old::O", tags = "3")]
                    o: Option<old::O>,
                }
            }
            struct New {}
        };
        let text = |items: &[Item]| quote!(#(#items)*).to_string();
        assert_eq!(text(&items), text(&wanted.items));
    }
}
