//! Generates tonic's Greeter.

use std::io;

fn main() -> io::Result<()> {
    let mut config = tonic_prost_build::Config::new();
    config.protoc_executable(protoc_bin_vendored::protoc_bin_path().map_err(io::Error::other)?);
    let protos = "../../../proto";
    let greeter = format!("{protos}/greet/v1/greeter.proto");
    tonic_prost_build::configure().compile_with_config(config, &[greeter.as_str()], &[protos])
}
