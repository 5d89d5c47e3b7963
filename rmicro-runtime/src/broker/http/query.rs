//! The one parameter of a request, `id`, as Go's `net/url` writes and reads it.

use std::fmt::Write as _;

/// Path and query of a request for the subscription `id`.
pub(super) fn path(id: &str) -> String {
    let mut path = String::from("/?id=");
    for byte in id.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' => {
                path.push(char::from(byte));
            }
            b' ' => path.push('+'),
            _ => {
                // Writing to a string does not fail.
                let _ = write!(path, "%{byte:02X}");
            }
        }
    }
    path
}

/// The first `id` in `query`; empty where there is none, or none that is text.
pub(super) fn id(query: &str) -> String {
    let mut pairs = query.split('&').filter_map(|pair| pair.split_once('='));
    let found = pairs.find(|(name, _)| *name == "id");
    found
        .and_then(|(_, value)| unescaped(value))
        .unwrap_or_default()
}

fn unescaped(text: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        bytes.push(match byte {
            b'+' => b' ',
            b'%' => hex(rest.next()?)? << 4 | hex(rest.next()?)?,
            other => other,
        });
    }
    String::from_utf8(bytes).ok()
}

fn hex(digit: u8) -> Option<u8> {
    let value = char::from(digit).to_digit(16)?;
    u8::try_from(value).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_comes_back_whatever_is_in_it() {
        for plain in ["t-1", "a b+c", "naïve/ö?&=%", ""] {
            let path = path(plain);
            assert!(path.is_ascii(), "{path}");
            assert_eq!(id(path.strip_prefix("/?").unwrap()), plain);
        }
        assert_eq!(path("a b/ö~"), "/?id=a+b%2F%C3%B6~");
    }

    #[test]
    fn what_is_no_id_is_empty() {
        for query in [
            "", "id", "id=", "ids=7", "id=%", "id=%4", "id=%zz", "id=%ff",
        ] {
            assert_eq!(id(query), "", "{query}");
        }
        assert_eq!(id("a=b&id=7&id=8"), "7");
    }
}
