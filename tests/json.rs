//! Calls in JSON: by the client's choice and by one call's, all four kinds, with what may go wrong.

use std::sync::{Arc, Mutex};

use rmicro_runtime::call::BoxFuture;
use rmicro_runtime::codec::Json;
use rmicro_runtime::transport::{Compression, GrpcConfig};
use rmicro_runtime::{
    ClientOptions, Code, Codecs, Descriptor, Incoming, Method, Result, Server, ServerCall,
    ServerInterceptor, ServerNext,
};
use rmicro_tests::pb::{
    GREET_V1_GREETER_PROTO, GreeterHandler, GreeterService, register_greeter_handler,
};
use rmicro_tests::raw::{Answer, post, send};
use rmicro_tests::{HelloReply, Rig, Scripted, Wire, hello, on_every_wire, reply};

const HELLO: &str = "/greet.v1.Greeter/Hello";

/// Repeats names, by all four kinds.
fn parrot() -> Scripted {
    Scripted::default()
        .hello(|_, request| async move { Ok(reply(request.name)) })
        .hello_many(|_, mut requests| async move {
            let mut all = String::new();
            while let Some(request) = requests.recv().await? {
                all += &request.name;
            }
            Ok(reply(all))
        })
        .hello_often(|_, request, mut replies| async move {
            replies.send(reply(request.name.clone())).await?;
            replies.send(reply(request.name)).await
        })
        .chat(|_, mut requests, mut replies| async move {
            while let Some(request) = requests.recv().await? {
                replies.send(reply(request.name)).await?;
            }
            Ok(())
        })
}

/// Keeps the codec of every call.
#[derive(Clone, Default)]
struct Codec(Arc<Mutex<Vec<String>>>);

impl Codec {
    fn taken(&self) -> Vec<String> {
        std::mem::take(&mut self.0.lock().unwrap())
    }
}

#[async_trait::async_trait]
impl ServerInterceptor for Codec {
    async fn intercept(&self, call: ServerCall, next: ServerNext<'_>) -> Result<()> {
        let codec = call.state.head().codec.to_string();
        self.0.lock().unwrap().push(codec);
        next.run(call).await
    }
}

async fn serving(wire: Wire) -> (Rig, Codec) {
    let (server, codec) = (Server::new(), Codec::default());
    register_greeter_handler(&server, parrot()).unwrap();
    server.intercept(codec.clone()).unwrap();
    (Rig::serving(wire, server).await, codec)
}

/// A stub whose calls are in `codec`.
fn calling(rig: &Rig, codec: &str) -> GreeterService {
    let mut options = ClientOptions::default();
    options.codec = codec.into();
    GreeterService::new("greeter", &rig.client_with(options))
}

on_every_wire! {
    async fn all_kinds_are_in_the_codec_of_the_client(wire: Wire) {
        let (rig, codec) = serving(wire).await;
        let greeter = calling(&rig, "json");
        assert_eq!(greeter.hello(hello("Ada \"é\"")).await.unwrap().message, "Ada \"é\"");
        let mut many = greeter.hello_many().await.unwrap();
        for letter in ["A", "d", "a"] {
            many.send(hello(letter)).await.unwrap();
        }
        assert_eq!(many.finish().await.unwrap().message, "Ada");
        let mut often = greeter.hello_often(hello("Bea")).await.unwrap();
        assert_eq!(often.recv().await.unwrap().unwrap().message, "Bea");
        assert_eq!(often.recv().await.unwrap().unwrap().message, "Bea");
        assert!(often.recv().await.unwrap().is_none());
        let mut chat = greeter.chat().await.unwrap();
        for name in ["Cleo", ""] {
            chat.send(hello(name)).await.unwrap();
            assert_eq!(chat.recv().await.unwrap().unwrap().message, name);
        }
        chat.close_send();
        assert!(chat.recv().await.unwrap().is_none());
        assert_eq!(codec.taken(), ["json"; 4]);
    }

    async fn one_call_chooses_another_codec_than_its_client(wire: Wire) {
        let (rig, codec) = serving(wire).await;
        for (usual, other) in [("proto", "json"), ("json", "proto")] {
            let greeter = calling(&rig, usual);
            let said = greeter.hello(hello("Ada")).codec(other).await.unwrap();
            assert_eq!(said.message, "Ada");
            let mut often = greeter.hello_often(hello("Bea")).codec(other).await.unwrap();
            assert_eq!(often.recv().await.unwrap().unwrap().message, "Bea");
            let mut chat = greeter.chat().codec(other).await.unwrap();
            chat.send(hello("Cleo")).await.unwrap();
            assert_eq!(chat.recv().await.unwrap().unwrap().message, "Cleo");
            let mut many = greeter.hello_many().codec(other).await.unwrap();
            many.send(hello("Dora")).await.unwrap();
            assert_eq!(many.finish().await.unwrap().message, "Dora");
            assert_eq!(codec.taken(), [other; 4]);
            greeter.hello(hello("Ada")).codec(other).codec(usual).await.unwrap();
            assert_eq!(codec.taken(), [usual]);
        }
    }

    async fn a_codec_that_is_not_known_is_the_calls_error(wire: Wire) {
        let (rig, codec) = serving(wire).await;
        let told = "the codec \"yaml\" is not known here; known are: proto, json";
        let greeter = calling(&rig, "yaml");
        let told = |method| {
            format!("send: {told}; called greet.v1.Greeter/{method} of \"greeter\" in registry memory")
        };
        let error = greeter.hello(hello("Ada")).await.unwrap_err();
        assert_eq!((error.code(), error.message()), (Code::Unimplemented, &*told("Hello")));
        let error = rig.greeter.chat().codec("yaml").await.unwrap_err();
        assert_eq!((error.code(), error.message()), (Code::Unimplemented, &*told("Chat")));
        assert!(codec.taken().is_empty());
        // Another choice makes it good.
        greeter.hello(hello("Ada")).codec("json").await.unwrap();
    }

    async fn a_method_without_json_says_so_on_both_sides(wire: Wire) {
        let server = Server::new();
        server.handle(&WITHOUT_JSON, parrot(), dispatch).unwrap();
        let rig = Rig::serving(wire, server).await;
        let told = "method Hello of service greet.v1.Greeter has no JSON: call it with the codec proto, or generate its \
                    code again without json=false";
        // The caller has JSON, and the server has not.
        let error = rig.greeter.hello(hello("Ada")).codec("json").await.unwrap_err();
        assert_eq!((error.code(), error.message()), (Code::Unimplemented, told));
        assert!(error.is_answer());
        let without = rig.client.stub("greeter", &WITHOUT_JSON);
        let call = without.unary::<_, HelloReply>("Hello", hello("Ada"));
        let error = call.codec("json").await.unwrap_err();
        let told = format!("send: {told}; called greet.v1.Greeter/Hello of \"greeter\" in registry memory");
        assert_eq!((error.code(), error.message()), (Code::Unimplemented, &*told));
        assert!(!error.is_answer());
        let mut options = ClientOptions::default();
        options.codec = "json".into();
        let without = rig.client_with(options).stub("greeter", &WITHOUT_JSON);
        let call = without.unary::<_, HelloReply>("Hello", hello("Ada"));
        assert_eq!(call.codec("proto").await.unwrap().message, "Ada");
    }
}

/// The Greeter as it is generated with `json=false`.
static WITHOUT_JSON: Descriptor = Descriptor::new(
    "greet.v1.Greeter",
    &[Method::unary("Hello")],
    &GREET_V1_GREETER_PROTO,
);

fn dispatch(handler: &Scripted, call: Incoming) -> BoxFuture<'_, Result<()>> {
    match call.method() {
        "Hello" => call.unary(handler, <Scripted as GreeterHandler>::hello),
        _ => call.unimplemented(),
    }
}

/// What the server answers to the message `json`, said to be of `content_type`.
async fn ask(rig: &Rig, content_type: &'static str, json: &[u8]) -> Answer {
    let mut request = post(rig, HELLO);
    request
        .headers_mut()
        .insert("content-type", content_type.parse().unwrap());
    let mut frame = vec![0];
    frame.extend_from_slice(&(json.len() as u32).to_be_bytes());
    frame.extend_from_slice(json);
    send(rig, request, &[&frame]).await
}

const JSON: &str = "application/grpc+json";

#[tokio::test]
async fn json_is_answered_with_json() {
    let (rig, _) = serving(Wire::Grpc).await;
    for json in [
        &br#"{"name":"Ada"}"#[..],
        b" { \"name\" :\t\"\\u0041da\" }\n",
    ] {
        let answer = ask(&rig, JSON, json).await;
        assert_eq!(answer.grpc_status(), "0", "{}", answer.message());
        assert_eq!(answer.headers["content-type"], JSON);
        assert_eq!(answer.data[5..], *br#"{"message":"Ada"}"#);
    }
    // No bytes are an empty message, as go-micro has it; and an empty message is never no bytes, which its clients cannot read.
    let answer = ask(&rig, JSON, b"").await;
    assert_eq!((answer.grpc_status(), &answer.data[5..]), ("0", &b"{}"[..]));
}

#[tokio::test]
async fn what_is_no_such_json_is_an_invalid_argument_that_says_where() {
    let (rig, _) = serving(Wire::Grpc).await;
    for (json, told) in [
        (&br#"{"name":7}"#[..], "field \"name\": "),
        (br#"{"name":"Ada""#, ""),
        (br#"{"name":"Ada"} {}"#, ""),
        (b"[]", ""),
        (b"\xff", ""),
    ] {
        let answer = ask(&rig, JSON, json).await;
        assert_eq!(answer.grpc_status(), "3", "{json:?}");
        assert_eq!(answer.headers["content-type"], JSON);
        let told = format!("a message cannot be decoded as JSON: {told}");
        assert!(answer.message().starts_with(&told), "{}", answer.message());
    }
}

#[tokio::test]
async fn unknown_fields_are_passed_over_unless_the_server_refuses_them() {
    let (rig, _) = serving(Wire::Grpc).await;
    let newer = br#"{"name":"Ada","title":{"short":["Dr"]}}"#;
    let answer = ask(&rig, JSON, newer).await;
    assert_eq!(answer.data[5..], *br#"{"message":"Ada"}"#);

    let server = Server::new();
    register_greeter_handler(&server, parrot()).unwrap();
    // Said after the handler, and still heard.
    server.codec(Json::default().refuse_unknown()).unwrap();
    let rig = Rig::serving(Wire::Grpc, server.clone()).await;
    let answer = ask(&rig, JSON, newer).await;
    assert_eq!(answer.grpc_status(), "3");
    assert!(
        answer.message().contains("field \"title\": "),
        "{}",
        answer.message()
    );
    let late = server.codec(Json::default()).unwrap_err();
    assert_eq!(
        late.message(),
        "a codec is added too late: the service has started"
    );
}

#[tokio::test]
async fn a_client_may_refuse_unknown_fields_too() {
    let (rig, _) = serving(Wire::Memory).await;
    let mut options = ClientOptions::default();
    options.codec = "json".into();
    options.codecs = Codecs::default().with(Json::default().refuse_unknown());
    let greeter = GreeterService::new("greeter", &rig.client_with(options));
    assert_eq!(greeter.hello(hello("Ada")).await.unwrap().message, "Ada");
}

#[tokio::test]
async fn a_codec_that_the_server_does_not_know_is_unimplemented() {
    let (rig, _) = serving(Wire::Grpc).await;
    let answer = ask(&rig, "application/grpc+yaml", b"name: Ada").await;
    assert_eq!(answer.grpc_status(), "12");
    assert_eq!(
        answer.message(),
        "the codec \"yaml\" is not known here; known are: proto, json"
    );
}

#[tokio::test]
async fn an_unknown_method_is_refused_in_the_content_type_of_its_call() {
    let (rig, _) = serving(Wire::Grpc).await;
    let mut request = post(&rig, "/greet.v1.Greeter/Missing");
    request
        .headers_mut()
        .insert("content-type", JSON.parse().unwrap());
    let answer = send(&rig, request, &[]).await;
    assert_eq!(answer.grpc_status(), "12");
    assert_eq!(answer.headers["content-type"], JSON);
}

#[tokio::test]
async fn limits_are_those_of_the_json() {
    let limited = || GrpcConfig::default().max_message_size(100);
    // `{"name":""}` and `{"message":""}` are 11 and 14 bytes.
    let rig = Rig::grpc(limited(), GrpcConfig::default(), parrot()).await;
    let greeter = calling(&rig, "json");
    assert!(greeter.hello(hello(&"x".repeat(86))).await.is_ok());
    for length in [87, 90, 1000] {
        let error = greeter.hello(hello(&"x".repeat(length))).await.unwrap_err();
        assert_eq!(error.code(), Code::ResourceExhausted, "{length}: {error:?}");
    }
    let rig = Rig::grpc(GrpcConfig::default(), limited(), parrot()).await;
    let greeter = calling(&rig, "json");
    assert!(greeter.hello(hello(&"x".repeat(86))).await.is_ok());
    // The same name in protobuf fits both ways.
    let name = "x".repeat(90);
    assert!(greeter.hello(hello(&name)).codec("proto").await.is_ok());
    let error = greeter.hello(hello(&name)).await.unwrap_err();
    assert_eq!(error.code(), Code::ResourceExhausted, "{error:?}");
}

#[tokio::test]
async fn json_passes_in_gzip_both_ways() {
    let gzip = || GrpcConfig::default().compression(Compression::Gzip);
    let rig = Rig::grpc(gzip(), gzip(), parrot()).await;
    let (greeter, long) = (calling(&rig, "json"), "long ".repeat(100_000));
    assert!(greeter.hello(hello(&long)).await.unwrap().message == long);
    let mut chat = greeter.chat().await.unwrap();
    chat.send(hello(&long)).await.unwrap();
    assert!(chat.recv().await.unwrap().unwrap().message == long);
}
