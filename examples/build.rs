//! Generates what the programs include.

fn main() -> std::io::Result<()> {
    let protos = ["../proto/greet.proto", "../proto/greet/v1/greeter.proto"];
    protoc_gen_rmicro::compile_protos(&protos, &["../proto"])
}
