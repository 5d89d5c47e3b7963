//! The NATS broker against a real server, which `tests/foreign/nats/run` starts; without one in `RMICRO_TEST_NATS` it is left out.

use std::sync::Arc;
use std::time::Duration;

use rmicro_runtime::broker::{Broker, Message, Nats};
use rmicro_runtime::conformance::broker::{Pair, suite};
use rmicro_runtime::seam::Seam;
use rmicro_runtime::{Code, Result};
use rmicro_tests::sharing::a_service_that_stops_ends_only_its_own;

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

#[tokio::test]
async fn a_service_that_stops_leaves_a_broker_to_those_who_share_it() {
    if let Ok(url) = std::env::var("RMICRO_TEST_NATS") {
        let broker = Nats::from_url(&url, Seam::default()).expect("the URL is good");
        a_service_that_stops_ends_only_its_own(broker).await;
    }
}

/// By a server that allows the topic `open` alone.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_the_server_does_not_allow_is_an_error() {
    let Ok(url) = std::env::var("RMICRO_TEST_NATS_FORBIDS") else {
        return;
    };
    let broker = Nats::from_url(&url, Seam::default()).expect("the URL is good");
    let (mut published, mut subscribed) = (0, 0);
    for _ in 0..100 {
        broker.publish("open", Message::new("x")).await.unwrap();
        let publishing = broker.publish("secret", Message::new("x")).await;
        published += refused(publishing);
        subscribed += refused(broker.subscribe(&"secret".into()).await.map(drop));
    }
    drop(broker.subscribe(&"open".into()).await.unwrap());
    // The client may tell it too late, on a machine that is busy.
    assert!(published > 80, "{published} of 100 were told");
    assert!(subscribed > 80, "{subscribed} of 100 were told");
}

/// One, where the server was said to have refused.
fn refused(ended: Result<()>) -> usize {
    let Err(error) = ended else { return 0 };
    assert_eq!(error.code(), Code::PermissionDenied, "{error:?}");
    1
}
