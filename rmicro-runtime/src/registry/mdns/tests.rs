//! The whole registry: over real multicast on loopback, and in a simulated network where time
//! matters.

mod fake;
mod loopback;
mod simulated;

use std::future::poll_fn;

use super::*;
use crate::error::Code;
use crate::registry::{Action, Change, Node};
use crate::seam::Chance;

const TTL: Duration = Duration::from_secs(60);

fn greeter(id: &str) -> ServiceInfo {
    let node = Node::new(id, "127.0.0.1:8080").metadata("protocol", "grpc");
    ServiceInfo::new("greeter", "latest").node(node)
}

fn domain() -> String {
    format!("test-{}", Chance::default().uuid())
}

async fn next(watch: &mut Watch) -> Option<Result<Change>> {
    poll_fn(|cx| watch.as_mut().poll_next(cx)).await
}

async fn change(watch: &mut Watch) -> Change {
    next(watch).await.unwrap().unwrap()
}
