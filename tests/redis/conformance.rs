//! The suite of brokers, and what services do that share one.

use std::sync::Arc;
use std::time::Duration;

use rmicro_runtime::conformance::broker::{Pair, suite};
use rmicro_tests::sharing::a_service_that_stops_ends_only_its_own;

use crate::server::Server;

/// Two clients of a server, for each check.
async fn against(server: &Server) {
    suite(async || {
        let (here, there) = (server.broker(""), server.broker(""));
        Pair::new(Arc::new(here), Arc::new(there)).quiet(Duration::from_millis(50))
    })
    .await;
}

#[tokio::test]
async fn it_is_a_broker_in_one_thread() {
    let Some(server) = Server::start(&[]) else {
        return;
    };
    against(&server).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn it_is_a_broker_in_two_threads() {
    let Some(server) = Server::start(&[]) else {
        return;
    };
    against(&server).await;
}

#[tokio::test]
async fn a_service_that_stops_leaves_a_broker_to_those_who_share_it() {
    let Some(server) = Server::start(&[]) else {
        return;
    };
    a_service_that_stops_ends_only_its_own(server.broker("")).await;
}
