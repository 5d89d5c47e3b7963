//! What clippy would have called or built otherwise, and only the proto's author can.

use heck::ToSnakeCase;
use proc_macro2::TokenStream;
use quote::quote;
use syn::{Item, ItemEnum, Type};

/// The lints of clippy that `item` may set off; too many do no harm.
pub(super) fn of_item(item: &Item) -> Vec<TokenStream> {
    let mut lints = Vec::new();
    if has_enum(item, &repeats_a_word) {
        lints.push(quote!(clippy::enum_variant_names));
    }
    if has_enum(item, &holds_messages) {
        lints.push(quote!(clippy::large_enum_variant));
    }
    // A message may be called like the one around it, or like the user's module.
    if matches!(item, Item::Mod(_)) {
        lints.push(quote!(clippy::module_inception));
    }
    lints
}

fn has_enum(item: &Item, is: &impl Fn(&ItemEnum) -> bool) -> bool {
    match item {
        Item::Enum(item) => is(item),
        Item::Mod(item) => {
            let mut items = item.content.iter().flat_map(|(_, items)| items);
            items.any(|item| has_enum(item, is))
        }
        _ => false,
    }
}

/// Whether the variants say the same word, or that of the enum.
fn repeats_a_word(item: &ItemEnum) -> bool {
    let words = |name: String| -> Vec<String> {
        let snake = name.to_snake_case();
        snake.split('_').map(str::to_owned).collect()
    };
    let around = words(item.ident.to_string());
    let variants = item.variants.iter();
    let variants: Vec<Vec<String>> = variants
        .map(|variant| words(variant.ident.to_string()))
        .collect();
    let [first, rest @ ..] = variants.as_slice() else {
        return false;
    };
    let is_common = |word: fn(&Vec<String>) -> Option<&String>| {
        rest.iter().all(|variant| word(variant) == word(first))
    };
    let says_around =
        |variant: &Vec<String>| variant.starts_with(&around) || variant.ends_with(&around);
    (!rest.is_empty() && (is_common(|words| words.first()) || is_common(|words| words.last())))
        || variants.iter().any(says_around)
}

/// Whether a variant holds a message, which may be much larger than another.
fn holds_messages(item: &ItemEnum) -> bool {
    let mut fields = item.variants.iter().flat_map(|variant| &variant.fields);
    item.variants.len() > 1 && fields.any(|field| is_message(&field.ty))
}

/// prost's own types are one word, as numbers are, or in its `alloc` or `bytes`.
fn is_message(field: &Type) -> bool {
    let Type::Path(path) = field else {
        return false;
    };
    let is_number = path.path.get_ident().is_some_and(|ident| {
        let name = ident.to_string();
        name.starts_with(|char: char| char.is_ascii_lowercase())
    });
    let segments = path.path.segments.iter();
    let is_prosts = segments.take(3).any(|segment| segment.ident == "prost");
    !is_number && !is_prosts
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lint_is_allowed_only_where_it_may_be_set_off() {
        for (item, wanted) in [
            ("enum Color { Red, Green }", ""),
            (
                "enum Color { RedColor, Green }",
                "clippy :: enum_variant_names",
            ),
            (
                "enum Pick { OneDay, TwoDay, ThreeDay }",
                "clippy :: enum_variant_names",
            ),
            (
                "enum Kind { Text(::rmicro_runtime::codegen::prost::alloc::string::String), Number(i32) }",
                "",
            ),
            (
                "enum Kind { Inner(super::Inner), Number(i32) }",
                "clippy :: large_enum_variant",
            ),
            (
                "mod a { enum Kind { Inner(Inner), Number(i32) } }",
                "clippy :: large_enum_variant clippy :: module_inception",
            ),
        ] {
            let lints = of_item(&syn::parse_str(item).unwrap());
            let lints: Vec<String> = lints.iter().map(TokenStream::to_string).collect();
            assert_eq!(lints.join(" "), wanted, "{item}");
        }
    }
}
