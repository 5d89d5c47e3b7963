//! Structs with nothing special about them, which most messages are: read from prost-build's text line by line.
//!
//! Invariant: what is printed is what comes of the same text as a syntax tree, which takes ten times as long; and whatever has
//! another form than these few is no plain struct.

use std::iter::Peekable;
use std::str::Lines;

use crate::docs;
use crate::layout::Printer;

/// What prost-build says above each struct, by its `prost_path`.
const PROST_PATH: &str = "#[prost(prost_path = \"::rmicro_runtime::codegen::prost\")]";

/// A message without anything that is nested in it or deprecated.
#[derive(Debug)]
pub(super) struct PlainStruct<'a> {
    docs: Vec<String>,
    derived: &'a str,
    name: &'a str,
    fields: Vec<Field<'a>>,
}

#[derive(Debug)]
struct Field<'a> {
    docs: Vec<String>,
    /// What prost's attribute says.
    parts: Vec<&'a str>,
    member: &'a str,
    rust_type: &'a str,
}

impl<'a> PlainStruct<'a> {
    /// The struct that `code` is and nothing else, if it is a plain one.
    pub(super) fn read(code: &'a str) -> Option<Self> {
        let lines = &mut code.lines().peekable();
        let docs = read_docs(lines)?;
        let derived = lines.next()?.strip_prefix("#[derive(")?;
        let derived = derived.strip_suffix(")]")?;
        lines.next_if_eq(&PROST_PATH)?;
        let name = lines.next()?.strip_prefix("pub struct ")?;
        let name = name.strip_suffix(" {")?;
        let mut fields = Vec::new();
        while lines.next_if_eq(&"}").is_none() {
            fields.push(Field::read(lines)?);
        }
        let is_all = lines.next().is_none() && derived.split(", ").all(is_path) && is_path(name);
        is_all.then_some(Self {
            docs,
            derived,
            name,
            fields,
        })
    }

    /// Prints it, with leave to use what is `deprecated`.
    pub(super) fn print(&self, out: &mut Printer, deprecated: bool) {
        let mut fields = self.fields.iter();
        let is_documented = !self.docs.is_empty() && fields.all(|field| !field.docs.is_empty());
        out.whole("");
        docs::print_all(out, &self.docs);
        out.whole(match (deprecated, is_documented) {
            (true, true) => "#[allow(dead_code, deprecated, unreachable_pub)]",
            (true, false) => "#[allow(dead_code, deprecated, missing_docs, unreachable_pub)]",
            (false, true) => "#[allow(dead_code, unreachable_pub)]",
            (false, false) => "#[allow(dead_code, missing_docs, unreachable_pub)]",
        });
        print_attribute(out, "#[derive(", self.derived.split(", "));
        out.whole(PROST_PATH);
        if self.fields.is_empty() {
            return out.whole(&format!("pub struct {} {{}}", self.name));
        }
        out.whole(&format!("pub struct {} {{", self.name));
        out.enter();
        for field in &self.fields {
            field.print(out);
        }
        out.leave("}");
    }
}

impl<'a> Field<'a> {
    fn read(lines: &mut Peekable<Lines<'a>>) -> Option<Self> {
        let docs = read_docs(lines)?;
        let attribute = lines.next()?.strip_prefix("    #[prost(")?;
        let parts = parts(attribute.strip_suffix(")]")?)?;
        let member = lines.next()?.strip_prefix("    pub ")?;
        let (member, rust_type) = member.strip_suffix(',')?.split_once(": ")?;
        let is_plain = is_path(member) && is_plain_type(rust_type);
        // Such a map asks for more in the struct.
        let is_sorted = parts.iter().any(|part| part.starts_with("btree_map"));
        (is_plain && !is_sorted).then_some(Self {
            docs,
            parts,
            member,
            rust_type,
        })
    }

    fn print(&self, out: &mut Printer) {
        docs::print_all(out, &self.docs);
        print_attribute(out, "#[prost(", self.parts.iter().copied());
        out.text("pub ").text(self.member).text(": ");
        let mut from = 0;
        for (at, bracket) in self.rust_type.match_indices(['<', ',', '>']) {
            out.text(self.rust_type[from..at].trim_start());
            match bracket {
                "<" => out.open_list("<"),
                ">" => out.close_list(">"),
                _ => out.comma(),
            };
            from = at + bracket.len();
        }
        out.text(&self.rust_type[from..]).text(",").end();
    }
}

fn print_attribute<'a>(out: &mut Printer, start: &str, parts: impl Iterator<Item = &'a str>) {
    out.open_list(start).each(parts, |out, part| {
        out.text(part);
    });
    out.close_bare_list(")").text("]").end();
}

/// The doc comment that comes next, made fit; with four slashes it would be none.
fn read_docs(lines: &mut Peekable<Lines<'_>>) -> Option<Vec<String>> {
    let mut docs = Vec::new();
    while let Some(line) = lines
        .peek()
        .and_then(|line| line.trim_start().strip_prefix("///"))
    {
        if line.starts_with('/') {
            return None;
        }
        docs.push(docs::original(
            line.strip_prefix([' ', '\t']).unwrap_or(line),
        ));
        lines.next();
    }
    Some(docs::tame(&docs))
}

/// The parts of prost's attribute: words, some with a string.
fn parts(attribute: &str) -> Option<Vec<&str>> {
    let mut parts = Vec::new();
    let mut rest = attribute;
    loop {
        let (part, after) = rest.split_at(end_of_part(rest)?);
        parts.push(part);
        if after.is_empty() {
            return Some(parts);
        }
        rest = after.strip_prefix(", ")?;
    }
}

fn end_of_part(text: &str) -> Option<usize> {
    let word = text.bytes().position(|byte| !is_word(byte));
    let word = word.unwrap_or(text.len());
    let Some(value) = text[word..].strip_prefix(" = \"") else {
        return (word > 0).then_some(word);
    };
    let mut bytes = value.bytes().zip(text.len() - value.len()..);
    while let Some((byte, at)) = bytes.next() {
        match byte {
            b'"' => return Some(at + 1),
            b'\\' => drop(bytes.next()),
            _ => {}
        }
    }
    None
}

fn is_word(byte: u8) -> bool {
    byte == b'_' || byte.is_ascii_alphanumeric()
}

fn is_path(text: &str) -> bool {
    text.bytes()
        .all(|byte| is_word(byte) || b":#".contains(&byte))
}

/// Whether `text` is a path whose arguments, if it has some, are paths as well.
fn is_plain_type(text: &str) -> bool {
    let mut before = b' ';
    let is_plain = |byte: u8| {
        let ends = is_word(before) || before == b'>';
        let is_plain = match byte {
            b'<' => is_word(before),
            b'>' | b',' => ends,
            b' ' => before == b',',
            b':' => before != b',',
            b'#' => before == b'r',
            _ => is_word(byte) && before != b'>' && before != b',',
        };
        before = byte;
        is_plain
    };
    text.bytes().all(is_plain) && (is_word(before) || before == b'>')
}

#[cfg(test)]
mod tests {
    use super::super::Messages;
    use super::*;
    use crate::deprecation::Deprecations;
    use crate::format;

    /// A struct `A` with the field `a`, of which some lines are others.
    fn with(docs: &str, attribute: &str, rust_type: &str) -> String {
        format!(
            "{docs}#[derive(Clone, PartialEq, ::rmicro_runtime::codegen::prost::Message)]\n{PROST_PATH}\n\
             pub struct A {{\n    #[prost({attribute})]\n    pub r#a: {rust_type},\n}}\n"
        )
    }

    fn by_tree(code: &str) -> String {
        let messages = Messages {
            code: Default::default(),
            is_regular: true,
            deprecations: Deprecations::default(),
            services: Default::default(),
        };
        let mut out = Printer::default();
        format::print(&mut out, messages.items("a.proto", code).unwrap());
        out.into_code()
    }

    #[test]
    fn a_plain_struct_is_printed_as_its_tree_is() {
        let long = "::a_long_path::to_a_type::that_is_nearly_as_wide::as_the_line::Type";
        let empty = with("/// A.\n", "", "").replace("    #[prost()]\n    pub r#a: ,\n", "");
        let documented = empty.replace(
            "A {",
            "A {\n    /// `b`: see http://a.b/c\n    #[prost(bool, tag = \"1\")]\n    pub b: bool,",
        );
        for code in [
            with("", "string, tag = \"1\"", "::a::String"),
            with(
                "///  - a [b](c) \\ \"d\"  \n///\n///e\n",
                "bool, optional, tag = \"1\"",
                "::core::option::Option<bool>",
            ),
            with(
                "",
                "oneof = \"a::B\", tags = \"1, 2\"",
                &format!("A<{long}<{long}, B>>"),
            ),
            with(
                "",
                &format!("map = \"string, enumeration({long})\", tag = \"1\""),
                &format!("A<{long}, {long}>"),
            ),
            with(
                "///\n",
                "string, tag = \"1\", default = \"\\\", b = \\\\\"",
                "A<B>::C",
            ),
            empty,
            documented,
        ] {
            let mut out = Printer::default();
            PlainStruct::read(&code)
                .expect(&code)
                .print(&mut out, false);
            assert_eq!(out.into_code(), by_tree(&code));
        }
    }

    #[test]
    fn whatever_has_another_form_is_no_plain_struct() {
        let plain = with("", "bool, tag = \"1\"", "bool");
        assert!(PlainStruct::read(&plain).is_some());
        for code in [
            with("//// a\n", "bool, tag = \"1\"", "bool"),
            with("#[deprecated]\n", "bool, tag = \"1\"", "bool"),
            with(
                "",
                "btree_map = \"bool, bool\", tag = \"1\"",
                "a::BTreeMap<bool, bool>",
            ),
            with("", "bool, tag = \"1", "bool"),
            with("", "bool tag = \"1\"", "bool"),
            with("", "bool, tag = 1", "bool"),
            with("", "", "bool"),
            plain.replace("    #[prost(", "    #[deprecated]\n    #[prost("),
            plain.replace("pub r#a", "r#a"),
            plain.replace("pub struct", "pub enum"),
            plain.replace("::Message)]", "::Message)]\n#[b]"),
            plain.replace("A {", "A<B> {"),
            plain.replace("\n}", ""),
            format!("{plain}{plain}"),
        ] {
            assert!(PlainStruct::read(&code).is_none(), "{code}");
        }
    }

    #[test]
    fn a_struct_with_a_type_of_another_form_is_no_plain_one() {
        for rust_type in [
            "",
            "()",
            "[u8; 2]",
            "&'a A",
            "a::<B>",
            "<A>::B",
            "a<<B>::C>",
            "A<>",
            "A<B,>",
            "A< B>",
            "A<B >",
            "dyn A",
            "A // b",
        ] {
            let code = with("", "bool, tag = \"1\"", rust_type);
            assert!(PlainStruct::read(&code).is_none(), "{rust_type}");
        }
    }
}
