//! A Greeter for tools that ask about a service: it stays for two seconds after it has begun to end, and where there is a variable
//! `V1ALPHA_ONLY` it is as old as servers that know no other version of reflection.

use std::time::Duration;

use async_trait::async_trait;
use rmicro_runtime::{Error, Result, ServerCall, ServerInterceptor, ServerNext, Service};
use rmicro_tests::pb::register_greeter_handler;
use rmicro_tests::{Scripted, reply};

/// Refuses what an old server does not know.
struct Old;

#[async_trait]
impl ServerInterceptor for Old {
    async fn intercept(&self, call: ServerCall, next: ServerNext<'_>) -> Result<()> {
        match call.context().service() {
            "grpc.reflection.v1.ServerReflection" => {
                Err(Error::unimplemented("there is v1alpha alone"))
            }
            _ => next.run(call).await,
        }
    }
}

#[tokio::main]
async fn main() -> Result<()> {
    let mut builder = Service::builder("greeter").propagation(Duration::from_secs(2));
    if std::env::var_os("V1ALPHA_ONLY").is_some() {
        builder = builder.server_interceptor(Old);
    }
    let service = builder.init()?;
    service.health().set_not_serving("database");
    let greeter = Scripted::default()
        .hello(|_, request| async move { Ok(reply(format!("Hello, {}!", request.name))) });
    register_greeter_handler(service.server(), greeter)?;
    service.run().await
}
