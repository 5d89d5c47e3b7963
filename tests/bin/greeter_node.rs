//! A node of the service `greeter`, as a process of its own: it answers with its process id, some calls only after a while.

use std::time::Duration;

use rmicro_runtime::{Result, Service};
use rmicro_tests::pb::register_greeter_handler;
use rmicro_tests::{Scripted, reply};

#[tokio::main]
async fn main() -> Result<()> {
    let service = Service::new("greeter")?;
    let greeter = Scripted::default().hello(|_, request| async move {
        if request.name == "slowly" {
            tokio::time::sleep(Duration::from_millis(30)).await;
        }
        Ok(reply(std::process::id().to_string()))
    });
    register_greeter_handler(service.server(), greeter)?;
    service.run().await
}
