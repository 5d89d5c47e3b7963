//! The NATS broker against a real server, which `tests/foreign/nats/run` starts; without one in `RMICRO_TEST_NATS` it is left out.

use std::sync::Arc;
use std::time::Duration;

use rmicro_runtime::Code;
use rmicro_runtime::broker::{Broker, Message, Nats};
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

/// By a server that allows the topic `open` alone.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_the_server_does_not_allow_is_an_error() {
    let Ok(url) = std::env::var("RMICRO_TEST_NATS_FORBIDS") else {
        return;
    };
    let broker = Nats::from_url(&url, Seam::default()).expect("the URL is good");
    for _ in 0..200 {
        broker.publish("open", Message::new("x")).await.unwrap();
        let error = broker.publish("secret", Message::new("x")).await;
        assert_eq!(error.unwrap_err().code(), Code::PermissionDenied);
        let error = broker.subscribe(&"secret".into()).await;
        assert_eq!(error.unwrap_err().code(), Code::PermissionDenied);
    }
    drop(broker.subscribe(&"open".into()).await.unwrap());
}
