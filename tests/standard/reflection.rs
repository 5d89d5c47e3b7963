//! `grpc.reflection.v1` and `grpc.reflection.v1alpha`.

use async_trait::async_trait;
use prost::Message as _;
use rmicro_runtime::standard::reflection::v1::server_reflection_request::MessageRequest;
use rmicro_runtime::standard::reflection::v1::server_reflection_response::MessageResponse;
use rmicro_runtime::standard::reflection::v1::{
    ExtensionRequest, ServerReflectionRequest, ServerReflectionResponse, ServerReflectionService,
};
use rmicro_runtime::standard::reflection::v1alpha;
use rmicro_runtime::types::FileDescriptorProto;
use rmicro_runtime::{
    BidiStream, Code, Error, Result, ServerCall, ServerInterceptor, ServerNext, ServiceBuilder,
};

use crate::{Pair, WIRES, code, soon};

type Stream = BidiStream<ServerReflectionRequest, ServerReflectionResponse>;

async fn v1(pair: &Pair) -> Stream {
    let service = ServerReflectionService::new("greeter", pair.client());
    service.server_reflection_info().await.unwrap()
}

async fn v1alpha(pair: &Pair) -> Stream {
    let service = v1alpha::ServerReflectionService::new("greeter", pair.client());
    service.server_reflection_info().await.unwrap()
}

/// Asks, and checks that the question comes back with the answer.
async fn ask(stream: &mut Stream, asked: MessageRequest) -> MessageResponse {
    let request = ServerReflectionRequest {
        host: "localhost".into(),
        message_request: Some(asked),
    };
    stream.send(request.clone()).await.unwrap();
    let response = soon(stream.recv()).await.unwrap().expect("an answer each");
    assert_eq!(response.valid_host, "localhost");
    assert_eq!(response.original_request, Some(request));
    response
        .message_response
        .expect("an answer holds something")
}

async fn files(stream: &mut Stream, asked: MessageRequest) -> Vec<FileDescriptorProto> {
    match ask(stream, asked).await {
        MessageResponse::FileDescriptorResponse(files) => {
            let files = files.file_descriptor_proto.into_iter();
            files
                .map(|file| FileDescriptorProto::decode(file).unwrap())
                .collect()
        }
        other => panic!("{other:?}"),
    }
}

async fn services(stream: &mut Stream) -> Vec<String> {
    match ask(stream, MessageRequest::ListServices("*".into())).await {
        MessageResponse::ListServicesResponse(list) => list
            .service
            .into_iter()
            .map(|service| service.name)
            .collect(),
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn both_versions_list_every_service() {
    let expected = [
        "Debug",
        "greet.v1.Greeter",
        "grpc.health.v1.Health",
        "grpc.reflection.v1.ServerReflection",
        "grpc.reflection.v1alpha.ServerReflection",
    ];
    for wire in WIRES {
        let pair = Pair::new(wire, |builder| builder).await;
        assert_eq!(services(&mut v1(&pair).await).await, expected);
        assert_eq!(services(&mut v1alpha(&pair).await).await, expected);
    }
}

#[tokio::test]
async fn what_is_off_is_not_listed() {
    let describe = |builder: ServiceBuilder| builder.health(false).debug(false);
    let pair = Pair::new("memory", describe).await;
    let listed = services(&mut v1(&pair).await).await;
    assert_eq!(listed.len(), 3, "{listed:?}");
}

#[tokio::test]
async fn a_file_is_found_by_its_name_and_by_what_it_declares() {
    for wire in WIRES {
        let pair = Pair::new(wire, |builder| builder).await;
        for mut stream in [v1(&pair).await, v1alpha(&pair).await] {
            let by_name = MessageRequest::FileByFilename("greet/v1/greeter.proto".into());
            let by_name = files(&mut stream, by_name).await;
            assert_eq!(by_name[0].name(), "greet/v1/greeter.proto");
            assert_eq!(by_name[0].service[0].method.len(), 4);
            for symbol in [
                "greet.v1.Greeter",
                "greet.v1.Greeter.Hello",
                "greet.v1.HelloRequest",
                "greet.v1.HelloRequest.name",
            ] {
                let asked = MessageRequest::FileContainingSymbol(symbol.into());
                assert_eq!(files(&mut stream, asked).await, by_name, "{symbol}");
            }
        }
    }
}

#[tokio::test]
async fn a_service_is_found_by_its_short_name_and_nothing_is_sent_twice() {
    let pair = Pair::new("memory", |builder| builder).await;
    let mut stream = v1(&pair).await;
    let short = || MessageRequest::FileContainingSymbol("Greeter".into());
    let found = files(&mut stream, short()).await;
    let names = found
        .iter()
        .map(|file| (file.package(), file.service[0].name()));
    assert_eq!(
        names.collect::<Vec<_>>(),
        [("", "Greeter"), ("greet.v1", "Greeter")]
    );
    assert_eq!(found[0].service[0].method, found[1].service[0].method);
    assert_eq!(files(&mut stream, short()).await, found[..1]);
}

#[tokio::test]
async fn the_standard_services_describe_themselves() {
    let pair = Pair::new("memory", |builder| builder).await;
    let mut stream = v1(&pair).await;
    for service in services(&mut stream).await {
        let asked = MessageRequest::FileContainingSymbol(service.clone());
        let files = files(&mut stream, asked).await;
        let (package, name) = service.rsplit_once('.').unwrap_or(("", &service));
        assert_eq!(
            (files[0].package(), files[0].service[0].name()),
            (package, name)
        );
    }
}

/// Asks for what is not there.
async fn refused(stream: &mut Stream, asked: MessageRequest) -> String {
    let MessageResponse::ErrorResponse(error) = ask(stream, asked).await else {
        panic!("there is an answer");
    };
    assert_eq!(error.error_code, Code::NotFound as i32);
    error.error_message
}

#[tokio::test]
async fn what_is_not_known_is_an_answer_and_the_stream_goes_on() {
    let extension = ExtensionRequest {
        containing_type: "greet.v1.HelloRequest".into(),
        extension_number: 5,
    };
    let unknown = [
        (
            MessageRequest::FileByFilename("a.proto".into()),
            "file \"a.proto\"",
        ),
        (
            MessageRequest::FileContainingSymbol("a.B".into()),
            "symbol \"a.B\"",
        ),
        (
            MessageRequest::FileContainingExtension(extension),
            "extension 5 of \"greet.v1.HelloRequest\"",
        ),
        (
            MessageRequest::AllExtensionNumbersOfType("greet.v1.Greeter".into()),
            "message \"greet.v1.Greeter\"",
        ),
    ];
    for wire in WIRES {
        let pair = Pair::new(wire, |builder| builder).await;
        let mut stream = v1(&pair).await;
        for (asked, what) in &unknown {
            let told = refused(&mut stream, asked.clone()).await;
            assert_eq!(told, format!("there is no {what} here"));
        }
        stream.close_send();
        assert_eq!(soon(stream.recv()).await.unwrap(), None);
    }
}

#[tokio::test]
async fn a_message_without_extensions_is_known_to_have_none() {
    let pair = Pair::new("memory", |builder| builder).await;
    let asked = MessageRequest::AllExtensionNumbersOfType("greet.v1.HelloRequest".into());
    let answer = ask(&mut v1(&pair).await, asked).await;
    let MessageResponse::AllExtensionNumbersResponse(none) = answer else {
        panic!("{answer:?}");
    };
    assert_eq!(none.base_type_name, "greet.v1.HelloRequest");
    assert!(none.extension_number.is_empty());
}

#[tokio::test]
async fn a_request_that_asks_nothing_is_refused_in_its_answer() {
    let pair = Pair::new("memory", |builder| builder).await;
    let mut stream = v1(&pair).await;
    stream
        .send(ServerReflectionRequest::default())
        .await
        .unwrap();
    let response = stream.recv().await.unwrap().unwrap();
    let Some(MessageResponse::ErrorResponse(error)) = response.message_response else {
        panic!("{response:?}");
    };
    assert_eq!(error.error_code, Code::InvalidArgument as i32);
}

#[tokio::test]
async fn a_stream_that_nobody_ends_does_not_hold_up_the_shutdown() {
    for wire in WIRES {
        let pair = Pair::new(wire, |builder| builder).await;
        let mut stream = v1(&pair).await;
        services(&mut stream).await;
        soon(pair.running.shutdown()).await.unwrap();
        assert_eq!(code(soon(stream.recv()).await), Code::Unavailable);
    }
}

#[tokio::test]
async fn without_reflection_nobody_answers() {
    for wire in WIRES {
        let pair = Pair::new(wire, |builder| builder.reflection(false)).await;
        for mut stream in [v1(&pair).await, v1alpha(&pair).await] {
            assert_eq!(code(soon(stream.recv()).await), Code::Unimplemented);
        }
    }
}

/// Lets nobody in.
struct Closed;

#[async_trait]
impl ServerInterceptor for Closed {
    async fn intercept(&self, _: ServerCall, _: ServerNext<'_>) -> Result<()> {
        Err(Error::permission_denied("closed"))
    }
}

#[tokio::test]
async fn the_interceptors_of_a_service_guard_its_reflection() {
    let pair = Pair::new("grpc", |builder| builder.server_interceptor(Closed)).await;
    let mut stream = v1(&pair).await;
    assert_eq!(code(soon(stream.recv()).await), Code::PermissionDenied);
}
