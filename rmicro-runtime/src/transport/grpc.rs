//! Being written.
#[derive(Debug)]
pub struct Grpc;
