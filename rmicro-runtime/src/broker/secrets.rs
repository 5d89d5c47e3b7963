//! URLs as logs and errors may show them.

use std::borrow::Cow;

/// `url` without the user, the password or the token that stand before its last `@`.
pub(crate) fn without_secrets(url: &str) -> Cow<'_, str> {
    let (begin, rest) = match url.split_once("://") {
        Some((scheme, rest)) => (scheme.len() + 3, rest),
        None => (0, url),
    };
    match rest.rsplit_once('@') {
        Some((_, after)) => Cow::Owned(format!("{}***@{after}", &url[..begin])),
        None => Cow::Borrowed(url),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_before_the_last_at_is_shown() {
        for (url, shown) in [
            ("nats://a:1", "nats://a:1"),
            ("nats://token@a:1?x=y", "nats://***@a:1?x=y"),
            ("nats://u:p@ss/w?rd@a:1", "nats://***@a:1"),
            ("nats://u:p@a:1,u:p@b:2", "nats://***@b:2"),
            ("u:p@a", "***@a"),
            ("memory", "memory"),
        ] {
            assert_eq!(without_secrets(url), shown);
        }
    }
}
