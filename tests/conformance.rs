//! Every backend against the suite of its contract.

use std::sync::Arc;
use std::time::Duration;

use rmicro_runtime::broker::{Http, HttpConfig, Memory as MemoryBroker};
use rmicro_runtime::conformance;
use rmicro_runtime::conformance::broker::Pair as Brokers;
use rmicro_runtime::conformance::registry::Pair;
use rmicro_runtime::registry::{Cached, Mdns, Memory as MemoryRegistry, Registry};
use rmicro_runtime::seam::{Chance, Seam};
use rmicro_runtime::transport::{Grpc, GrpcConfig, Memory};

#[tokio::test]
async fn the_memory_transport() {
    conformance::transport::suite(Memory::new).await;
}

#[tokio::test]
async fn the_grpc_transport() {
    let narrow = GrpcConfig::default()
        .stream_window(65_535)
        .connection_window(1 << 20);
    conformance::transport::suite(|| Grpc::new(Seam::default()).config(narrow.clone())).await;
}

#[tokio::test]
async fn the_memory_registry() {
    conformance::registry::suite(async || {
        let registry = MemoryRegistry::new();
        Pair::new(Arc::new(registry.clone()), Arc::new(registry))
    })
    .await;
}

#[tokio::test]
async fn the_mdns_registry() {
    let names = Chance::default();
    conformance::registry::suite(async || {
        // A domain of its own for each check, so that none hears another.
        let url = format!("mdns://{}?interface=lo", names.uuid());
        let mdns = || Mdns::from_url(&url, Seam::default()).expect("the URL is good");
        Pair::new(Arc::new(mdns()), Arc::new(mdns()))
    })
    .await;
}

#[tokio::test]
async fn the_memory_registry_behind_the_cache() {
    conformance::registry::suite(async || {
        let registry = MemoryRegistry::new();
        let cached = Cached::new(Arc::new(registry.clone()), Seam::default());
        Pair::new(Arc::new(registry), Arc::new(cached))
    })
    .await;
}

#[tokio::test]
async fn the_memory_broker() {
    conformance::broker::suite(async || {
        let broker = MemoryBroker::new();
        Brokers::new(Arc::new(broker.clone()), Arc::new(broker)).quiet(Duration::from_millis(20))
    })
    .await;
}

/// Two nodes that find each other by `registry` and post to each other over loopback.
fn http_brokers(here: Arc<dyn Registry>, there: Arc<dyn Registry>) -> Brokers {
    let broker = |registry| Arc::new(Http::new(HttpConfig::default(), registry, Seam::default()));
    Brokers::new(broker(here), broker(there)).quiet(Duration::from_millis(30))
}

#[tokio::test]
async fn the_http_broker() {
    conformance::broker::suite(async || {
        let registry = MemoryRegistry::new();
        http_brokers(Arc::new(registry.clone()), Arc::new(registry))
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_http_broker_in_two_threads() {
    // All pairs share one registry, as the services of a fleet do.
    let registry: Arc<dyn Registry> = Arc::new(MemoryRegistry::new());
    conformance::broker::suite(async || http_brokers(registry.clone(), registry.clone())).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_http_broker_over_mdns() {
    let url = format!("mdns://{}?interface=lo", Chance::default().uuid());
    let mdns = || Arc::new(Mdns::from_url(&url, Seam::default()).expect("the URL is good"));
    conformance::broker::suite(async || http_brokers(mdns(), mdns())).await;
}
