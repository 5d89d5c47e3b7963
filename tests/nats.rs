//! The NATS broker against a real server, which `tests/foreign/nats/run` starts; without one in `RMICRO_TEST_NATS` it is left out.

use std::sync::Arc;
use std::time::Duration;

use rmicro_runtime::broker::Nats;
use rmicro_runtime::conformance::broker::{Pair, suite};
use rmicro_runtime::seam::Seam;

/// Two connections to the server, for each check.
async fn against(url: &str) {
    let broker = || Nats::from_url(url, Seam::default()).expect("the URL is good");
    suite(async || {
        Pair::new(Arc::new(broker()), Arc::new(broker())).quiet(Duration::from_millis(50))
    })
    .await;
}

#[tokio::test]
async fn it_is_a_broker_in_one_thread() {
    if let Ok(url) = std::env::var("RMICRO_TEST_NATS") {
        against(&url).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn it_is_a_broker_in_two_threads() {
    if let Ok(url) = std::env::var("RMICRO_TEST_NATS") {
        against(&url).await;
    }
}
