//! The files of `google.protobuf` that `rmicro_runtime::types` holds.

/// The files, without the folder `google/protobuf` and the ending.
const FILES: [&str; 11] = [
    "any",
    "api",
    "descriptor",
    "duration",
    "empty",
    "field_mask",
    "source_context",
    "struct",
    "timestamp",
    "type",
    "wrappers",
];

/// Where their types and descriptors are.
pub(crate) const RUST_PATH: &str = "::rmicro_runtime::types";

/// The types whose JSON is of a form of its own, which is written by hand in the runtime.
const OWN_JSON: [&str; 17] = [
    "Any",
    "BoolValue",
    "BytesValue",
    "DoubleValue",
    "Duration",
    "FieldMask",
    "FloatValue",
    "Int32Value",
    "Int64Value",
    "ListValue",
    "NullValue",
    "StringValue",
    "Struct",
    "Timestamp",
    "UInt32Value",
    "UInt64Value",
    "Value",
];

/// Whether the JSON of the type with the full name `name` is written by hand.
pub(crate) fn has_own_json(name: &str) -> bool {
    let short = name.strip_prefix(".google.protobuf.");
    short.is_some_and(|short| OWN_JSON.contains(&short))
}

/// Whether the runtime has the types of the file `name`.
pub(crate) fn is_well_known(name: &str) -> bool {
    let stem = name
        .strip_prefix("google/protobuf/")
        .and_then(|name| name.strip_suffix(".proto"));
    stem.is_some_and(|stem| FILES.contains(&stem))
}

#[cfg(test)]
mod tests {
    use std::path::{Path, PathBuf};
    use std::{env, fs};

    use super::*;
    use crate::generator;
    use crate::options::Options;
    use crate::protoc;

    /// `UPDATE=1 cargo test -p protoc-gen-rmicro well_known` rewrites what the runtime has.
    #[test]
    fn the_runtime_has_the_generated_types() {
        let names = FILES.map(|name| PathBuf::from(format!("google/protobuf/{name}.proto")));
        let options = Options {
            well_known: false,
            ..Options::default()
        };
        let mut request = protoc::parse(&names, &[], options, &env::temp_dir())
            .unwrap()
            .request;
        // The comments are protobuf's own; the runtime says what its users have to know.
        request
            .files
            .iter_mut()
            .for_each(|file| file.proto.source_code_info = None);
        let [types] = generator::generate(&request).unwrap().try_into().unwrap();
        assert_eq!(types.name, "google.protobuf.rs");
        let path = Path::new(env!("CARGO_MANIFEST_DIR"))
            .join("../rmicro-runtime/src/types/google.protobuf.rs");
        if env::var_os("UPDATE").is_some() {
            fs::write(&path, &types.code).unwrap();
        }
        let there = fs::read_to_string(&path).unwrap_or_default();
        assert!(
            there == types.code,
            "{} differs; UPDATE=1 rewrites it",
            path.display()
        );
    }
}
