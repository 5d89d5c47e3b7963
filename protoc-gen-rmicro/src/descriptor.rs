//! One static for each `.proto` file: its own encoded descriptor and references to those of its imports.
//!
//! Invariant: no file is stored twice by files that can see each other. Only an import that is generated nowhere, as a file
//! that declares custom options often is, is stored privately beside those that import it.

use std::collections::{BTreeMap, BTreeSet};

use proc_macro2::Ident;
use quote::format_ident;

use crate::error::Result;
use crate::externs::Externs;
use crate::layout::{self, Printer, literal};
use crate::outputs::Output;
use crate::request::{ProtoFile, Request};

const FILE: &str = "::rmicro_runtime::codegen::File";

/// The name of the static of the file `name`: `GREET_V1_GREETER_PROTO` for `greet/v1/greeter.proto`.
pub(crate) fn static_name(name: &str) -> Ident {
    let stem = name.strip_suffix(".proto").unwrap_or(name);
    let digit = if stem.starts_with(|char: char| char.is_ascii_digit()) {
        "_"
    } else {
        ""
    };
    format_ident!("{digit}{}_PROTO", upper(stem))
}

/// Knows where the static of each file is.
#[derive(Debug)]
pub(crate) struct Statics<'a> {
    request: &'a Request,
    externs: &'a Externs,
    homes: BTreeMap<&'a str, &'a Output>,
}

impl<'a> Statics<'a> {
    pub(crate) fn new(request: &'a Request, externs: &'a Externs, outputs: &'a [Output]) -> Self {
        let homes = outputs
            .iter()
            .flat_map(|output| output.files.iter().map(move |file| (file.as_str(), output)));
        Self {
            request,
            externs,
            homes: homes.collect(),
        }
    }

    /// Prints the statics of `output`: one for each of its files, then those of imports that are nowhere else.
    pub(crate) fn print(&self, out: &mut Printer, output: &Output) -> Result<()> {
        let mut private = BTreeSet::new();
        let files = output.files.iter();
        for file in files.filter_map(|name| self.request.file(name)) {
            let name = static_name(file.proto.name());
            out.whole("");
            out.whole("#[doc(hidden)]");
            out.whole("#[allow(dead_code, unreachable_pub)]");
            out.text("pub ");
            self.print_static(out, &name, output, file, &mut private)?;
        }
        let mut done = BTreeSet::new();
        while let Some(import) = private.difference(&done).next().cloned() {
            if let Some(file) = self.request.file(&import) {
                let name = private_name(output, &import);
                out.whole("");
                self.print_static(out, &name, output, file, &mut private)?;
            }
            done.insert(import);
        }
        Ok(())
    }

    fn print_static(
        &self,
        out: &mut Printer,
        name: &Ident,
        output: &Output,
        file: &ProtoFile,
        private: &mut BTreeSet<String>,
    ) -> Result<()> {
        let imports = file.proto.dependency.iter();
        let imports = imports.filter_map(|name| self.request.file(name));
        let imports = imports.map(|import| self.reference(output, import, private));
        let imports: Vec<String> = imports.collect::<Result<_>>()?;
        out.text(&format!("static {name}: {FILE} = {FILE}::new"))
            .open_list("(");
        out.text(&literal(file.proto.name())).comma();
        out.text(&byte_string(&file.raw)).comma();
        out.text("&").open_list("[");
        out.each(&imports, |out, import| {
            out.text("&").text(import);
        });
        out.close_list("]").close_list(")").text(";").end();
        Ok(())
    }

    /// The path to the static of `file` as seen from `output`.
    fn reference(
        &self,
        output: &Output,
        file: &ProtoFile,
        private: &mut BTreeSet<String>,
    ) -> Result<String> {
        let name = file.proto.name();
        if let Some(home) = self.homes.get(name) {
            let mut path = output.path_to(home);
            path.push(static_name(name).to_string());
            return Ok(path.join("::"));
        }
        // Messages from elsewhere, as with `messages=false`, come without statics; the runtime has its own in any case.
        let is_elsewhere = self.request.options.messages || self.externs.is_runtimes(file);
        match self.externs.module_of(file) {
            Some(module) if is_elsewhere => {
                layout::path(format!("{module}::{}", static_name(name)))
            }
            _ => {
                private.insert(name.to_owned());
                Ok(private_name(output, name).to_string())
            }
        }
    }
}

/// Files without a package share a module, so the name holds the name of the output.
fn private_name(output: &Output, import: &str) -> Ident {
    format_ident!("{}_OF_{}", static_name(import), upper(&output.stem))
}

fn upper(text: &str) -> String {
    let is_word = |char: char| char.is_ascii_alphanumeric();
    text.chars()
        .map(|char| {
            if is_word(char) {
                char.to_ascii_uppercase()
            } else {
                '_'
            }
        })
        .collect()
}

/// A byte string literal over several lines, so that a change can be seen in a diff.
fn byte_string(bytes: &[u8]) -> String {
    const WIDTH: usize = 96;
    const HEX: [char; 16] = [
        '0', '1', '2', '3', '4', '5', '6', '7', '8', '9', 'a', 'b', 'c', 'd', 'e', 'f',
    ];
    let mut text = String::with_capacity(2 * bytes.len());
    text.push_str("b\"");
    let mut width = WIDTH;
    for byte in bytes {
        if width > WIDTH - "\\x00".len() {
            text.push_str("\\\n");
            width = 0;
        }
        let before = text.len();
        match byte {
            b'\n' => text.push_str("\\n"),
            b'"' | b'\\' => text.extend(['\\', char::from(*byte)]),
            // A space at the start of a line would count as its indentation.
            b'!'..=b'~' => text.push(char::from(*byte)),
            b' ' if width > 0 => text.push(' '),
            _ => {
                let [high, low] = [byte >> 4, byte & 15].map(|digit| HEX[usize::from(digit)]);
                text.extend(['\\', 'x', high, low]);
            }
        }
        width += text.len() - before;
    }
    text.push('"');
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_static_is_called_after_its_file() {
        for (file, name) in [
            ("greet/v1/greeter.proto", "GREET_V1_GREETER_PROTO"),
            ("my-file.v2.proto", "MY_FILE_V2_PROTO"),
            ("1.proto", "_1_PROTO"),
            ("plain", "PLAIN_PROTO"),
        ] {
            assert_eq!(static_name(file), name);
        }
    }

    #[test]
    fn a_literal_holds_every_byte() {
        let mut bytes: Vec<u8> = (0..=255).collect();
        bytes.extend([b' '; 300]);
        let literal: syn::LitByteStr = syn::parse_str(&byte_string(&bytes)).unwrap();
        assert_eq!(literal.value(), bytes);
        assert_eq!(byte_string(b""), "b\"\"");
    }
}
