//! What every service answers beside its own handlers, over both transports.

#[path = "standard/debug.rs"]
mod debug;
#[path = "standard/health.rs"]
mod health;
#[path = "standard/reflection.rs"]
mod reflection;

use std::time::Duration;

use rmicro_runtime::registry::Memory as Registry;
use rmicro_runtime::{Client, Code, Result, Running, Service, ServiceBuilder, transport};
use rmicro_tests::pb::register_greeter_handler;
use rmicro_tests::{Scripted, hello, reply};

/// How long something may take that should happen at once.
const SOON: Duration = Duration::from_secs(5);

/// A service with a Greeter that runs, and a service that only calls.
struct Pair {
    service: Service,
    running: Running,
    caller: Service,
    registry: Registry,
}

impl Pair {
    /// The two over `wire`, the first of them as `describe` says.
    async fn new(wire: &str, describe: impl FnOnce(ServiceBuilder) -> ServiceBuilder) -> Self {
        let (memory, registry) = (transport::Memory::new(), Registry::new());
        let build = |name: &str| {
            let builder = Service::builder(name).registry(registry.clone());
            match wire {
                "memory" => builder.transport(memory.clone()),
                wire => builder.transport(wire).address("127.0.0.1:0"),
            }
        };
        let service = describe(build("greeter")).build().unwrap();
        let greeter =
            Scripted::default().hello(|_, request| async move { Ok(reply(request.name)) });
        register_greeter_handler(service.server(), greeter).unwrap();
        let caller = build("caller").build().unwrap();
        let running = service.start().await.unwrap();
        Self {
            service,
            running,
            caller,
            registry,
        }
    }

    fn client(&self) -> &Client {
        self.caller.client()
    }
}

/// Both transports, with what is tested told when it fails.
const WIRES: [&str; 2] = ["memory", "grpc"];

/// What `future` gives, which is to come soon.
async fn soon<T>(future: impl Future<Output = T>) -> T {
    tokio::time::timeout(SOON, future)
        .await
        .expect("it does not take long")
}

fn code<T: std::fmt::Debug>(result: Result<T>) -> Code {
    result.unwrap_err().code()
}

#[tokio::test]
async fn the_registry_does_not_hear_of_the_standard_services() {
    use rmicro_runtime::registry::Registry as _;

    let pair = Pair::new("memory", |builder| builder).await;
    let found = pair.registry.get_service("greeter").await.unwrap();
    let endpoints = found[0].endpoints.iter().map(|endpoint| &endpoint.name);
    assert_eq!(
        endpoints.collect::<Vec<_>>(),
        [
            "Greeter.Chat",
            "Greeter.Hello",
            "Greeter.HelloMany",
            "Greeter.HelloOften"
        ]
    );
}

#[tokio::test]
async fn the_users_calls_go_where_they_went() {
    use rmicro_tests::pb::GreeterService;

    for wire in WIRES {
        let pair = Pair::new(wire, |builder| builder).await;
        let greeter = GreeterService::new("greeter", pair.client());
        assert_eq!(greeter.hello(hello("Ada")).await.unwrap().message, "Ada");
    }
}
