//! Escapes what has a meaning inside a line of markdown.

/// `text` with links, tags and lone backticks made harmless; code spans and web links stay.
///
/// In a table a bar ends a cell even inside of a code span.
pub(super) fn escape(text: &str, in_table: bool) -> String {
    let mut escaped = String::with_capacity(text.len() + 8);
    let mut rest = text;
    if rest.starts_with('>') {
        escaped.push('\\');
    }
    while let Some(char) = rest.chars().next() {
        let length = match char {
            '\\' => escape_pair(rest, &mut escaped),
            '`' => code_span(rest, in_table, &mut escaped),
            '<' => angle(rest, &mut escaped),
            '[' => bracket(rest, &mut escaped),
            ']' => replace(char, "\\]", &mut escaped),
            'h' if is_url(rest) && !escaped.ends_with(char::is_alphanumeric) => {
                bare_url(rest, &mut escaped)
            }
            _ => {
                escaped.push(char);
                char.len_utf8()
            }
        };
        rest = &rest[length..];
    }
    escaped
}

/// Each of these writes what becomes of the start of `rest` and says how long that start is.
fn replace(char: char, with: &str, escaped: &mut String) -> usize {
    escaped.push_str(with);
    char.len_utf8()
}

fn keep(rest: &str, length: usize, escaped: &mut String) -> usize {
    escaped.push_str(&rest[..length]);
    length
}

fn escape_pair(rest: &str, escaped: &mut String) -> usize {
    let is_pair = rest[1..].starts_with(|char: char| char.is_ascii_punctuation());
    keep(rest, if is_pair { 2 } else { 1 }, escaped)
}

fn code_span(rest: &str, in_table: bool, escaped: &mut String) -> usize {
    let ticks = rest.bytes().take_while(|byte| *byte == b'`').count();
    let mut end = ticks;
    while let Some(found) = rest[end..].find('`') {
        let run = rest[end + found..]
            .bytes()
            .take_while(|byte| *byte == b'`')
            .count();
        end += found + run;
        if run == ticks && in_table {
            escaped.push_str(&rest[..end].replace("\\|", "|").replace('|', "\\|"));
            return end;
        }
        if run == ticks {
            return keep(rest, end, escaped);
        }
    }
    escaped.push_str(&"\\`".repeat(ticks));
    ticks
}

fn angle(rest: &str, escaped: &mut String) -> usize {
    // Only what begins as an address is looked through, so that many brackets cost no more than their number.
    let url = Some(&rest[1..]).filter(|url| is_url(url));
    let link = url.and_then(|url| Some(&url[..url.find('>')?]));
    match link {
        Some(link) if !link.contains([' ', '<']) => keep(rest, link.len() + 2, escaped),
        _ => replace('<', "\\<", escaped),
    }
}

/// Keeps `[text](https://…)`, as any other target could be taken for a Rust path.
fn bracket(rest: &str, escaped: &mut String) -> usize {
    match link_end(rest) {
        Some(end) => keep(rest, end, escaped),
        None => replace('[', "\\[", escaped),
    }
}

/// Where the link at the start of `rest` ends, if it is a plain one to the web.
fn link_end(rest: &str) -> Option<usize> {
    let middle = 1 + rest[1..].find(['[', ']', '<', '`'])?;
    let target = rest[middle..].strip_prefix("](")?;
    if !is_url(target.strip_prefix('<').unwrap_or(target)) {
        return None;
    }
    let target = &target[..target.find(')')?];
    let url = target
        .strip_prefix('<')
        .and_then(|url| url.strip_suffix('>'))
        .unwrap_or(target);
    let is_plain = !url.contains([' ', '<', '>']);
    is_plain.then_some(middle + 2 + target.len() + 1)
}

fn bare_url(rest: &str, escaped: &mut String) -> usize {
    let url = rest[..url_end(rest)].trim_end_matches(['.', ',', ';', ':', '!', '?', '\'', '*']);
    escaped.push_str(&format!("<{url}>"));
    url.len()
}

/// Where the address at the start of `rest` ends: before the bracket that closes what was opened before it.
fn url_end(rest: &str) -> usize {
    let mut open = 0;
    for (index, char) in rest.char_indices() {
        match char {
            '(' | '[' => open += 1,
            ')' | ']' if open > 0 => open -= 1,
            ')' | ']' | '<' | '>' | '`' | '"' => return index,
            _ if char.is_whitespace() => return index,
            _ => {}
        }
    }
    rest.len()
}

fn is_url(text: &str) -> bool {
    let rest = text
        .strip_prefix("https://")
        .or_else(|| text.strip_prefix("http://"));
    rest.is_some_and(|rest| rest.starts_with(|char: char| char.is_alphanumeric() || char == '['))
}
