//! What ties a generated file to the runtimes that can serve it.
//!
//! Invariant: each file has it once, before anything else, and all that the file's services want of the runtime goes through
//! it; so a mismatch is one error for each file, and nothing drowns it.

use proc_macro2::{Ident, Span};
use quote::format_ident;

use crate::outputs::Output;

/// The number of the agreement between this plugin and a runtime; a runtime that serves it has it in a module of its name.
pub const ABI: &str = "0.1";

/// The oldest runtime that serves what this plugin writes.
const NEEDED: &str = "needs_rmicro_runtime_0_1";

/// What the file of `output` calls the runtime: `rmicro_for_greet_v1` in `greet.v1.rs`.
///
/// Several files may be included in one module, so the name is the file's own.
pub(crate) fn alias(output: &Output) -> Ident {
    let word = |char: char| {
        if char.is_ascii_alphanumeric() {
            char.to_ascii_lowercase()
        } else {
            '_'
        }
    };
    let stem: String = output.stem.chars().map(word).collect();
    format_ident!("rmicro_for_{stem}", span = Span::call_site())
}

/// The first lines of code, in which the file calls the runtime `alias`.
///
/// A runtime that is too old lacks the module; one that is too new has it, and its `stamp` fails in our words.
pub(crate) fn code(alias: &Ident) -> String {
    format!(
        "\nuse ::rmicro_runtime::codegen::{NEEDED} as {alias};\n\nconst _: () = {alias}::stamp();\n"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_alias_is_a_word_whatever_the_file_is_called() {
        for (stem, wanted) in [
            ("greet.v1", "rmicro_for_greet_v1"),
            ("r#type", "rmicro_for_r_type"),
            ("My-file.v2", "rmicro_for_my_file_v2"),
            ("1ä", "rmicro_for_1_"),
        ] {
            let output = Output {
                package: String::new(),
                stem: stem.to_owned(),
                module: Vec::new(),
                files: Vec::new(),
            };
            assert_eq!(alias(&output), wanted);
        }
    }
}
