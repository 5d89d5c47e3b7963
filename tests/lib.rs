//! What the end-to-end tests share: a Greeter whose methods each test writes, and a server and a client that know each other.

mod rig;
mod scripted;

pub use pb::{HelloReply, HelloRequest};
pub use rig::{Rig, Wire};
pub use scripted::Scripted;

/// The generated code of `greet/v1/greeter.proto`.
pub mod pb {
    rmicro_runtime::include_proto!("greet.v1");
}

/// A request that names `name`.
pub fn hello(name: &str) -> HelloRequest {
    HelloRequest { name: name.into() }
}

/// A reply that says `message`.
pub fn reply(message: impl Into<String>) -> HelloReply {
    let message = message.into();
    HelloReply { message }
}
