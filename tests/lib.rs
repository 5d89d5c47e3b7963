//! What the end-to-end tests share: a Greeter whose methods each test writes, a server and a client that know each other, and the
//! frame of the cases that run against foreign peers.

pub mod judge;
pub mod peer;
pub mod raw;
mod rig;
mod scripted;
pub mod sharing;
pub mod tally;

pub use pb::{HelloReply, HelloRequest};
pub use protos::greet::v1 as pb;
pub use rig::{Rig, Wire};
pub use scripted::Scripted;

/// The generated code of every proto here.
pub mod protos {
    rmicro_runtime::include_protos!();
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

/// Runs each test once for each transport, and gives it 20 s.
#[macro_export]
macro_rules! on_every_wire {
    ($($(#[$doc:meta])* async fn $name:ident($wire:ident: Wire) $body:block)*) => {$(
        mod $name {
            use super::*;

            $(#[$doc])*
            async fn run($wire: $crate::Wire) $body

            async fn within_its_time(wire: $crate::Wire) {
                let limit = ::std::time::Duration::from_secs(20);
                ::tokio::time::timeout(limit, run(wire)).await.expect("it hangs");
            }

            #[tokio::test]
            async fn in_memory() {
                within_its_time($crate::Wire::Memory).await;
            }

            #[tokio::test]
            async fn over_grpc() {
                within_its_time($crate::Wire::Grpc).await;
            }

            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn over_grpc_with_narrow_windows_and_two_workers() {
                within_its_time($crate::Wire::NarrowGrpc).await;
            }
        }
    )*};
}
