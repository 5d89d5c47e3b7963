//! Calls the seed's Greeter: `cargo run --example greeter_client`.

use rmicro_runtime::{Result, Service};

rmicro_runtime::include_proto!("greet");

#[tokio::main]
async fn main() -> Result<()> {
    let service = Service::new("greeter.client")?;
    let greeter = GreeterService::new("greeter", service.client());
    let name = "John".into();
    println!("{}", greeter.greet(Request { name }).await?.msg);
    Ok(())
}
