//! Whole services in one process, watched from a registry and a transport that write down what they
//! are asked.

use std::sync::Mutex as Lock;
use std::time::Duration;

use async_trait::async_trait;

use super::*;
use crate::call::{BoxFuture, Routes};
use crate::error::Code;
use crate::registry::{self, Registry, ServiceInfo, Watch};
use crate::seam::{Clock, Moment};
use crate::transport::{self, Connection, Listener, Transport};

const MS: Duration = Duration::from_millis(1);

/// What was asked, and how many milliseconds after the start.
#[derive(Clone, Debug)]
struct Diary {
    start: Moment,
    entries: Arc<Lock<Vec<(String, u128)>>>,
}

impl Diary {
    fn new() -> Self {
        Self {
            start: Clock::default().now(),
            entries: Arc::default(),
        }
    }

    fn write(&self, entry: &str) {
        let at = Clock::default().now().since(self.start).as_millis();
        self.entries.lock().unwrap().push((entry.into(), at));
    }

    fn read(&self) -> Vec<(String, u128)> {
        self.entries.lock().unwrap().clone()
    }

    fn builder(&self) -> ServiceBuilder {
        let transport = Recording {
            diary: self.clone(),
            inner: transport::Memory::new(),
        };
        let registry = Recording {
            diary: self.clone(),
            inner: registry::Memory::new(),
        };
        Service::builder("greeter")
            .registry(registry)
            .transport(transport)
    }
}

#[derive(Debug)]
struct Recording<T> {
    diary: Diary,
    inner: T,
}

#[async_trait]
impl Registry for Recording<registry::Memory> {
    fn name(&self) -> &'static str {
        "recording"
    }

    async fn register(&self, service: &ServiceInfo, ttl: Duration) -> Result<()> {
        self.diary.write("register");
        self.inner.register(service, ttl).await
    }

    async fn deregister(&self, service: &ServiceInfo) -> Result<()> {
        self.diary.write("deregister");
        self.inner.deregister(service).await
    }

    async fn get_service(&self, name: &str) -> Result<Vec<ServiceInfo>> {
        self.inner.get_service(name).await
    }

    async fn list_services(&self) -> Result<Vec<ServiceInfo>> {
        self.inner.list_services().await
    }

    async fn watch(&self, name: &str) -> Result<Watch> {
        self.inner.watch(name).await
    }

    fn propagation(&self) -> Duration {
        250 * MS
    }
}

#[async_trait]
impl Transport for Recording<transport::Memory> {
    fn name(&self) -> &'static str {
        "memory"
    }

    async fn listen(&self, address: &str, routes: Arc<dyn Routes>) -> Result<Box<dyn Listener>> {
        self.diary.write("listen");
        Ok(Box::new(Recording {
            diary: self.diary.clone(),
            inner: self.inner.listen(address, routes).await?,
        }))
    }

    async fn dial(&self, address: &str) -> Result<Arc<dyn Connection>> {
        self.inner.dial(address).await
    }
}

/// A listener whose drain takes as long as it may.
#[async_trait]
impl Listener for Recording<Box<dyn Listener>> {
    fn address(&self) -> &str {
        self.inner.address()
    }

    async fn drain(&self, limit: Duration) -> usize {
        self.diary.write("drain");
        Clock::default().sleep(limit).await;
        self.diary.write("drained");
        1
    }
}

impl<T> Drop for Recording<T> {
    fn drop(&mut self) {
        if std::any::type_name::<T>().contains("dyn") {
            self.diary.write("cut");
        }
    }
}

fn entries(expected: &[(&str, u128)]) -> Vec<(String, u128)> {
    let owned = |(entry, at): &(&str, u128)| ((*entry).to_owned(), *at);
    expected.iter().map(owned).collect()
}

#[tokio::test(start_paused = true)]
async fn it_listens_before_it_registers_and_withdraws_before_it_drains() {
    let diary = Diary::new();
    let service = diary.builder().build().unwrap();
    let running = service.start().await.unwrap();
    assert_eq!(diary.read(), entries(&[("listen", 0), ("register", 0)]));
    running.shutdown().await.unwrap();
    let expected = [
        ("deregister", 0),
        ("drain", 250),
        ("drained", 10_250),
        ("cut", 10_250),
    ];
    assert_eq!(diary.read()[2..], entries(&expected));
}

#[tokio::test(start_paused = true)]
async fn the_lines_are_go_micros_word_for_word() {
    let (_guard, lines) = log::capture(tracing::level_filters::LevelFilter::INFO);
    let builder = Diary::new().builder().id("7").transport("memory");
    let running = builder.build().unwrap().start().await.unwrap();
    running.shutdown().await.unwrap();
    let lines = lines.lock().unwrap();
    let message = |line: &String| {
        line.split_once(" level=info ")
            .map(|(_, said)| said.to_owned())
    };
    let messages: Vec<_> = lines.iter().filter_map(message).collect();
    let expected = [
        "Starting [service] greeter\n",
        "Server [memory] Listening on memory:1\n",
        "Registry [recording] Registering node: greeter-7\n",
        "Deregistering node: greeter-7\n",
    ];
    assert_eq!(messages, expected);
}

#[tokio::test(start_paused = true)]
async fn propagation_and_drain_are_settable() {
    let diary = Diary::new();
    let builder = diary.builder().propagation(5 * MS).drain_limit(20 * MS);
    let running = builder.build().unwrap().start().await.unwrap();
    running.shutdown().await.unwrap();
    let expected = [
        ("deregister", 0),
        ("drain", 5),
        ("drained", 25),
        ("cut", 25),
    ];
    assert_eq!(diary.read()[2..], entries(&expected));
}

#[tokio::test(start_paused = true)]
async fn the_first_signal_drains_and_the_second_cuts() {
    let diary = Diary::new();
    let service = diary.builder().build().unwrap();
    let (signal, signals) = watch::channel(0);
    let clock = Clock::default();
    let user = async {
        clock.sleep(1000 * MS).await;
        signal.send_replace(1);
        clock.sleep(2000 * MS).await;
        signal.send_replace(2);
    };
    let (ended, ()) = tokio::join!(service.run_until(signals), user);
    ended.unwrap();
    let expected = [("deregister", 1000), ("drain", 1250), ("cut", 3000)];
    assert_eq!(diary.read()[2..], entries(&expected));
}

#[tokio::test(start_paused = true)]
async fn one_signal_runs_the_shutdown_to_its_end() {
    let diary = Diary::new();
    let service = diary.builder().build().unwrap();
    let (_signal, signals) = watch::channel(1);
    service.run_until(signals).await.unwrap();
    assert_eq!(diary.read().last(), entries(&[("cut", 10_250)]).last());
}

/// A registry that never comes to an end.
#[derive(Debug)]
struct Hanging;

#[async_trait::async_trait]
impl Registry for Hanging {
    fn name(&self) -> &'static str {
        "hanging"
    }

    async fn register(&self, _service: &registry::ServiceInfo, _ttl: Duration) -> Result<()> {
        std::future::pending().await
    }

    async fn deregister(&self, _service: &registry::ServiceInfo) -> Result<()> {
        std::future::pending().await
    }

    async fn get_service(&self, _name: &str) -> Result<Vec<registry::ServiceInfo>> {
        std::future::pending().await
    }

    async fn list_services(&self) -> Result<Vec<registry::ServiceInfo>> {
        std::future::pending().await
    }

    async fn watch(&self, _name: &str) -> Result<registry::Watch> {
        std::future::pending().await
    }
}

#[tokio::test(start_paused = true)]
async fn a_signal_ends_a_start_that_hangs() {
    let service = Service::builder("greeter").transport("memory");
    let hanging: Arc<dyn Registry> = Arc::new(Hanging);
    let service = service.registry(hanging).build().unwrap();
    let (_signal, signals) = watch::channel(1);
    let (clock, begun) = (Clock::default(), Clock::default().now());
    service.run_until(signals).await.unwrap();
    assert_eq!(clock.now().since(begun), Duration::from_secs(1));
}

#[tokio::test(start_paused = true)]
async fn a_service_that_is_dropped_is_cut_and_lapses() {
    let diary = Diary::new();
    let registry = registry::Memory::new();
    let service = diary.builder().registry(registry.clone()).build().unwrap();
    drop(service.start().await.unwrap());
    assert_eq!(diary.read(), entries(&[("listen", 0), ("cut", 0)]));
    Clock::default().sleep(61_000 * MS).await;
    let error = registry.get_service("greeter").await.unwrap_err();
    assert_eq!(error.code(), Code::NotFound);
}

#[tokio::test]
async fn an_address_that_is_taken_is_named_and_nothing_is_registered() {
    let (registry, transport) = (registry::Memory::new(), transport::Memory::new());
    let service = |name| {
        let builder = Service::builder(name).address(":8088");
        let builder = builder
            .registry(registry.clone())
            .transport(transport.clone());
        builder.build().unwrap()
    };
    let _first = service("first").start().await.unwrap();
    let error = service("second").start().await.unwrap_err();
    assert!(error.message().contains("8088"), "{error:?}");
    assert!(registry.get_service("second").await.is_err());
}

/// A hook that writes `entry` and then fails, or not.
fn hook(
    diary: &Diary,
    entry: &'static str,
    failure: Option<&'static str>,
) -> impl Fn() -> std::future::Ready<Result<()>> + Send + Sync + 'static {
    let diary = diary.clone();
    move || {
        diary.write(entry);
        std::future::ready(failure.map_or(Ok(()), |failure| Err(Error::aborted(failure))))
    }
}

#[tokio::test(start_paused = true)]
async fn hooks_run_in_their_order_around_start_and_stop() {
    let diary = Diary::new();
    let builder = diary.builder().drain_limit(20 * MS);
    let service = builder
        .after_stop(hook(&diary, "after stop", Some("d")))
        .after_stop(hook(&diary, "after stop too", None))
        .before_stop(hook(&diary, "before stop", Some("c")))
        .before_stop(hook(&diary, "before stop too", None))
        .after_start(hook(&diary, "after start", None))
        .before_start(hook(&diary, "before start", None))
        .before_start(hook(&diary, "before start too", None))
        .build()
        .unwrap();
    service.start().await.unwrap().shutdown().await.unwrap();
    let round = |start| {
        [
            ("before start", start),
            ("before start too", start),
            ("listen", start),
            ("register", start),
            ("after start", start),
            ("before stop", start),
            ("before stop too", start),
            ("deregister", start),
            ("drain", start + 250),
            ("drained", start + 270),
            ("after stop", start + 270),
            ("after stop too", start + 270),
            ("cut", start + 270),
        ]
    };
    assert_eq!(diary.read(), entries(&round(0)));
    service.start().await.unwrap().shutdown().await.unwrap();
    assert_eq!(diary.read()[13..], entries(&round(270)));
}

#[tokio::test(start_paused = true)]
async fn a_stop_hook_that_fails_is_told_in_one_line() {
    let (_guard, lines) = log::capture(tracing::level_filters::LevelFilter::WARN);
    let diary = Diary::new();
    let builder = diary.builder().drain_limit(Duration::ZERO);
    let builder = builder.before_stop(hook(&diary, "x", Some("no database")));
    let running = builder.build().unwrap().start().await.unwrap();
    running.shutdown().await.unwrap();
    let lines = lines.lock().unwrap();
    let told = "a hook failed, the shutdown goes on: ABORTED: before_stop: no database";
    assert_eq!(lines.iter().filter(|line| line.contains(told)).count(), 1);
}

/// Panics at once, before there is a future, or in it.
fn panicking(at_once: bool) -> impl Fn() -> BoxFuture<'static, Result<()>> + Send + Sync + 'static {
    move || match at_once {
        true => panic!("on purpose"),
        false => Box::pin(async { panic!("on purpose") }),
    }
}

#[tokio::test(start_paused = true)]
async fn a_stop_hook_that_panics_is_told_in_one_line_and_stops_nothing() {
    let (_guard, lines) = log::capture(tracing::level_filters::LevelFilter::WARN);
    let diary = Diary::new();
    let service = diary
        .builder()
        .drain_limit(20 * MS)
        .before_stop(panicking(false))
        .before_stop(hook(&diary, "before stop", None))
        .after_stop(hook(&diary, "after stop", None))
        .after_stop(panicking(true))
        .after_stop(hook(&diary, "after stop too", None))
        .build()
        .unwrap();
    service.start().await.unwrap().shutdown().await.unwrap();
    let expected = [
        ("listen", 0),
        ("register", 0),
        ("before stop", 0),
        ("deregister", 0),
        ("drain", 250),
        ("drained", 270),
        ("after stop", 270),
        ("after stop too", 270),
        ("cut", 270),
    ];
    assert_eq!(diary.read(), entries(&expected));
    let lines = lines.lock().unwrap();
    for told in [
        "INTERNAL: before_stop: hook 1 of 2 panicked",
        "INTERNAL: after_stop: hook 2 of 3 panicked",
    ] {
        let told = format!("a hook failed, the shutdown goes on: {told}");
        let count = lines.iter().filter(|line| line.contains(&told)).count();
        assert_eq!(count, 1, "{told}: {lines:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_start_hook_that_panics_is_one_that_fails() {
    let diary = Diary::new();
    for at_once in [true, false] {
        let service = diary.builder().before_start(panicking(at_once));
        let error = service.build().unwrap().start().await.unwrap_err();
        let told = "before_start: hook 1 of 1 panicked";
        assert_eq!((error.code(), error.message()), (Code::Internal, told));
        assert_eq!(diary.read(), []);
    }
    let service = diary
        .builder()
        .drain_limit(Duration::ZERO)
        .after_start(hook(&diary, "warm", None))
        .after_start(panicking(false))
        .after_stop(hook(&diary, "stopped", None));
    let error = service.build().unwrap().start().await.unwrap_err();
    assert_eq!(error.message(), "after_start: hook 2 of 2 panicked");
    let entries = diary.read();
    let names: Vec<_> = entries.iter().map(|(name, _)| &**name).collect();
    assert!(
        names.contains(&"deregister") && names.contains(&"stopped"),
        "{names:?}"
    );
}

#[tokio::test(start_paused = true)]
async fn a_start_hook_that_fails_first_leaves_nothing_done() {
    let diary = Diary::new();
    let service = diary
        .builder()
        .before_start(hook(&diary, "refuses", Some("no database")))
        .before_start(hook(&diary, "never", None))
        .before_stop(hook(&diary, "never", None))
        .after_stop(hook(&diary, "never", None))
        .build()
        .unwrap();
    let error = service.start().await.unwrap_err();
    assert_eq!(error.message(), "before_start: no database");
    assert_eq!(error.code(), Code::Aborted);
    assert_eq!(diary.read(), entries(&[("refuses", 0)]));
    // Nothing holds the service's turn.
    assert!(service.start().await.is_err());
    assert_eq!(diary.read().len(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_start_hook_that_fails_last_shuts_the_service_down() {
    let diary = Diary::new();
    let builder = diary.builder().drain_limit(20 * MS);
    let service = builder
        .after_start(hook(&diary, "refuses", Some("no warm cache")))
        .after_stop(hook(&diary, "stopped", None))
        .build()
        .unwrap();
    let error = service.start().await.unwrap_err();
    assert_eq!(error.message(), "after_start: no warm cache");
    let expected = [
        ("listen", 0),
        ("register", 0),
        ("refuses", 0),
        ("deregister", 0),
        ("drain", 250),
        ("drained", 270),
        ("stopped", 270),
        ("cut", 270),
    ];
    assert_eq!(diary.read(), entries(&expected));
}

#[tokio::test]
async fn a_service_runs_once_at_a_time() {
    let service = Diary::new().builder().drain_limit(Duration::ZERO).build();
    let service = service.unwrap();
    let running = service.start().await.unwrap();
    let error = service.start().await.unwrap_err();
    assert_eq!(error.message(), "service greeter runs already");
    running.shutdown().await.unwrap();
    assert!(service.start().await.is_ok());
}

#[tokio::test]
async fn it_registers_as_go_micro_does() {
    let registry = registry::Memory::new();
    let service = Service::builder("greeter")
        .registry(registry.clone())
        .transport("memory")
        .metadata("zone", "a")
        .metadata("protocol", "mine")
        .build()
        .unwrap();
    let running = service.start().await.unwrap();
    let told = registry.get_service("greeter").await.unwrap();
    assert_eq!((told.len(), &*told[0].version), (1, "latest"));
    let node = &told[0].nodes[0];
    assert_eq!(
        (&*node.id, &*node.address),
        (running.node_id(), running.address())
    );
    let uuid = node.id.strip_prefix("greeter-").unwrap();
    assert_eq!((uuid.len(), uuid.as_bytes()[14]), (36, b'4'));
    let metadata: Vec<_> = node.metadata.iter().map(|(k, v)| (&**k, &**v)).collect();
    let expected = [
        ("protocol", "memory"),
        ("registry", "memory"),
        ("server", "memory"),
        ("transport", "memory"),
        ("zone", "a"),
    ];
    assert_eq!(metadata, expected);
}

type Vars<'a> = &'a [(&'a str, &'a str)];

/// What a builder gives after code, environment and flags.
fn configured(code: bool, vars: Vars<'_>, flags: &[&str]) -> Result<Plan> {
    let mut builder = Service::builder("greeter")
        .registry("memory")
        .transport("memory");
    if code {
        builder = builder
            .address(":1")
            .id("code")
            .register_ttl(Duration::from_secs(90));
    }
    let service = builder.init_from(flags.iter().copied(), vars.iter().copied())?;
    Ok(service.plan)
}

#[test]
fn a_broker_that_cannot_be_is_one_line_that_names_its_flag() {
    for url in [
        "memory://x",
        "kafka://ada:s3cret@a:1",
        "127.0.0.1:4222",
        "http://x/path?unknown=1",
        "nats://ada:s3cret@h:1/path",
        "redis://ada:s3cret@h/notanumber",
        "redis://ada:s3cret@h?what=1",
    ] {
        let builder = Service::builder("greeter")
            .registry("memory")
            .transport("memory");
        let error = builder
            .init_from(["--broker", url], [("", ""); 0])
            .unwrap_err();
        let told = format!("{error:?}");
        assert!(
            told.starts_with("INVALID_ARGUMENT: --broker: broker "),
            "{told}"
        );
        assert!(!told.contains('\n') && !told.contains("s3cret"), "{told}");
    }
}

#[test]
fn a_flag_beats_the_environment_and_that_beats_code() {
    let go = ("MICRO_SERVER_ADDRESS", ":2");
    let own = ("RMICRO_SERVER_ADDRESS", ":3");
    let flag = ["--server_address", ":4"];
    let table: [(bool, Vars<'_>, &[&str], &str); 9] = [
        (false, &[], &[], ":0"),
        (true, &[], &[], ":1"),
        (true, &[go], &[], ":2"),
        (true, &[go, own], &[], ":3"),
        (true, &[go, own], &flag, ":4"),
        (true, &[], &flag, ":4"),
        (false, &[own], &flag, ":4"),
        (true, &[], &["--server_address="], ":1"),
        (
            true,
            &[go],
            &["--server_address=:5", "John", "--service_address", ":6"],
            ":6",
        ),
    ];
    for (code, vars, flags, expected) in table {
        let plan = configured(code, vars, flags).unwrap();
        assert_eq!(plan.address, expected, "{code} {vars:?} {flags:?}");
    }
}

#[test]
fn a_flag_that_was_not_given_overrides_nothing() {
    let plan = configured(true, &[], &["--server_version", "2"]).unwrap();
    assert_eq!(
        plan.beat("x:1", &Server::new(), false).ttl,
        Duration::from_secs(90)
    );
    assert_eq!(plan.node_id(), "greeter-code");
}

/// The environment, the flags, and what is said of them.
const UNREADABLE: [(Vars<'static>, &[&str], &str); 11] = [
    (
        &[],
        &["--broker", "zoo://a:1"],
        "--broker: broker \"zoo://a:1\" does not exist; there are: BROKERS",
    ),
    (
        &[("RMICRO_BROKER", "zoo")],
        &[],
        "RMICRO_BROKER: broker \"zoo\" does not exist; there are: BROKERS",
    ),
    (
        &[],
        &["--register_ttl", "abc"],
        "--register_ttl: expected whole seconds, got \"abc\"",
    ),
    (
        &[],
        &["-register_ttl=0"],
        "-register_ttl: expected whole seconds, at least 1, got \"0\"",
    ),
    (
        &[("MICRO_REGISTER_INTERVAL", "30s")],
        &[],
        "MICRO_REGISTER_INTERVAL: expected whole seconds, got \"30s\"",
    ),
    (
        &[],
        &["--client_request_timeout", "5"],
        "--client_request_timeout: expected a duration such as 5s, 1m30s or 500ms, got \"5\"",
    ),
    (
        &[],
        &["--server_metadata", "zone"],
        "--server_metadata: expected key=value, got \"zone\"",
    ),
    (
        &[],
        &["--selector", "p2c"],
        "--selector: selector \"p2c\" does not exist; there are: random, round_robin",
    ),
    (
        &[("RMICRO_SELECTOR", "p2c")],
        &[],
        "RMICRO_SELECTOR: selector \"p2c\" does not exist; there are: random, round_robin",
    ),
    (
        &[("MICRO_SELECTOR", "random")],
        &["-selector=p2c"],
        "-selector: selector \"p2c\" does not exist; there are: random, round_robin",
    ),
    (
        &[("MICRO_SELECTOR", "dns"), ("RMICRO_SELECTOR", "p2c")],
        &["--selector", "static"],
        "--selector: selector \"static\" does not exist; there are: random, round_robin",
    ),
];

#[test]
fn a_value_that_cannot_be_read_is_told_in_one_line() {
    for (vars, flags, expected) in UNREADABLE {
        let error = configured(false, vars, flags).unwrap_err();
        let expected = expected.replace("BROKERS", &schemes::BROKERS.there());
        assert_eq!(error.message(), expected);
    }
}

#[test]
fn what_is_not_honoured_stops_as_a_flag_only() {
    assert!(configured(false, &[("MICRO_STORE", "file")], &[]).is_ok());
    assert!(configured(false, &[], &["--store", "file"]).is_err());
}

#[tokio::test]
async fn a_broker_of_the_fleet_that_is_absent_fails_who_uses_it_and_nobody_else() {
    let builder = Service::builder("greeter").registry("memory");
    let builder = builder.transport("memory");
    let vars = [("MICRO_BROKER", "zoo")];
    let service = builder.init_from([""; 0], vars).unwrap();
    let running = service.start().await.unwrap();
    let message = crate::broker::Message::new("x");
    let error = service.publish("t", &message).await.unwrap_err();
    let there = schemes::BROKERS.there();
    assert_eq!(
        error.message(),
        format!(
            "publish: topic \"t\" at broker absent: MICRO_BROKER: broker \"zoo\" does not exist; there are: {there}"
        )
    );
    running.shutdown().await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_broker_is_in_the_log_where_something_is_subscribed() {
    use crate::broker::{Message, Topic};
    use crate::context::Context;

    let (_guard, lines) = log::capture(tracing::level_filters::LevelFilter::INFO);
    let builder = Diary::new().builder().id("7").drain_limit(MS);
    let service = builder.broker("memory").build().unwrap();
    let failing = |_: Context, _: Message| std::future::ready(Err(Error::unavailable("no disk")));
    let topic = Topic::new("t").attempts(2);
    service.subscribe(topic, failing).unwrap();
    let running = service.start().await.unwrap();
    let message = Message::new("x").header("Micro-ID", "9");
    service.publish("t", &message).await.unwrap();
    Clock::default().sleep(1000 * MS).await;
    running.shutdown().await.unwrap();
    let lines = lines.lock().unwrap();
    let told = |line: &String| {
        line.split_once(" level=")
            .map(|(_, said)| said.trim_end().to_owned())
    };
    let told: Vec<_> = lines.iter().filter_map(told).collect();
    let expected = [
        "info Starting [service] greeter",
        "info Server [memory] Listening on memory:1",
        "info Broker [memory] Connected",
        "info Subscribing to topic: t",
        "info Registry [recording] Registering node: greeter-7",
        "warn Broker [memory] the subscription to topic t rejects message 9 after attempt 2: UNAVAILABLE: no disk",
        "info Deregistering node: greeter-7",
        "warn Server [memory] cut 1 connections that were busy after 1ms",
        "info Broker [memory] Disconnected",
    ];
    assert_eq!(told, expected);
}

#[tokio::test(start_paused = true)]
async fn a_broker_that_others_may_share_is_not_said_to_be_disconnected() {
    use crate::broker::{Memory, Message};
    use crate::context::Context;

    let (_guard, lines) = log::capture(tracing::level_filters::LevelFilter::INFO);
    let builder = Diary::new().builder().broker(Memory::new());
    let service = builder.build().unwrap();
    let handler = |_: Context, _: Message| std::future::ready(Ok(()));
    service.subscribe("t", handler).unwrap();
    service.start().await.unwrap().shutdown().await.unwrap();
    let lines = lines.lock().unwrap();
    let counts = ["Broker [memory] Connected", "Broker [memory] Disconnected"]
        .map(|told| lines.iter().filter(|line| line.contains(told)).count());
    assert_eq!(counts, [1, 0], "{lines:?}");
}

#[cfg(feature = "http")]
#[tokio::test]
async fn the_log_says_where_the_broker_listens() {
    use crate::broker::Message;
    use crate::context::Context;

    let (_guard, lines) = log::capture(tracing::level_filters::LevelFilter::INFO);
    let service = Diary::new().builder().drain_limit(MS).build().unwrap();
    let handler = |_: Context, _: Message| std::future::ready(Ok(()));
    service.subscribe("t", handler).unwrap();
    let running = service.start().await.unwrap();
    let address = service.broker().address().unwrap();
    assert!(address.starts_with("127.0.0.1:"), "{address}");
    running.shutdown().await.unwrap();
    let lines = lines.lock().unwrap();
    for wanted in [
        format!("Broker [http] Connected to {address}"),
        format!("Broker [http] Disconnected from {address}"),
    ] {
        let told = |line: &&String| line.trim_end().ends_with(&wanted);
        assert_eq!(lines.iter().filter(told).count(), 1, "{lines:?}");
    }
}

#[test]
fn what_only_go_micro_has_in_its_fleets_environment_leaves_the_default() {
    let fleet = [("MICRO_TRANSPORT", "rabbitmq"), ("MICRO_SELECTOR", "dns")];
    let (_guard, lines) = log::capture(tracing::level_filters::LevelFilter::INFO);
    let plan = configured(false, &fleet, &[]).unwrap();
    assert_eq!(plan.transport.name(), "memory");
    let lines = lines.lock().unwrap();
    let warned: Vec<_> = lines
        .iter()
        .filter(|line| line.contains("level=warn"))
        .collect();
    assert_eq!(warned.len(), 2, "{warned:?}");
    assert!(warned[0].contains("MICRO_TRANSPORT: transport \"rabbitmq\" does not exist"));
    assert!(warned[1].contains("MICRO_SELECTOR: selector \"dns\" does not exist"));
}

#[test]
fn a_registry_that_does_not_exist_stops_wherever_it_was_named() {
    for (vars, flags, named) in [
        (
            &[("MICRO_REGISTRY", "zoo")][..],
            &[][..],
            "MICRO_REGISTRY: ",
        ),
        (&[("RMICRO_REGISTRY", "zoo")], &[], "RMICRO_REGISTRY: "),
        (&[], &["--registry", "zoo"], "--registry: "),
        (
            &[],
            &["--registry=zoo", "--registry_address=a:1"],
            "--registry: ",
        ),
    ] {
        let error = configured(false, vars, flags).unwrap_err();
        assert!(error.message().starts_with(named), "{error}");
        assert!(
            error.message().contains("does not exist; there are: "),
            "{error}"
        );
    }
    let builder = Service::builder("greeter").registry("zoo");
    let error = builder.build().unwrap_err();
    assert!(
        error
            .message()
            .starts_with("registry \"zoo\" does not exist"),
        "{error}"
    );
}

#[test]
fn the_name_may_come_from_a_flag() {
    let plan = configured(
        true,
        &[("MICRO_SERVICE_NAME", "a")],
        &["--server_name", "b"],
    )
    .unwrap();
    assert_eq!((&*plan.name, plan.node_id()), ("b", "b-code"));
    let nameless = Service::builder("").registry("memory").build().unwrap_err();
    assert_eq!(nameless.message(), "a service needs a name");
}

#[test]
fn help_and_version_come_back_from_init_from() {
    let help = configured(false, &[], &["--help"]).unwrap_err();
    assert_eq!(help.code(), Code::Cancelled);
    assert!(help.message().contains("--server_address"));
    let version = configured(false, &[], &["-v"]).unwrap_err();
    assert_eq!(version.message(), "greeter version latest");
}

#[test]
fn handles_cross_threads() {
    fn is<T: Send + Sync>() {}
    is::<Service>();
    is::<Running>();
    is::<ServiceBuilder>();
}
