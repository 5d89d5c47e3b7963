//! The options by name: their forms, what they do, and what is said of others.

use crate::error::{Result, bail};

/// An option as users see it.
struct Known {
    name: &'static str,
    form: &'static str,
    effect: &'static str,
}

/// Every option, in the order of the README.
const KNOWN: [Known; 11] = [
    known(
        "extern_path",
        "extern_path=.proto.path=::rust::path",
        "the types below that path are elsewhere",
    ),
    known(
        "type_attribute",
        "type_attribute=path=#[attribute]",
        "an attribute for messages, enums and oneofs",
    ),
    known(
        "field_attribute",
        "field_attribute=path=#[attribute]",
        "an attribute for fields and enum values",
    ),
    known("bytes", "bytes=path", "`Bytes` instead of `Vec<u8>`"),
    known(
        "btree_map",
        "btree_map=path",
        "`BTreeMap` instead of `HashMap`",
    ),
    known(
        "include_file",
        "include_file=mod.rs",
        "one more file, which nests the packages",
    ),
    known(
        "messages",
        "messages=true|false",
        "whether to generate messages; without, they are elsewhere or beside",
    ),
    known(
        "json",
        "json=true|false",
        "whether messages and services have JSON; the default is what `messages` is",
    ),
    known(
        "client",
        "client=true|false",
        "whether to generate client stubs",
    ),
    known(
        "server",
        "server=true|false",
        "whether to generate handlers",
    ),
    known(
        "unimplemented_stubs",
        "unimplemented_stubs=true|false",
        "whether a handler may leave methods out, which answer UNIMPLEMENTED",
    ),
];

const fn known(name: &'static str, form: &'static str, effect: &'static str) -> Known {
    Known { name, form, effect }
}

/// What `protoc-gen-rmicro --help` says.
#[must_use]
pub fn help() -> String {
    let options: Vec<String> = KNOWN
        .iter()
        .map(|known| format!("  {}\n      {}\n", known.form, known.effect))
        .collect();
    format!(
        "protoc-gen-rmicro {} generates rmicro client stubs and server glue from .proto files.\n\n\
         protoc starts it, when it is on PATH:\n\n  \
         protoc --rmicro_out=DIR [--rmicro_opt=OPTION,OPTION...] -I proto greet/v1/greeter.proto\n\n\
         Options (a comma inside of a value is written `\\,`):\n\n{}\n\
         A build.rs calls protoc_gen_rmicro::compile_protos instead and needs neither protoc nor this program.\n",
        env!("CARGO_PKG_VERSION"),
        options.concat(),
    )
}

pub(super) fn is_known(name: &str) -> bool {
    KNOWN.iter().any(|known| known.name == name)
}

/// `Err` for an option that nobody knows.
pub(super) fn unknown<T>(written: &str) -> Result<T> {
    bail!("unknown option `{written}`; {}", all())
}

/// `Err` for the option `name` when what is `written` is not its form.
pub(super) fn malformed<T>(name: &str, written: &str) -> Result<T> {
    let known = KNOWN.iter().find(|known| known.name == name);
    let form = known.map_or(name, |known| known.form);
    // The usual reason: the rest of the attribute is an option of its own then.
    let hint = if name.ends_with("_attribute") {
        " (a comma inside of a value is written `\\,`)"
    } else {
        ""
    };
    bail!(
        "option `{written}` has the wrong form, it is `{form}`{hint}; {}",
        all()
    )
}

/// The sentence that lists every option.
fn all() -> String {
    let forms: Vec<&str> = KNOWN.iter().map(|known| known.form).collect();
    format!("the options are {}", forms.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_readme_and_the_errors_have_every_option() {
        let readme = include_str!("../../README.md");
        let error = unknown::<()>("x").unwrap_err().to_string();
        for known in KNOWN {
            let name = format!("`{}=", known.name);
            let lines = readme.lines().filter(|line| line.starts_with('|'));
            let lines = lines.filter(|line| line.contains(&name)).count();
            assert_eq!(lines, 1, "{} in the table of README.md", known.name);
            assert!(error.contains(known.form), "{error}");
            assert!(help().contains(known.form), "{}", help());
        }
    }
}
