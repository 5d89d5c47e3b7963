//! Takes back what prost-build does to the lines of a comment, which knows nothing of code spans and code blocks.

/// The line of the proto from which prost-build made `line`; both are without the space that follows the slashes.
pub(crate) fn original(line: &str) -> String {
    // Where a comment is indented, or starts with a tab, prost-build adds a space.
    let is_longer = line.starts_with("  ") || line.starts_with('\t');
    let line = if is_longer { &line[1..] } else { line };
    bare_urls(line).replace("\\[", "[").replace("\\]", "]")
}

/// prost-build puts angle brackets around everything from `http` to the next space or parenthesis.
fn bare_urls(line: &str) -> String {
    let mut bare = String::with_capacity(line.len());
    let mut rest = line;
    while let Some(start) = rest.find("<http") {
        bare.push_str(&rest[..start]);
        rest = &rest[start + 1..];
        let end = rest
            .find(|char: char| char.is_whitespace() || char == ')')
            .unwrap_or(rest.len());
        let is_link = rest.starts_with("http://") || rest.starts_with("https://");
        match rest[..end].strip_suffix('>') {
            Some(url) if is_link => bare.push_str(url),
            _ => {
                bare.push('<');
                bare.push_str(&rest[..end]);
            }
        }
        rest = &rest[end..];
    }
    bare + rest
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_line_of_the_proto_comes_back() {
        for (line, wanted) in [
            ("plain", "plain"),
            ("   indented", "  indented"),
            ("\ttab", "tab"),
            ("`\\[a\\]` and \\[b\\]", "`[a]` and [b]"),
            ("see <http://a.b/c>, or", "see <http://a.b/c>, or"),
            ("see <http://a.b/c,> or", "see http://a.b/c, or"),
            ("`<http://a.b`>", "`http://a.b`"),
            ("<<https://a.b>>", "<https://a.b>"),
            ("(<https://a.b>)", "(https://a.b)"),
            ("<httpx> <http", "<httpx> <http"),
        ] {
            assert_eq!(original(line), wanted);
        }
    }
}
