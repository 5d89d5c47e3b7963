//! Generates rmicro code from `.proto` files: messages, client stubs and server glue.
//!
//! Two doors lead to one generator, so that both give the same bytes: the program `protoc-gen-rmicro`, which protoc starts for
//! `--rmicro_out=DIR`, and [`compile_protos`] and [`Builder`] for a `build.rs`.
//!
//! Invariant: generated code holds names and shapes and no logic, so a bug fix never needs regeneration; nothing here knows the
//! runtime, and the two meet only in `rmicro_runtime::codegen`.

mod builder;
mod clash;
mod comments;
mod deprecation;
mod descriptor;
mod docs;
mod edition;
mod error;
mod externs;
mod features;
mod files;
mod format;
mod generator;
mod handler;
mod http;
mod imports;
mod json;
mod layout;
mod lints;
mod locate;
mod matching;
mod messages;
mod names;
mod options;
mod outputs;
mod plugin;
mod protoc;
mod quiet;
mod recursion;
mod register;
mod request;
mod rust_names;
mod service;
mod shapes;
mod sorted_maps;
mod stamp;
mod stand_ins;
mod stub;
mod tree;
mod uses;
mod validate;
mod well_known;
mod wire;

pub use builder::{Builder, compile_protos, configure};
pub use options::help;
pub use plugin::run;
pub use stamp::ABI;

#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
