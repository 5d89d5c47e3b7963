//! Hosts and ports, as the URLs of brokers have them.

/// The host and the port of `text`, with the `usual` port where it names none; `None` where it is not a host and a port.
///
/// An address of IPv6 stands in brackets (RFC 3986, section 3.2.2). The host may be empty.
pub(super) fn host_port(text: &str, usual: Option<u16>) -> Option<(&str, u16)> {
    let (host, port) = match text.rsplit_once(':') {
        // The colons of an address in brackets are its own.
        Some((host, port)) if !port.ends_with(']') => (host, number(port)?),
        _ => (text, usual?),
    };
    let bracketed = host.starts_with('[') && host.ends_with(']');
    let odd =
        |letter: char| letter.is_whitespace() || letter.is_control() || "/?#@,".contains(letter);
    let name = |letter: char| !odd(letter) && !"[]:".contains(letter);
    let fits = match bracketed {
        true => !host.contains(odd),
        false => host.chars().all(name),
    };
    fits.then_some((host, port))
}

/// A port in digits alone.
fn number(port: &str) -> Option<u16> {
    let digits = port.bytes().all(|byte| byte.is_ascii_digit());
    port.parse().ok().filter(|_| digits)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_host_and_a_port_are_read() {
        for (text, read) in [
            ("a:1", ("a", 1)),
            ("a", ("a", 7)),
            ("[::1]:2", ("[::1]", 2)),
            ("[::1]", ("[::1]", 7)),
            (":3", ("", 3)),
            ("", ("", 7)),
        ] {
            assert_eq!(host_port(text, Some(7)), Some(read), "{text}");
        }
        assert_eq!(host_port("a", None), None);
    }

    #[test]
    fn what_is_no_host_and_port_is_not_read() {
        for text in [
            "a:", "a:b", "a:+1", "a:65536", "::1", "a:b:1", "[::1", "[::1]x", "a/b", "a:1/b",
            "a?b", "a#b:1", "u@a", "a,b:1", "a b", "a\t",
        ] {
            assert_eq!(host_port(text, Some(7)), None, "{text}");
        }
    }
}
