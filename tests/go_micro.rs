//! What go-micro's clients and servers see of us over gRPC, byte by byte where they look at bytes.

use std::time::Duration;

use prost::Message;
use rmicro_runtime::call::BoxFuture;
use rmicro_runtime::{Code, Context, Detail, Error, Result, Server};
use rmicro_tests::pb::register_greeter_handler;
use rmicro_tests::raw::{ADA, Answer, post_with, send};
use rmicro_tests::{HelloReply, Rig, Scripted, Wire, hello, reply};

const HELLO: &str = "/greeter.Greeter/Hello";
/// What go-micro's clients send beside the content type.
const GO: (&str, &str) = ("x-content-type", "application/grpc+proto");
/// GV13: `errors.Error { id: "greeter", code: 404, detail: "user not found", status: "Not Found" }`.
const NOT_FOUND: &[u8] = b"\n\x07greeter\x10\x94\x03\x1a\x0euser not found\x22\x09Not Found";

/// `google.rpc.Status`.
#[derive(Clone, PartialEq, Message)]
struct Status {
    #[prost(int32, tag = "1")]
    code: i32,
    #[prost(string, tag = "2")]
    message: String,
    #[prost(message, repeated, tag = "3")]
    details: Vec<rmicro_runtime::types::Any>,
}

impl Status {
    /// The details of `answer`.
    fn of(answer: &Answer) -> Self {
        let metadata = rmicro_runtime::Metadata::from_headers(answer.end.clone());
        let bytes = metadata.get_bin("grpc-status-details-bin");
        Self::decode(bytes.expect("there are details")).unwrap()
    }
}

fn not_found() -> Error {
    Error::not_found("user not found").detail(Detail::new("t/users", "the user's own"))
}

/// A Greeter under the name `greeter` whose `Hello` ends so.
async fn rig<F>(hello: F) -> Rig
where
    F: Fn(Context) -> BoxFuture<'static, Result<HelloReply>> + Send + Sync + 'static,
{
    let server = Server::new();
    server.set_name("greeter");
    let greeter = Scripted::default().hello(move |ctx, _| hello(ctx));
    register_greeter_handler(&server, greeter).unwrap();
    Rig::serving(Wire::Grpc, server).await
}

async fn failing() -> Rig {
    rig(|_| Box::pin(async { Err(not_found()) })).await
}

#[tokio::test]
async fn a_go_micro_caller_gets_errors_error_as_the_only_detail() {
    let rig = failing().await;
    let answer = send(&rig, post_with(&rig, HELLO, &[GO]), &[ADA]).await;
    assert_eq!(answer.grpc_status(), "5");
    assert_eq!(answer.message(), "user not found");
    let status = Status::of(&answer);
    assert_eq!((status.code, &*status.message), (5, "user not found"));
    let [detail] = &status.details[..] else {
        panic!("{status:?}")
    };
    assert_eq!(detail.type_url, "type.googleapis.com/errors.Error");
    assert_eq!(&detail.value[..], NOT_FOUND);
}

#[tokio::test]
async fn everybody_else_gets_the_details_of_the_user() {
    let rig = failing().await;
    let answer = send(&rig, post_with(&rig, HELLO, &[]), &[ADA]).await;
    let details = Status::of(&answer).details;
    assert_eq!(details.len(), 1);
    assert_eq!(details[0].type_url, "t/users");
    let error = rig.greeter.hello(hello("Ada")).await.unwrap_err();
    assert_eq!(error.details(), not_found().details());
}

#[tokio::test]
async fn what_never_reaches_a_handler_is_told_a_go_micro_caller_alike() {
    let rig = failing().await;
    let answer = send(&rig, post_with(&rig, "/greeter.Teller/Tell", &[GO]), &[ADA]).await;
    let status = Status::of(&answer);
    let told = b"\n\x07greeter\x10\xf5\x03\x1a";
    assert!(status.details[0].value.starts_with(told), "{status:?}");
}

#[tokio::test]
async fn a_handler_sees_nothing_of_what_only_carries_the_call() {
    let rig = rig(|ctx| {
        let mut names: Vec<_> = ctx.metadata().iter().map(|(name, _)| name).collect();
        names.sort_unstable();
        let names = names.join(" ");
        Box::pin(async { Ok(reply(names)) })
    })
    .await;
    let more = [
        GO,
        ("timeout", "30000000000"),
        ("grpc-timeout", "30S"),
        ("grpc-encoding", "identity"),
        ("grpc-accept-encoding", "gzip"),
        ("user-agent", "grpc-go/1.26.0"),
        ("micro-from-service", "web"),
    ];
    let answer = send(&rig, post_with(&rig, HELLO, &more), &[ADA]).await;
    let said = HelloReply::decode(&answer.data[5..]).unwrap().message;
    assert_eq!(said, "micro-from-service user-agent");
}

#[tokio::test]
async fn the_shorter_timeout_counts_and_one_that_is_none_is_ignored() {
    let rig = rig(|ctx| {
        let left = ctx.time_left();
        Box::pin(async move { Ok(reply(format!("{}", left.map_or(0, |left| left.as_secs())))) })
    })
    .await;
    for (timeouts, seconds) in [
        (&[("timeout", "3600000000000")][..], 3600),
        (
            &[("timeout", "3600000000000"), ("grpc-timeout", "2000S")],
            2000,
        ),
        (
            &[("timeout", "1000000000000"), ("grpc-timeout", "2000S")],
            1000,
        ),
        (&[("timeout", "soon"), ("grpc-timeout", "2000S")], 2000),
        (&[("timeout", "10S")], 0),
    ] {
        let answer = send(&rig, post_with(&rig, HELLO, timeouts), &[ADA]).await;
        let said = HelloReply::decode(&answer.data[5..]).unwrap().message;
        let said: u64 = said.parse().unwrap();
        assert!(said.abs_diff(seconds) < 60, "{timeouts:?}: {said}");
    }
}

#[tokio::test]
async fn go_micros_timeout_ends_a_call() {
    let rig = rig(|_| Box::pin(std::future::pending())).await;
    let request = post_with(&rig, HELLO, &[GO, ("timeout", "50000000")]);
    let answer = send(&rig, request, &[ADA]).await;
    assert_eq!(answer.grpc_status(), "4");
    assert!(
        Status::of(&answer).details[0]
            .value
            .starts_with(b"\n\x07greeter\x10\x98\x03")
    );
}

/// Answers every call as a go-micro server answers `user not found` (GV13), with its detail or without.
async fn go_server(details: bool) -> String {
    const JSON: &str =
        r#"{"id":"greeter","code":404,"detail":"user not found","status":"Not Found"}"#;
    const DETAILS: &str = "CAUSSnsiaWQiOiJncmVldGVyIiwiY29kZSI6NDA0LCJkZXRhaWwiOiJ1c2VyIG5vdCBmb3VuZCIsInN0YXR1cyI6Ik5vdCBGb3VuZCJ9GksKIHR5cGUuZ29vZ2xlYXBpcy5jb20vZXJyb3JzLkVycm9yEicKB2dyZWV0ZXIQlAMaDnVzZXIgbm90IGZvdW5kIglOb3QgRm91bmQ";
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap().to_string();
    tokio::spawn(async move {
        while let Ok((socket, _)) = listener.accept().await {
            tokio::spawn(async move {
                let mut connection = h2::server::handshake(socket).await.unwrap();
                while let Some(Ok((_, mut respond))) = connection.accept().await {
                    let mut response = http::Response::builder()
                        .header("content-type", "application/grpc+proto")
                        .header("grpc-status", if details { "5" } else { "2" })
                        .header("grpc-message", JSON);
                    if details {
                        response = response.header("grpc-status-details-bin", DETAILS);
                    }
                    respond
                        .send_response(response.body(()).unwrap(), true)
                        .unwrap();
                }
            });
        }
    });
    address
}

#[tokio::test]
async fn an_error_of_a_go_micro_server_is_read_back() {
    for details in [true, false] {
        let rig = failing().await.moved_to(&go_server(details).await).await;
        let call = rig
            .greeter
            .hello(hello("Ada"))
            .timeout(Duration::from_secs(10));
        let error = call.await.unwrap_err();
        assert_eq!(error.code(), Code::NotFound, "{details}");
        assert_eq!(error.message(), "user not found");
        assert_eq!(error.service_id(), Some("greeter"));
        assert_eq!(error.details(), []);
    }
}
