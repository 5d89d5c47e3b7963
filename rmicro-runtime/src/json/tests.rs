//! Fields of every kind, both ways, and what is refused; the messages are those that the plugin is reviewed by.

#![allow(
    clippy::too_many_lines,
    reason = "a table is as long as there are cases"
)]

mod accepted;
mod any;
mod hostile;
mod options;
mod refused;
mod written;

use super::{DecodeOptions, EncodeOptions, JsonMessage, from_slice, to_vec};

/// What the plugin makes of `golden/json`.
#[allow(unreachable_pub)]
pub(super) mod v1 {
    include!("../../../protoc-gen-rmicro/tests/golden/json/expected.rs");
}

/// What the plugin makes of `golden/json_proto2`.
#[allow(unreachable_pub)]
pub(super) mod old {
    include!("../../../protoc-gen-rmicro/tests/golden/json_proto2/expected.rs");
}

fn read<M: JsonMessage>(json: &str) -> M {
    let options = DecodeOptions::default();
    from_slice(json.as_bytes(), &options).unwrap_or_else(|error| panic!("{json}: {error}"))
}

/// What is said of `json`.
fn error<M: JsonMessage + std::fmt::Debug>(json: &str) -> String {
    match from_slice::<M>(json.as_bytes(), &DecodeOptions::default()) {
        Ok(message) => panic!("{json} is taken as {message:?}"),
        Err(error) => error.message().to_owned(),
    }
}

fn written<M: JsonMessage>(message: &M) -> String {
    written_with(message, &EncodeOptions::default())
}

fn written_with<M: JsonMessage>(message: &M, options: &EncodeOptions) -> String {
    String::from_utf8(to_vec(message, options).unwrap()).unwrap()
}
