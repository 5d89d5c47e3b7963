//! Code around calls, on both sides, and what a handler passes on to the calls that it makes.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use rmicro_runtime::registry::Memory as Registry;
use rmicro_runtime::transport::{ClientCall, Memory as Transport};
use rmicro_runtime::{
    Answer, ClientInterceptor, ClientNext, Code, Error, Result, ServerCall, ServerInterceptor,
    ServerNext, Service,
};
use rmicro_tests::pb::{GreeterService, register_greeter_handler};
use rmicro_tests::{Scripted, hello, reply};

/// What the interceptors of a test wrote down, in order.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<String>>>);

impl Log {
    fn note(&self, line: impl Into<String>) {
        self.0.lock().unwrap().push(line.into());
    }

    fn take(&self) -> Vec<String> {
        std::mem::take(&mut *self.0.lock().unwrap())
    }

    fn lines(&self) -> Vec<String> {
        self.0.lock().unwrap().clone()
    }
}

/// Writes down when it is passed, on either side.
struct Noting(&'static str, Log);

#[async_trait]
impl ServerInterceptor for Noting {
    async fn intercept(&self, call: ServerCall, next: ServerNext<'_>) -> Result<()> {
        self.1
            .note(format!("{} in {}", self.0, call.context().endpoint()));
        let outcome = next.run(call).await;
        let told = outcome.as_ref().map_or_else(Error::code, |()| Code::Ok);
        self.1.note(format!("{} out {told}", self.0));
        outcome
    }
}

#[async_trait]
impl ClientInterceptor for Noting {
    async fn intercept(&self, call: ClientCall, next: ClientNext<'_>) -> Result<Answer> {
        self.1.note(format!("{} in {}", self.0, call.head.endpoint));
        let outcome = next.run(call).await;
        let told = outcome.as_ref().map_or_else(Error::code, |_| Code::Ok);
        self.1.note(format!("{} out {told}", self.0));
        outcome
    }
}

/// Lets only callers in that say who they are, and tells the handler.
struct Door;

#[derive(Clone)]
struct Caller(String);

#[async_trait]
impl ServerInterceptor for Door {
    async fn intercept(&self, call: ServerCall, next: ServerNext<'_>) -> Result<()> {
        let context = call.context();
        let Some(name) = context.metadata().get("from") else {
            return Err(Error::unauthenticated("say who you are"));
        };
        context.set(Caller(name.to_owned()));
        context.trailers().insert("door", "passed")?;
        next.run(call).await
    }
}

struct SayWho(&'static str);

#[async_trait]
impl ClientInterceptor for SayWho {
    async fn intercept(&self, mut call: ClientCall, next: ClientNext<'_>) -> Result<Answer> {
        call.head.metadata.insert("from", self.0)?;
        next.run(call).await
    }
}

/// Answers by itself.
struct Cached;

#[async_trait]
impl ClientInterceptor for Cached {
    async fn intercept(&self, _call: ClientCall, _next: ClientNext<'_>) -> Result<Answer> {
        Err(Error::unavailable("answered without a call"))
    }
}

fn greeting() -> Scripted {
    Scripted::default()
        .hello(|ctx, _| async move {
            let Caller(name) = ctx.get().unwrap_or(Caller("nobody".into()));
            Ok(reply(name))
        })
        .hello_often(|ctx, _, mut replies| async move {
            let Caller(name) = ctx.get().unwrap_or(Caller("nobody".into()));
            replies.send(reply(name)).await
        })
}

/// A service and a client in one process, each built as `add` says.
async fn pair(
    greeter: Scripted,
    serve: impl FnOnce(rmicro_runtime::ServiceBuilder) -> rmicro_runtime::ServiceBuilder,
    call: impl FnOnce(rmicro_runtime::ServiceBuilder) -> rmicro_runtime::ServiceBuilder,
) -> (rmicro_runtime::Running, GreeterService) {
    let (registry, transport) = (Registry::new(), Transport::new());
    let build = |name: &str| {
        let builder = Service::builder(name).registry(registry.clone());
        builder.transport(transport.clone())
    };
    let server = serve(build("greeter")).build().unwrap();
    register_greeter_handler(server.server(), greeter).unwrap();
    let running = server.start().await.unwrap();
    let client = call(build("caller")).build().unwrap();
    let greeter = GreeterService::new("greeter", client.client());
    (running, greeter)
}

#[tokio::test]
async fn the_first_interceptor_is_the_outermost_on_both_sides() {
    let log = Log::default();
    let noting = |name| Noting(name, log.clone());
    let (_running, greeter) = pair(
        greeting(),
        |b| {
            b.server_interceptor(noting("s1"))
                .server_interceptor(noting("s2"))
        },
        |b| {
            b.client_interceptor(noting("c1"))
                .client_interceptor(noting("c2"))
        },
    )
    .await;
    greeter.hello(hello("Ada")).await.unwrap();
    let expected = [
        "c1 in Hello",
        "c2 in Hello",
        "s1 in Hello",
        "s2 in Hello",
        "s2 out OK",
        "s1 out OK",
        "c2 out OK",
        "c1 out OK",
    ];
    assert_eq!(log.lines(), expected);
}

/// Answers by all four kinds; whoever is called "nobody" is refused.
fn answering() -> Scripted {
    let known = |name: &str| match name {
        "nobody" => Err(Error::not_found("nobody")),
        name => Ok(reply(name)),
    };
    Scripted::default()
        .hello(move |_, request| async move { known(&request.name) })
        .hello_many(move |_, mut requests| async move {
            let mut last = String::new();
            while let Some(request) = requests.recv().await? {
                last = request.name;
            }
            known(&last)
        })
        .hello_often(move |_, request, mut replies| async move {
            replies.send(reply("first")).await?;
            replies.send(known(&request.name)?).await
        })
        .chat(move |_, mut requests, mut replies| async move {
            while let Some(request) = requests.recv().await? {
                replies.send(known(&request.name)?).await?;
            }
            Ok(())
        })
}

/// Calls a method as `name` and reads to the end.
async fn call(greeter: &GreeterService, endpoint: &str, name: &str) -> Result<()> {
    match endpoint {
        "Hello" => greeter.hello(hello(name)).await.map(drop),
        "HelloMany" => {
            let mut many = greeter.hello_many().await?;
            many.send(hello(name)).await?;
            many.finish().await.map(drop)
        }
        "HelloOften" => {
            let mut often = greeter.hello_often(hello(name)).await?;
            while often.recv().await?.is_some() {}
            Ok(())
        }
        _ => {
            let mut chat = greeter.chat().await?;
            chat.send(hello(name)).await?;
            chat.close_send();
            while chat.recv().await?.is_some() {}
            Ok(())
        }
    }
}

/// A service over `transport` with two interceptors on each side.
fn noting_service(transport: &str, ours: &Log, theirs: &Log) -> Service {
    let address = match transport {
        "memory" => ":0",
        _ => "127.0.0.1:0",
    };
    let service = Service::builder("greeter")
        .registry(Registry::new())
        .transport(transport)
        .address(address)
        .server_interceptor(Noting("s1", theirs.clone()))
        .server_interceptor(Noting("s2", theirs.clone()))
        .client_interceptor(Noting("c1", ours.clone()))
        .client_interceptor(Noting("c2", ours.clone()))
        .build()
        .unwrap();
    register_greeter_handler(service.server(), answering()).unwrap();
    service
}

#[tokio::test]
async fn the_order_is_the_same_for_every_kind_on_every_transport() {
    for transport in ["memory", "grpc"] {
        let (ours, theirs) = (Log::default(), Log::default());
        let service = noting_service(transport, &ours, &theirs);
        let _running = service.start().await.unwrap();
        let greeter = GreeterService::new("greeter", service.client());
        for endpoint in ["Hello", "HelloMany", "HelloOften", "Chat"] {
            for (name, code) in [("Ada", Code::Ok), ("nobody", Code::NotFound)] {
                let ended = call(&greeter, endpoint, name).await;
                assert_eq!(ended.map_or_else(|error| error.code(), |()| Code::Ok), code);
                // A client's interceptor sees a stream begin; how it ends is read by whoever called.
                let seen = if endpoint == "Hello" { code } else { Code::Ok };
                let passed = |first: &str, second: &str, code: Code| {
                    [
                        format!("{first} in {endpoint}"),
                        format!("{second} in {endpoint}"),
                        format!("{second} out {code}"),
                        format!("{first} out {code}"),
                    ]
                };
                assert_eq!(ours.take(), passed("c1", "c2", seen), "{transport} {name}");
                assert_eq!(
                    theirs.take(),
                    passed("s1", "s2", code),
                    "{transport} {name}"
                );
            }
        }
    }
}

#[tokio::test]
async fn interceptors_see_streams_and_failures() {
    let log = Log::default();
    let noting = Noting("s", log.clone());
    let (_running, greeter) = pair(greeting(), |b| b.server_interceptor(noting), |b| b).await;
    let mut often = greeter.hello_often(hello("Ada")).await.unwrap();
    while often.recv().await.unwrap().is_some() {}
    let many = greeter.hello_many().await.unwrap();
    assert_eq!(many.finish().await.unwrap_err().code(), Code::Unimplemented);
    let expected = [
        "s in HelloOften",
        "s out OK",
        "s in HelloMany",
        "s out UNIMPLEMENTED",
    ];
    assert_eq!(log.lines(), expected);
}

#[tokio::test]
async fn an_interceptor_may_refuse_and_may_tell_the_handler() {
    let (_running, greeter) = pair(greeting(), |b| b.server_interceptor(Door), |b| b).await;
    let error = greeter.hello(hello("Ada")).await.unwrap_err();
    assert_eq!(
        (error.code(), error.message()),
        (Code::Unauthenticated, "say who you are")
    );
    let whole = greeter
        .hello(hello("Ada"))
        .metadata("from", "Grace")
        .send()
        .await
        .unwrap();
    assert_eq!(whole.message.message, "Grace");
    assert_eq!(whole.trailers.get("door"), Some("passed"));
}

#[tokio::test]
async fn an_interceptor_of_a_client_adds_to_every_kind_of_call() {
    let door = |b: rmicro_runtime::ServiceBuilder| b.server_interceptor(Door);
    let (_running, greeter) = pair(greeting(), door, |b| b.client_interceptor(SayWho("Ada"))).await;
    assert_eq!(greeter.hello(hello("x")).await.unwrap().message, "Ada");
    let mut often = greeter.hello_often(hello("x")).await.unwrap();
    assert_eq!(often.recv().await.unwrap().unwrap().message, "Ada");
}

#[tokio::test]
async fn an_interceptor_of_a_client_may_answer_alone() {
    let (_running, greeter) = pair(greeting(), |b| b, |b| b.client_interceptor(Cached)).await;
    let error = greeter.hello(hello("x")).await.unwrap_err();
    assert_eq!(error.message(), "answered without a call");
}

#[tokio::test]
async fn an_interceptor_that_is_added_after_the_start_is_an_error() {
    let service = Service::builder("greeter")
        .registry(Registry::new())
        .transport("memory");
    let service = service.build().unwrap();
    let _running = service.start().await.unwrap();
    let error = service.server().intercept(Door).unwrap_err();
    assert_eq!(error.code(), Code::FailedPrecondition);
}

#[tokio::test]
async fn a_call_inside_a_handler_has_the_handlers_deadline() {
    let back = Scripted::default().hello(|ctx, _| async move {
        let left = ctx.time_left().unwrap_or(Duration::MAX);
        Ok(reply(left.as_secs().to_string()))
    });
    let (_running, inner) = pair(back, |b| b, |b| b).await;
    let front = Scripted::default().hello(move |_, request| {
        let inner = inner.clone();
        async move { inner.hello(request).await }
    });
    let (_front, outer) = pair(front, |b| b, |b| b).await;
    let call = outer.hello(hello("Ada")).timeout(Duration::from_secs(8));
    assert_eq!(
        call.await.unwrap().message,
        "7",
        "the client's own 30 s would leave more"
    );
}
