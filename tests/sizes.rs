//! How long messages may be: 4 MiB, each way, on each side, alone or in a stream, unless somebody says otherwise.

use rmicro_runtime::transport::GrpcConfig;
use rmicro_runtime::{Code, Error, Result, Service, registry};
use rmicro_tests::pb::{GreeterService, register_greeter_handler};
use rmicro_tests::{HelloReply, HelloRequest, Rig, Scripted, hello, reply};

const MIB: usize = 1 << 20;

/// A message of `bytes` bytes when it is encoded.
fn text_of(bytes: usize) -> String {
    // One byte of tag and four of length, for what is longer than 2 MiB and shorter than 256.
    "x".repeat(bytes - 5)
}

/// Repeats names, or says as many letters as the name tells.
fn parrot() -> Scripted {
    fn said(request: &HelloRequest) -> HelloReply {
        let wanted: Result<usize, _> = request.name.parse();
        reply(wanted.map_or_else(|_| request.name.len().to_string(), text_of))
    }
    Scripted::default()
        .hello(|_, request| async move { Ok(said(&request)) })
        .hello_many(|_, mut requests| async move {
            let mut last = reply("");
            while let Some(request) = requests.recv().await? {
                last = said(&request);
            }
            Ok(last)
        })
        .hello_often(|_, request, mut replies| async move { replies.send(said(&request)).await })
        .chat(|_, mut requests, mut replies| async move {
            while let Some(request) = requests.recv().await? {
                replies.send(said(&request)).await?;
            }
            Ok(())
        })
}

/// The outcomes of all four kinds of calls with `name`.
async fn all_kinds(greeter: &GreeterService, name: &str) -> [Result<usize>; 4] {
    let length = |reply: HelloReply| reply.message.len();
    let many = async {
        let mut call = greeter.hello_many().await?;
        let sent = call.send(hello(name)).await;
        call.finish().await.and_then(|reply| sent.map(|()| reply))
    };
    let often = async {
        let mut replies = greeter.hello_often(hello(name)).await?;
        replies.recv().await?.ok_or_else(nothing)
    };
    let chat = async {
        let mut chat = greeter.chat().await?;
        let sent = chat.send(hello(name)).await;
        let reply = chat.recv().await?.ok_or_else(nothing)?;
        sent.map(|()| reply)
    };
    [
        greeter.hello(hello(name)).await.map(length),
        many.await.map(length),
        often.await.map(length),
        chat.await.map(length),
    ]
}

fn nothing() -> Error {
    Error::internal("nothing came")
}

fn unlimited() -> GrpcConfig {
    GrpcConfig::default().max_message_size(64 * MIB)
}

fn refused(outcomes: [Result<usize>; 4], text: &str) {
    for (kind, outcome) in outcomes.into_iter().enumerate() {
        let error = outcome.expect_err("it is too long");
        assert_eq!(error.code(), Code::ResourceExhausted, "{kind}: {error:?}");
        assert!(error.message().contains(text), "{kind}: {error:?}");
        assert!(error.message().contains("4194304"), "{kind}: {error:?}");
    }
}

#[tokio::test]
async fn four_mib_pass_both_ways_and_in_every_kind() {
    let default = GrpcConfig::default;
    let rig = Rig::grpc(default(), default(), parrot()).await;
    for outcome in all_kinds(&rig.greeter, &text_of(4 * MIB)).await {
        assert_eq!(outcome.unwrap(), (4 * MIB - 5).to_string().len());
    }
    for outcome in all_kinds(&rig.greeter, &(4 * MIB).to_string()).await {
        assert_eq!(outcome.unwrap(), 4 * MIB - 5);
    }
}

#[tokio::test]
async fn our_client_refuses_to_send_more() {
    let rig = Rig::grpc(unlimited(), GrpcConfig::default(), parrot()).await;
    let outcomes = all_kinds(&rig.greeter, &text_of(4 * MIB + 1)).await;
    refused(outcomes, "4194305 bytes was to be sent");
    assert!(rig.greeter.hello(hello("Ada")).await.is_ok());
}

#[tokio::test]
async fn our_server_refuses_to_take_more() {
    let rig = Rig::grpc(GrpcConfig::default(), unlimited(), parrot()).await;
    let outcomes = all_kinds(&rig.greeter, &text_of(4 * MIB + 1)).await;
    refused(outcomes, "4194305 bytes came");
    assert!(rig.greeter.hello(hello("Ada")).await.is_ok());
}

#[tokio::test]
async fn our_server_refuses_to_send_more() {
    let rig = Rig::grpc(GrpcConfig::default(), unlimited(), parrot()).await;
    let outcomes = all_kinds(&rig.greeter, &(4 * MIB + 1).to_string()).await;
    refused(outcomes, "4194305 bytes was to be sent");
    assert!(rig.greeter.hello(hello("Ada")).await.is_ok());
}

#[tokio::test]
async fn our_client_refuses_to_take_more() {
    let rig = Rig::grpc(unlimited(), GrpcConfig::default(), parrot()).await;
    let outcomes = all_kinds(&rig.greeter, &(4 * MIB + 1).to_string()).await;
    refused(outcomes, "4194305 bytes came");
    assert!(rig.greeter.hello(hello("Ada")).await.is_ok());
}

#[tokio::test]
async fn a_service_says_how_long_its_messages_may_be() {
    let service = Service::builder("greeter")
        .registry(registry::Memory::new())
        .address("127.0.0.1:0")
        .max_message_size(5 * MIB)
        .build()
        .unwrap();
    register_greeter_handler(service.server(), parrot()).unwrap();
    let running = service.start().await.unwrap();
    let greeter = GreeterService::new("greeter", service.client());
    assert!(greeter.hello(hello(&text_of(5 * MIB))).await.is_ok());
    let error = greeter
        .hello(hello(&text_of(5 * MIB + 1)))
        .await
        .unwrap_err();
    assert_eq!(error.code(), Code::ResourceExhausted);
    running.shutdown().await.unwrap();
}

#[tokio::test]
async fn a_limit_for_a_transport_that_has_its_own_is_an_error() {
    let transport = rmicro_runtime::transport::Memory::new();
    let service = Service::builder("greeter")
        .transport(transport)
        .max_message_size(1);
    let error = service.build().unwrap_err();
    assert!(error.message().contains("max_message_size"), "{error}");
}
