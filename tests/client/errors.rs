//! What the errors of every stage of a call say.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use rmicro_runtime::registry::{Node, Registry, ServiceInfo, Watch};
use rmicro_runtime::seam::Seam;
use rmicro_runtime::selector::{Choice, Selector};
use rmicro_runtime::transport::{ClientCall, Grpc, GrpcConfig};
use rmicro_runtime::{
    Answer, Client, ClientInterceptor, ClientNext, ClientOptions, Code, Error, Result,
};
use rmicro_tests::pb::GreeterService;
use rmicro_tests::raw::ADA;
use rmicro_tests::{Scripted, Wire, hello, on_every_wire};

use crate::peer::{GARBAGE, answering};
use crate::raw::{Act, Raw};
use crate::world::{World, named, nowhere};

/// Long enough for what happens before it.
const SOON: Duration = Duration::from_millis(300);
const CALLED: &str = "called greet.v1.Greeter/Hello of \"greeter\"";

/// The error of a call with a short deadline.
async fn error_of(greeter: &GreeterService) -> Error {
    greeter.hello(hello("Ada")).timeout(SOON).await.unwrap_err()
}

fn check(error: &Error, code: Code, message: &str) {
    assert_eq!((error.code(), error.message()), (code, message));
}

/// Answers nothing, or an error.
#[derive(Debug)]
struct Odd(Option<&'static str>);

#[async_trait]
impl Registry for Odd {
    fn name(&self) -> &'static str {
        "odd"
    }

    async fn register(&self, _service: &ServiceInfo, _ttl: Duration) -> Result<()> {
        Ok(())
    }

    async fn deregister(&self, _service: &ServiceInfo) -> Result<()> {
        Ok(())
    }

    async fn get_service(&self, _name: &str) -> Result<Vec<ServiceInfo>> {
        match self.0 {
            Some(text) => Err(Error::unavailable(text)),
            None => std::future::pending().await,
        }
    }

    async fn list_services(&self) -> Result<Vec<ServiceInfo>> {
        Ok(Vec::new())
    }

    async fn watch(&self, _name: &str) -> Result<Watch> {
        match self.0 {
            Some(text) => Err(Error::unavailable(text)),
            None => std::future::pending().await,
        }
    }
}

#[tokio::test]
async fn discovery_names_service_and_registry() {
    let world = World::new(Wire::Grpc);
    let error = error_of(&world.greeter()).await;
    check(
        &error,
        Code::Unavailable,
        "discover: no node for \"greeter\" in registry memory",
    );
    let away = world.greeter_in(Arc::new(Odd(Some("it is away"))), ClientOptions::default());
    let told = "discover: registry odd was asked for \"greeter\": it is away";
    check(&error_of(&away).await, Code::Unavailable, told);
    let hangs = world.greeter_in(Arc::new(Odd(None)), ClientOptions::default());
    let told = format!("discover: the deadline passed; {CALLED} in registry odd");
    check(&error_of(&hangs).await, Code::DeadlineExceeded, &told);
}

/// Likes nobody.
#[derive(Debug)]
struct Picky;

impl Selector for Picky {
    fn select<'a>(&self, _choice: &Choice<'_>, _nodes: &'a [Arc<Node>]) -> Option<&'a Arc<Node>> {
        None
    }
}

#[tokio::test]
async fn selection_names_service_and_registry() {
    let world = World::new(Wire::Grpc);
    let mut node = Node::new("old", "127.0.0.1:9");
    node.metadata.insert("protocol".into(), "mucp".into());
    let service = ServiceInfo::new("greeter", "latest").node(node);
    world
        .registry
        .register(&service, Duration::from_secs(60))
        .await
        .unwrap();
    let told = "select: no node of \"greeter\" in registry memory speaks grpc";
    check(&error_of(&world.greeter()).await, Code::Unavailable, told);
    world.announce("node", "127.0.0.1:9").await;
    let registry = Arc::new(world.registry.clone());
    let options = ClientOptions::default();
    let (seam, transport) = (Seam::default(), world.transport.clone());
    let client = Client::new(seam, registry, Arc::new(Picky), transport, options);
    let told = "select: no node of \"greeter\" in registry memory may be chosen";
    let error = error_of(&GreeterService::new("greeter", &client)).await;
    check(&error, Code::Unavailable, told);
}

#[tokio::test]
async fn dialing_names_node_service_and_registry() {
    let (world, address) = (World::new(Wire::Grpc), nowhere());
    world.announce("dead", &address).await;
    let greeter = world.greeter();
    let told =
        format!("dial: {address} cannot be reached (node dead of \"greeter\" in registry memory)");
    let error = error_of(&greeter).await;
    check(&error, Code::Unavailable, &told);
    assert!(format!("{error:?}").contains("refused"), "{error:?}");
    // While it is left alone the last error is that of every call.
    let error = error_of(&greeter).await;
    check(&error, Code::Unavailable, &told);
    assert!(format!("{error:?}").contains("refused"), "{error:?}");
    assert!(error.is_unprocessed());

    let (world, mute) = (World::new(Wire::Grpc), Raw::listen(Act::Mute).await);
    world.announce("mute", &mute.address).await;
    let told = format!("dial: the deadline passed; {CALLED} at node mute in registry memory");
    check(
        &error_of(&world.greeter()).await,
        Code::DeadlineExceeded,
        &told,
    );
    world.withdraw("mute", &mute.address).await;
    world.announce("odd", "no address").await;
    let error = error_of(&world.greeter()).await;
    let told = "dial: \"no address\" is not host:port (node odd of \"greeter\" in registry memory)";
    check(&error, Code::InvalidArgument, told);
}

#[tokio::test]
async fn sending_names_node_service_and_registry() {
    let (world, full) = (World::new(Wire::Grpc), Raw::listen(Act::Full).await);
    world.announce("full", &full.address).await;
    let told = format!("send: the deadline passed; {CALLED} at node full in registry memory");
    check(
        &error_of(&world.greeter()).await,
        Code::DeadlineExceeded,
        &told,
    );
}

#[tokio::test]
async fn waiting_names_node_service_and_registry() {
    let (world, cut) = (World::new(Wire::Grpc), Raw::listen(Act::Cut).await);
    world.announce("cut", &cut.address).await;
    let error = error_of(&world.greeter()).await;
    assert_eq!(error.code(), Code::Unavailable);
    assert!(
        error.message().starts_with("wait: the connection "),
        "{error}"
    );
    let node = "(node cut of \"greeter\" in registry memory)";
    assert!(error.message().ends_with(node), "{error}");
    let mut often = world.greeter().hello_often(hello("Ada")).await.unwrap();
    let error = often.recv().await.unwrap_err();
    assert!(error.message().ends_with(node), "{error}");

    let (world, wait) = (World::new(Wire::Grpc), Raw::listen(Act::Wait).await);
    world.announce("slow", &wait.address).await;
    let greeter = world.greeter();
    let told = format!("wait: the deadline passed; {CALLED} at node slow in registry memory");
    check(&error_of(&greeter).await, Code::DeadlineExceeded, &told);
    let mut often = greeter
        .hello_often(hello("Ada"))
        .timeout(SOON)
        .await
        .unwrap();
    let told = told.replace("/Hello ", "/HelloOften ");
    let error = often.recv().await.unwrap_err();
    check(&error, Code::DeadlineExceeded, &told);
    let mut chat = greeter.chat().timeout(SOON).await.unwrap();
    let long = "long ".repeat(10_000);
    let error = loop {
        if let Err(error) = chat.send(hello(&long)).await {
            break error;
        }
    };
    let told = format!(
        "send: the deadline passed, and recv has the status; {CALLED} at node slow in registry memory"
    );
    let told = told.replace("/Hello ", "/Chat ");
    check(&error, Code::DeadlineExceeded, &told);
}

/// What one call of each kind fails with.
async fn errors_of(greeter: &GreeterService) -> [(&'static str, Error); 4] {
    let mut often = greeter.hello_often(hello("Ada")).await.unwrap();
    let many = greeter.hello_many().await.unwrap();
    let mut chat = greeter.chat().await.unwrap();
    [
        ("Hello", greeter.hello(hello("Ada")).await.unwrap_err()),
        ("HelloOften", often.recv().await.unwrap_err()),
        ("HelloMany", many.finish().await.unwrap_err()),
        ("Chat", chat.recv().await.unwrap_err()),
    ]
}

#[tokio::test]
async fn a_reply_that_cannot_be_decoded_is_the_fault_of_its_node() {
    let (world, odd) = (World::new(Wire::Grpc), answering(GARBAGE).await);
    world.announce("odd", &odd.address).await;
    for (method, error) in errors_of(&world.greeter()).await {
        assert_eq!(error.code(), Code::Internal, "{error:?}");
        let told = "wait: a message cannot be decoded as protobuf: ";
        assert!(error.message().starts_with(told), "{error}");
        let called = format!(
            "; called greet.v1.Greeter/{method} of \"greeter\" at node odd in registry memory"
        );
        assert!(error.message().ends_with(&called), "{error}");
        assert!(!error.is_answer());
    }
}

#[tokio::test]
async fn too_few_and_too_many_replies_are_the_fault_of_their_node() {
    for (data, unary, many) in [
        (
            &[][..],
            "the peer ended the call without its only message",
            "the server ended the call without its reply",
        ),
        (
            [ADA, ADA].concat().leak(),
            "the peer sent a second message where the method has one",
            "the server sent a second reply where the method has one",
        ),
    ] {
        let (world, odd) = (World::new(Wire::Grpc), answering(data).await);
        world.announce("odd", &odd.address).await;
        let greeter = world.greeter();
        let told = format!("wait: {unary} (node odd of \"greeter\" in registry memory)");
        check(&error_of(&greeter).await, Code::Internal, &told);
        let error = greeter
            .hello_many()
            .await
            .unwrap()
            .finish()
            .await
            .unwrap_err();
        let told = format!(
            "wait: {many}; called greet.v1.Greeter/HelloMany of \"greeter\" at node odd in registry memory"
        );
        check(&error, Code::Internal, &told);
    }
}

#[tokio::test]
async fn what_our_own_side_does_not_send_is_an_error_of_sending() {
    let mut world = World::new(Wire::Grpc);
    let node = world.serve(Scripted::default()).await;
    world.announce("node", node.address()).await;
    let config = GrpcConfig::default().max_send_size(10);
    world.transport = Arc::new(Grpc::new(Seam::default()).config(config));
    let greeter = world.greeter();
    let node = "(node node of \"greeter\" in registry memory)";
    let long = || hello("a name that is too long");
    let told = format!("send: a message of 25 bytes was to be sent, the limit is 10 {node}");
    let unary = greeter.hello(long()).await.unwrap_err();
    let often = greeter.hello_often(long()).await.unwrap().recv().await;
    let mut many = greeter.hello_many().await.unwrap();
    many.send(long()).await.unwrap();
    let many = many.finish().await;
    for error in [unary, often.unwrap_err(), many.unwrap_err()] {
        check(&error, Code::ResourceExhausted, &told);
    }
    let heavy = "x".repeat(20_000);
    let unary = greeter.hello(hello("Ada")).metadata("heavy", &heavy).await;
    let mut chat = greeter.chat().metadata("heavy", &heavy).await.unwrap();
    for error in [unary.unwrap_err(), chat.recv().await.unwrap_err()] {
        assert_eq!(error.code(), Code::ResourceExhausted, "{error:?}");
        assert!(error.message().starts_with("send: "), "{error}");
        assert!(error.message().ends_with(node), "{error}");
    }
}

#[tokio::test]
async fn metadata_that_is_refused_names_the_call_that_it_was_for() {
    let world = World::new(Wire::Grpc);
    let greeter = world.greeter();
    for (name, text) in [
        (
            "grpc-x",
            "metadata name \"grpc-x\" is reserved by the protocol",
        ),
        ("no name", "metadata name \"no name\" is not"),
    ] {
        let unary = greeter.hello(hello("Ada")).metadata(name, "v").await;
        let chat = greeter.chat().metadata(name, "v").await;
        for (method, error) in [("Hello", unary.unwrap_err()), ("Chat", chat.unwrap_err())] {
            assert_eq!(error.code(), Code::InvalidArgument, "{error:?}");
            let told = format!("send: {text}");
            assert!(error.message().starts_with(&told), "{error}");
            let called =
                format!("; called greet.v1.Greeter/{method} of \"greeter\" in registry memory");
            assert!(error.message().ends_with(&called), "{error}");
        }
    }
}

#[tokio::test]
async fn a_stream_that_went_to_another_node_names_that_one() {
    let (world, raw) = (World::new(Wire::Grpc), Raw::listen(Act::Refuse).await);
    let slow = Raw::listen(Act::Wait).await;
    world.announce("bad", &raw.address).await;
    world.announce("slow", &slow.address).await;
    let greeter = world.greeter();
    for _ in 0..2 {
        let call = greeter.hello_often(hello("Ada")).timeout(SOON);
        let error = call.await.unwrap().recv().await.unwrap_err();
        assert_eq!(error.code(), Code::DeadlineExceeded, "{error:?}");
        assert!(error.message().contains(" at node slow "), "{error}");
    }
    assert!(raw.requests() > 0, "no call went to the bad one first");
}

on_every_wire! {
    async fn the_word_of_a_handler_stays_as_it_is_and_has_the_service_that_raised_it(wire: Wire) {
        let world = World::new(wire);
        let handler = Scripted::default()
            .hello(|_, _| async { Err(Error::not_found("no Ada here")) })
            .hello_often(|_, _, _| async { Err(Error::not_found("no Ada here")) })
            .chat(|_, _, _| async { Err(Error::aborted("by another").service("deeper")) });
        let node = world.serve(handler).await;
        world.announce("node", node.address()).await;
        let greeter = world.greeter();
        let error = greeter.hello(hello("Ada")).await.unwrap_err();
        check(&error, Code::NotFound, "no Ada here");
        assert_eq!(error.service_id(), Some("greeter"));
        assert!(error.is_answer());
        let mut often = greeter.hello_often(hello("Ada")).await.unwrap();
        let error = often.recv().await.unwrap_err();
        check(&error, Code::NotFound, "no Ada here");
        assert_eq!(error.service_id(), Some("greeter"));
        let error = greeter.chat().await.unwrap().recv().await.unwrap_err();
        assert!(error.message().contains("by another"), "{error}");
        assert!(error.service_id().is_some());
        let error = greeter.hello_many().await.unwrap().finish().await.unwrap_err();
        assert_eq!((error.code(), error.is_answer()), (Code::Unimplemented, true));
    }
}

/// Runs the call, and then thinks about it.
struct Thinking;

#[async_trait]
impl ClientInterceptor for Thinking {
    async fn intercept(&self, call: ClientCall, next: ClientNext<'_>) -> Result<Answer> {
        let _answer = next.run(call).await?;
        std::future::pending().await
    }
}

#[tokio::test]
async fn an_interceptor_that_takes_too_long_is_a_stage_of_its_own() {
    let world = World::new(Wire::Grpc);
    let (handler, _) = named("node");
    let node = world.serve(handler).await;
    world.announce("node", node.address()).await;
    let mut options = ClientOptions::default();
    options.interceptors.push(Arc::new(Thinking));
    let told = format!("intercept: the deadline passed; {CALLED} at node node in registry memory");
    let error = error_of(&world.greeter_with(options)).await;
    check(&error, Code::DeadlineExceeded, &told);
}
