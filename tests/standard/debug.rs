//! go-micro's `Debug`.

use std::time::Duration;

use rmicro_runtime::standard::debug::{DebugService, HealthRequest, StatsRequest, StatsResponse};
use rmicro_runtime::{Code, Service};
use rmicro_tests::pb::{GreeterService, register_greeter_handler};
use rmicro_tests::{Scripted, hello};

use crate::{Pair, WIRES, code};

async fn stats(debug: &DebugService) -> StatsResponse {
    debug.stats(StatsRequest::default()).await.unwrap()
}

#[tokio::test]
async fn debug_answers_as_go_micro_does() {
    for wire in WIRES {
        let pair = Pair::new(wire, |builder| builder).await;
        let debug = DebugService::new("greeter", pair.client());
        let health = debug.health(HealthRequest::default()).await.unwrap();
        assert_eq!(health.status, "ok");
        let stats = stats(&debug).await;
        assert!(
            stats.started > 1_700_000_000,
            "seconds, not something finer"
        );
        assert!(stats.timestamp >= stats.started && stats.timestamp - stats.started < 60);
        assert!(stats.uptime < 60);
        assert_eq!(
            (stats.requests, stats.errors),
            (0, 0),
            "its own calls do not count"
        );
        if cfg!(target_os = "linux") {
            assert!(stats.memory > 1 << 20 && stats.threads > 0, "{stats:?}");
        }
    }
}

#[tokio::test]
async fn calls_and_failures_of_every_kind_are_counted() {
    for wire in WIRES {
        let pair = Pair::new(wire, |builder| builder).await;
        let greeter = GreeterService::new("greeter", pair.client());
        greeter.hello(hello("Ada")).await.unwrap();
        greeter.hello(hello("Grace")).await.unwrap();
        let mut often = greeter.hello_often(hello("Ada")).await.unwrap();
        assert_eq!(code(often.recv().await), Code::Unimplemented);
        let debug = DebugService::new("greeter", pair.client());
        let stats = stats(&debug).await;
        assert_eq!((stats.requests, stats.errors), (3, 1), "{wire}");
    }
}

#[tokio::test]
async fn a_call_that_panics_or_is_late_has_failed() {
    let service = Service::builder("greeter")
        .registry("memory")
        .transport("memory");
    let service = service.build().unwrap();
    let greeter = Scripted::default().hello(|_, request| async move {
        assert_eq!(request.name, "late", "on purpose");
        std::future::pending().await
    });
    register_greeter_handler(service.server(), greeter).unwrap();
    let _running = service.start().await.unwrap();
    let greeter = GreeterService::new("greeter", service.client());
    assert_eq!(code(greeter.hello(hello("panic")).await), Code::Internal);
    let late = greeter
        .hello(hello("late"))
        .timeout(Duration::from_millis(20));
    assert_eq!(code(late.await), Code::DeadlineExceeded);
    let debug = DebugService::new("greeter", service.client());
    let stats = stats(&debug).await;
    assert_eq!((stats.requests, stats.errors), (2, 2));
}

#[tokio::test]
async fn without_debug_nobody_answers() {
    let pair = Pair::new("memory", |builder| builder.debug(false)).await;
    let debug = DebugService::new("greeter", pair.client());
    let refused = debug.health(HealthRequest::default()).await;
    assert_eq!(code(refused), Code::Unimplemented);
}
