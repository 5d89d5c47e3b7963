//! `grpc.health.v1`.

use std::time::Duration;

use rmicro_runtime::standard::health::v1::health_check_response::ServingStatus;
use rmicro_runtime::standard::health::v1::{
    HealthCheckRequest, HealthCheckResponse, HealthHandler, HealthListRequest, HealthListResponse,
    HealthService, register_health_handler,
};
use rmicro_runtime::{Code, Context, Receiver, Result, Sender, Service};

use crate::{Pair, WIRES, code, soon};

const GREETER: &str = "greet.v1.Greeter";

fn of(service: &str) -> HealthCheckRequest {
    HealthCheckRequest {
        service: service.into(),
    }
}

fn health(pair: &Pair) -> HealthService {
    HealthService::new("greeter", pair.client())
}

async fn check(health: &HealthService, service: &str) -> ServingStatus {
    health.check(of(service)).await.unwrap().status()
}

async fn next(watched: &mut Receiver<HealthCheckResponse>) -> ServingStatus {
    let response = soon(watched.recv()).await.unwrap();
    response.expect("the stream goes on").status()
}

#[tokio::test]
async fn what_is_served_is_serving_and_what_is_not_is_not_found() {
    for wire in WIRES {
        let pair = Pair::new(wire, |builder| builder).await;
        let health = health(&pair);
        for name in ["", GREETER, "grpc.health.v1.Health"] {
            assert_eq!(check(&health, name).await, ServingStatus::Serving, "{name}");
        }
        for name in ["Greeter", "greeter", "greet.v1.Absent"] {
            assert_eq!(code(health.check(of(name)).await), Code::NotFound, "{name}");
        }
    }
}

#[tokio::test]
async fn what_the_service_says_is_answered() {
    for wire in WIRES {
        let pair = Pair::new(wire, |builder| builder).await;
        let (said, health) = (pair.service.health(), health(&pair));
        said.set_not_serving(GREETER);
        said.set_not_serving("database");
        let listed = health.list(HealthListRequest {}).await.unwrap().statuses;
        let listed = listed
            .iter()
            .map(|(name, status)| (&**name, status.status()));
        let expected = [
            ("", ServingStatus::Serving),
            ("Debug", ServingStatus::Serving),
            ("database", ServingStatus::NotServing),
            (GREETER, ServingStatus::NotServing),
            ("grpc.health.v1.Health", ServingStatus::Serving),
            (
                "grpc.reflection.v1.ServerReflection",
                ServingStatus::Serving,
            ),
            (
                "grpc.reflection.v1alpha.ServerReflection",
                ServingStatus::Serving,
            ),
        ];
        assert_eq!(listed.collect::<Vec<_>>(), expected);
        said.set_serving(GREETER);
        assert_eq!(check(&health, GREETER).await, ServingStatus::Serving);
    }
}

#[tokio::test]
async fn a_watcher_sees_each_change_and_waits_for_what_is_not_there_yet() {
    for wire in WIRES {
        let pair = Pair::new(wire, |builder| builder).await;
        let (said, health) = (pair.service.health(), health(&pair));
        let mut database = health.watch(of("database")).await.unwrap();
        let mut greeter = health.watch(of(GREETER)).await.unwrap();
        assert_eq!(next(&mut database).await, ServingStatus::ServiceUnknown);
        assert_eq!(next(&mut greeter).await, ServingStatus::Serving);
        said.set_serving("database");
        assert_eq!(next(&mut database).await, ServingStatus::Serving);
        said.set_not_serving("database");
        assert_eq!(next(&mut database).await, ServingStatus::NotServing);
        said.set_not_serving(GREETER);
        assert_eq!(
            next(&mut greeter).await,
            ServingStatus::NotServing,
            "and nothing between"
        );
    }
}

#[tokio::test]
async fn a_watcher_learns_of_the_shutdown_before_the_drain_and_does_not_hold_it_up() {
    for wire in WIRES {
        let wait = Duration::from_millis(200);
        let pair = Pair::new(wire, |builder| builder.propagation(wait)).await;
        let health = health(&pair);
        let mut whole = health.watch(of("")).await.unwrap();
        let mut greeter = health.watch(of(GREETER)).await.unwrap();
        for watched in [&mut whole, &mut greeter] {
            assert_eq!(next(watched).await, ServingStatus::Serving);
        }
        let shutdown = tokio::spawn(pair.running.shutdown());
        for watched in [&mut whole, &mut greeter] {
            assert_eq!(next(watched).await, ServingStatus::NotServing);
        }
        assert!(!shutdown.is_finished(), "the drain has not begun");
        for watched in [&mut whole, &mut greeter] {
            assert_eq!(code(soon(watched.recv()).await), Code::Unavailable);
        }
        // The drain has 10 s for what is running, and need not wait for any of it.
        soon(shutdown).await.unwrap().unwrap();
    }
}

#[tokio::test]
async fn a_service_that_starts_again_is_healthy_again() {
    let pair = Pair::new("memory", |builder| builder).await;
    pair.running.shutdown().await.unwrap();
    let _running = pair.service.start().await.unwrap();
    let health = HealthService::new("greeter", pair.caller.client());
    assert_eq!(check(&health, "").await, ServingStatus::Serving);
}

#[tokio::test]
async fn without_health_nobody_answers() {
    for wire in WIRES {
        let pair = Pair::new(wire, |builder| builder.health(false)).await;
        assert_eq!(code(health(&pair).check(of("")).await), Code::Unimplemented);
    }
}

/// A user's own idea of health.
struct Sick;

impl HealthHandler for Sick {
    async fn check(&self, _: Context, _: HealthCheckRequest) -> Result<HealthCheckResponse> {
        let status = ServingStatus::Unknown.into();
        Ok(HealthCheckResponse { status })
    }

    async fn list(&self, _: Context, _: HealthListRequest) -> Result<HealthListResponse> {
        Ok(HealthListResponse::default())
    }

    async fn watch(
        &self,
        _: Context,
        _: HealthCheckRequest,
        _: Sender<HealthCheckResponse>,
    ) -> Result<()> {
        Ok(())
    }
}

#[tokio::test]
async fn a_users_own_health_takes_the_place_of_ours() {
    let service = Service::builder("greeter")
        .registry("memory")
        .transport("memory");
    let service = service.build().unwrap();
    register_health_handler(service.server(), Sick).unwrap();
    let _running = service.start().await.unwrap();
    let health = HealthService::new("greeter", service.client());
    assert_eq!(check(&health, "").await, ServingStatus::Unknown);
}
