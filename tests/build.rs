//! Generates the Greeter that the tests serve and call, and the services of gRPC's interop tests.

fn main() -> std::io::Result<()> {
    let protos = [
        "../proto/greet/v1/greeter.proto",
        "foreign/grpc-interop/protos/grpc/testing/test.proto",
        "foreign/grpc-interop/protos/xds/service/orca/v3/orca.proto",
    ];
    protoc_gen_rmicro::Builder::new()
        .btree_map(".")
        .compile(&protos, &["../proto", "foreign/grpc-interop/protos"])
}
