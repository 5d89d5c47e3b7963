//! Generates rmicro's code, and tonic's beside it, which uses the same messages.

use std::{env, io};

fn main() -> io::Result<()> {
    let proto = "proto/bench.proto";
    protoc_gen_rmicro::compile_protos(&[proto], &["proto"])?;
    let protoc = protoc_bin_vendored::protoc_bin_path().map_err(io::Error::other)?;
    let mut config = tonic_prost_build::Config::new();
    if env::var_os("PROTOC").is_none() {
        config.protoc_executable(protoc);
    }
    let out =
        std::path::PathBuf::from(env::var("OUT_DIR").map_err(io::Error::other)?).join("tonic");
    std::fs::create_dir_all(&out)?;
    tonic_prost_build::configure()
        .out_dir(out)
        .extern_path(".bench.v1", "crate::pb")
        .compile_with_config(config, &[proto], &["proto"])
}
