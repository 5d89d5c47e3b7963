//! Calls one method, so that the server half, the other methods and the other packages are never used.

#![forbid(unsafe_code)]
#![deny(warnings, missing_docs, unreachable_pub, clippy::all)]

use pb::greet::v1::{GreeterService, HelloRequest};
use rmicro_runtime::{Result, Service};

mod pb;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<()> {
    let service = Service::new("greeter.client")?;
    let greeter = GreeterService::new("greeter", service.client());
    let name = "Ada".into();
    let reply = greeter.hello(HelloRequest { name }).await?;
    println!("{}", reply.message);
    Ok(())
}
