//! Names with dots to DNS labels and back.
//!
//! go-micro joins with dots and never escapes: a dot in a service name or a node id separates labels.

use simple_dns::{Label, Name};

use crate::error::{Error, Result};

/// The longest label (RFC 1035, section 2.3.4).
const LONGEST_LABEL: usize = 63;
/// The longest name on the wire, with the length bytes and the root.
const LONGEST_NAME: usize = 255;

/// The labels of `text`; a dot at its end means nothing.
///
/// # Errors
///
/// [`InvalidArgument`](crate::Code::InvalidArgument) when DNS cannot carry the name: an empty label,
/// a label over 63 bytes, or more than 253 bytes in all.
pub(super) fn to_dns(text: &str) -> Result<Name<'_>> {
    let text = text.strip_suffix('.').unwrap_or(text);
    if text.len() + 2 > LONGEST_NAME {
        return Err(unfit(text, "a DNS name has at most 253 bytes"));
    }
    for label in text.split('.') {
        if label.is_empty() {
            return Err(unfit(text, "no part between dots may be empty"));
        }
        if label.len() > LONGEST_LABEL {
            return Err(unfit(text, "a part between dots has at most 63 bytes"));
        }
    }
    let labels: Vec<_> = text
        .split('.')
        .map(|label| Label::new_unchecked(label.as_bytes()))
        .collect();
    Ok(Name::new_with_labels(&labels))
}

/// The labels of `name` with dots between them; `None` when it is not text.
pub(super) fn from_dns(name: &Name<'_>) -> Option<String> {
    let mut text = String::new();
    for label in name.as_bytes() {
        if !text.is_empty() {
            text.push('.');
        }
        text.push_str(std::str::from_utf8(label).ok()?);
    }
    Some(text)
}

fn unfit(name: &str, why: &str) -> Error {
    Error::invalid_argument(format!("mdns cannot carry the name {name:?}: {why}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dots_separate_labels_and_come_back() {
        let name = to_dns("go.micro.srv.greeter.micro.").unwrap();
        assert_eq!(name.get_labels().len(), 5);
        assert_eq!(from_dns(&name).unwrap(), "go.micro.srv.greeter.micro");
    }

    #[test]
    fn a_backslash_is_only_a_character() {
        assert_eq!(
            from_dns(&to_dns(r"a\b.micro").unwrap()).unwrap(),
            r"a\b.micro"
        );
    }

    #[test]
    fn what_dns_cannot_carry_is_refused() {
        let long = "x".repeat(64);
        let deep = "x.".repeat(128);
        for name in ["", ".", "a..b", ".a", long.as_str(), deep.as_str()] {
            assert!(to_dns(name).is_err(), "{name:?}");
        }
        assert!(to_dns(&"x".repeat(63)).is_ok());
    }
}
