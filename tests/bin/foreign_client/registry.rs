//! What mDNS knows, told in lines that a script can read.

use std::future::poll_fn;

use rmicro_runtime::Result;
use rmicro_runtime::registry::{Action, Mdns, MdnsConfig, Registry, ServiceInfo};
use rmicro_runtime::seam::Seam;

/// The name of every service, each a line.
pub(crate) async fn list() -> Result<()> {
    for service in mdns().list_services().await? {
        println!("{}", service.name);
    }
    Ok(())
}

/// The nodes and the endpoints of `name`.
pub(crate) async fn look(name: &str) -> Result<()> {
    for service in mdns().get_service(name).await? {
        tell("node", &service);
        for endpoint in &service.endpoints {
            let stream = endpoint
                .metadata
                .get("stream")
                .map_or("false", String::as_str);
            println!("endpoint {} stream={stream}", endpoint.name);
        }
    }
    Ok(())
}

/// The changes of `name` as they come, until the process is ended.
pub(crate) async fn watch(name: &str) -> Result<()> {
    let registry = mdns();
    let mut changes = registry.watch(name).await?;
    println!("watching");
    while let Some(change) = poll_fn(|cx| changes.as_mut().poll_next(cx)).await {
        let change = change?;
        let action = match change.action {
            Action::Create => "create",
            Action::Delete => "delete",
            _ => "update",
        };
        tell(action, &change.service);
    }
    Ok(())
}

fn tell(what: &str, service: &ServiceInfo) {
    for node in &service.nodes {
        let protocol = node.metadata.get("protocol").map_or("", String::as_str);
        let version = &service.version;
        println!(
            "{what} {} at {} version={version} protocol={protocol}",
            node.id, node.address
        );
    }
}

fn mdns() -> Mdns {
    Mdns::new(MdnsConfig::default(), Seam::default())
}
