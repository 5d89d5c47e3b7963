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

/// Whether the runtime has the types of the file `name`.
pub(crate) fn is_well_known(name: &str) -> bool {
    let stem = name
        .strip_prefix("google/protobuf/")
        .and_then(|name| name.strip_suffix(".proto"));
    stem.is_some_and(|stem| FILES.contains(&stem))
}
