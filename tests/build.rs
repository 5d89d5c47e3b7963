//! Generates the Greeter that the tests serve and call.

fn main() -> std::io::Result<()> {
    protoc_gen_rmicro::compile_protos(&["../proto/greet/v1/greeter.proto"], &["../proto"])
}
