//! The forms of options and of their values.

use proc_macro2::{TokenStream, TokenTree};
use syn::parse::Parser;

use super::malformed;
use crate::error::Result;

/// How many brackets may be in each other in an attribute or a path.
const DEEPEST: usize = 32;

/// How many signs may be there that nest without brackets.
const MOST_SIGNS: usize = 64;

/// Splits at commas that no backslash protects.
pub(super) fn split(parameter: &str) -> Vec<String> {
    let mut parts = vec![String::new()];
    let mut chars = parameter.chars().peekable();
    while let Some(char) = chars.next() {
        let last = parts.len() - 1;
        match char {
            '\\' if chars.peek() == Some(&',') => parts[last].extend(chars.next()),
            ',' => parts.push(String::new()),
            _ => parts[last].push(char),
        }
    }
    parts.retain(|part| !part.trim().is_empty());
    parts
}

/// The two halves of `value`, which is what `option` gives to `name`.
pub(super) fn pair(name: &str, option: &str, value: Option<&str>) -> Result<(String, String)> {
    match value.and_then(|value| value.split_once('=')) {
        Some((path, value)) => Ok((path.to_owned(), value.to_owned())),
        None => malformed(name, option),
    }
}

/// The two halves of `value`, of which the second is an attribute: cut off at a comma it is none.
pub(super) fn attribute(name: &str, option: &str, value: Option<&str>) -> Result<(String, String)> {
    let (path, attribute) = pair(name, option, value)?;
    check_attribute(name, &path, &attribute)?;
    Ok((path, attribute))
}

/// The truth of `value`, which is what `option` gives to `name`; a name alone says yes.
pub(super) fn switch(name: &str, option: &str, value: Option<&str>) -> Result<bool> {
    match value {
        None | Some("true") => Ok(true),
        Some("false") => Ok(false),
        Some(_) => malformed(name, option),
    }
}

/// Refuses what is not a matcher and attributes.
pub(super) fn check_attribute(name: &str, path: &str, attribute: &str) -> Result<()> {
    let attributes = || syn::Attribute::parse_outer.parse_str(attribute);
    if is_matcher(path)
        && is_shallow(attribute)
        && attributes().is_ok_and(|parsed| !parsed.is_empty())
    {
        return Ok(());
    }
    malformed(name, &format!("{name}={path}={attribute}"))
}

/// Whether `path` can match something: `.`, `.from.the.root` or `the.end`.
pub(super) fn is_matcher(path: &str) -> bool {
    path == "."
        || path
            .strip_prefix('.')
            .unwrap_or(path)
            .split('.')
            .all(is_identifier)
}

/// Whether `path` is a proto path from the root: `.a.b`.
pub(super) fn is_proto_path(path: &str) -> bool {
    path.strip_prefix('.')
        .is_some_and(|rest| rest.split('.').all(is_identifier))
}

/// Whether `path` is a path that means the same in every module: not one from `self` or `super`.
pub(super) fn is_fixed_path(path: &str) -> bool {
    let path = Some(path).filter(|path| is_shallow(path));
    let Some(path) = path.and_then(|path| syn::parse_str::<syn::Path>(path).ok()) else {
        return false;
    };
    let first = path
        .segments
        .first()
        .map(|segment| segment.ident.to_string());
    !matches!(first.as_deref(), None | Some("self" | "super" | "Self"))
}

/// Whether `name` is a Rust file in the output folder itself, on every system.
pub(super) fn is_file_name(name: &str) -> bool {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"_-.".contains(&byte);
    let stem = name.strip_suffix(".rs").unwrap_or_default();
    !stem.trim_matches('.').is_empty() && name.bytes().all(is_plain)
}

/// Whether `text` is Rust that takes no more stack to read than anybody would write: syn goes by recursion.
fn is_shallow(text: &str) -> bool {
    fn is_inside(tokens: TokenStream, depth: usize, signs: &mut usize) -> bool {
        tokens.into_iter().all(|token| match token {
            TokenTree::Group(group) => depth > 0 && is_inside(group.stream(), depth - 1, signs),
            // `&&&u8` and `A<A<A>>` nest without brackets.
            TokenTree::Punct(punct) if "<&*-!+|".contains(punct.as_char()) => {
                *signs += 1;
                *signs <= MOST_SIGNS
            }
            _ => true,
        })
    }
    let tokens = text.parse::<TokenStream>();
    tokens.is_ok_and(|tokens| is_inside(tokens, DEEPEST, &mut 0))
}

fn is_identifier(text: &str) -> bool {
    let is_word = |byte: u8| byte == b'_' || byte.is_ascii_alphanumeric();
    !text.is_empty() && text.bytes().all(is_word)
}
