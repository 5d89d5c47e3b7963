//! Generates the messages of the conformance suite from the folder in the variable `CONFORMANCE_PROTOS`.

use std::io;

fn main() -> io::Result<()> {
    println!("cargo:rerun-if-env-changed=CONFORMANCE_PROTOS");
    let protos = std::env::var("CONFORMANCE_PROTOS").map_err(io::Error::other)?;
    let suite = [
        "conformance/conformance.proto",
        "google/protobuf/test_messages_edition2023.proto",
        "google/protobuf/test_messages_proto2.proto",
        "google/protobuf/test_messages_proto2_editions.proto",
        "google/protobuf/test_messages_proto3.proto",
        "google/protobuf/test_messages_proto3_editions.proto",
    ];
    let suite = suite.map(|name| format!("{protos}/{name}"));
    protoc_gen_rmicro::compile_protos(&suite, &[protos])
}
