//! Words that have to be looked at before they are code.

use proc_macro2::{Literal, TokenStream};

use crate::error::{Error, Result};

/// `path`, of which a user may have written a part, without what is no part of it, as comments are.
pub(crate) fn path(path: String) -> Result<String> {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"_:#".contains(&byte);
    if path.bytes().all(is_plain) {
        return Ok(path);
    }
    let tokens = path.parse().map(|tokens: TokenStream| tokens.to_string());
    tokens.map_err(|_| Error::new(format!("`{path}` is no Rust path")))
}

/// `text` as a string literal.
pub(crate) fn literal(text: &str) -> String {
    let is_plain = |byte: u8| matches!(byte, b' '..=b'~') && !b"\"\\".contains(&byte);
    match text.bytes().all(is_plain) {
        true => format!("\"{text}\""),
        false => Literal::string(text).to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_has_no_comments() {
        let plain = "::a::r#type::B_1";
        assert_eq!(path(plain.to_owned()).unwrap(), plain);
        assert_eq!(path("a::B // c".to_owned()).unwrap(), "a :: B");
        assert!(path("a::(".to_owned()).is_err());
    }

    #[test]
    fn a_literal_says_what_it_stands_for() {
        for text in ["", "a.b.C", "\"\\ \n\0\u{e4}'"] {
            let parsed: syn::LitStr = syn::parse_str(&literal(text)).unwrap();
            assert_eq!(parsed.value(), text);
        }
    }
}
