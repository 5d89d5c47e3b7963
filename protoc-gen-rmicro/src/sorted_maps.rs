//! Lets messages with sorted maps be compiled in crates that do not depend on prost.
//!
//! The `Debug` that prost-derive 0.14 writes for a `btree_map` names the crate `prost`, whatever `prost_path` says. Such a message
//! gets std's `Debug` instead, which shows the numbers of enums and not their names.

use proc_macro2::TokenTree;
use quote::quote;
use syn::visit_mut::{self, VisitMut};
use syn::{Attribute, Field, ItemStruct, Meta};

/// Visits a file.
pub(crate) struct DebugByStd;

impl VisitMut for DebugByStd {
    fn visit_item_struct_mut(&mut self, item: &mut ItemStruct) {
        if item.fields.iter().any(is_sorted_map) {
            item.attrs.iter_mut().for_each(add_debug);
            item.attrs.push(syn::parse_quote!(#[prost(skip_debug)]));
        }
        visit_mut::visit_item_struct_mut(self, item);
    }
}

fn is_sorted_map(field: &Field) -> bool {
    let is_one = |attribute: &Attribute| match &attribute.meta {
        Meta::List(list) if list.path.is_ident("prost") => {
            let first = list.tokens.clone().into_iter().next();
            matches!(first, Some(TokenTree::Ident(name)) if name == "btree_map")
        }
        _ => false,
    };
    field.attrs.iter().any(is_one)
}

/// Adds `Debug` to the derive that has prost's macro.
fn add_debug(attribute: &mut Attribute) {
    if let Meta::List(list) = &mut attribute.meta {
        let tokens = &list.tokens;
        let is_prosts = list.path.is_ident("derive") && tokens.to_string().ends_with("Message");
        if is_prosts {
            list.tokens = quote!(Debug, #tokens);
        }
    }
}

#[cfg(test)]
mod tests {
    use quote::ToTokens;

    use super::*;

    #[test]
    fn only_messages_with_sorted_maps_are_changed() {
        let mut file: syn::File = syn::parse_quote! {
            #[derive(Hash)]
            #[derive(Clone, ::prost::Message)]
            struct A {
                #[prost(btree_map = "string, int32", tag = "1")]
                a: u8,
            }
            mod b {
                #[derive(Clone, ::prost::Message)]
                struct B {
                    #[prost(map = "string, int32", tag = "1")]
                    btree_map: u8,
                }
            }
        };
        DebugByStd.visit_file_mut(&mut file);
        let wanted: syn::File = syn::parse_quote! {
            #[derive(Hash)]
            #[derive(Debug, Clone, ::prost::Message)]
            #[prost(skip_debug)]
            struct A {
                #[prost(btree_map = "string, int32", tag = "1")]
                a: u8,
            }
            mod b {
                #[derive(Clone, ::prost::Message)]
                struct B {
                    #[prost(map = "string, int32", tag = "1")]
                    btree_map: u8,
                }
            }
        };
        let text = |file: &syn::File| file.to_token_stream().to_string();
        assert_eq!(text(&file), text(&wanted));
    }
}
