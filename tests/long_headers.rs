//! Texts and metadata that are too long cost their own call, and no other on the connection.

use std::sync::Arc;
use std::time::Duration;

use rmicro_runtime::transport::GrpcConfig;
use rmicro_runtime::{ClientOptions, Code, Error};
use rmicro_tests::peer::{Peer, Say};
use rmicro_tests::raw::{ADA, post_with, send};
use rmicro_tests::tally::greeter_at;
use rmicro_tests::{Rig, Scripted, Wire, hello, reply};
use tokio::sync::Notify;
use tokio::time::timeout;

const LONG: usize = 200_000;

/// What the handler is asked for by name, and a call that waits until it is let go.
fn greeter(go: Arc<Notify>) -> Scripted {
    Scripted::default()
        .hello(move |ctx, request| {
            let go = go.clone();
            async move {
                let long = "x".repeat(LONG);
                match &*request.name {
                    "wait" => go.notified().await,
                    "long error" => return Err(Error::invalid_argument(long)),
                    "long details" => {
                        let detail = rmicro_runtime::Detail::new("type.googleapis.com/a.B", long);
                        return Err(Error::not_found("nobody").detail(detail));
                    }
                    "long trailers" => ctx.trailers().insert("long", &long)?,
                    "long metadata" => ctx.reply_metadata().insert("long", &long)?,
                    _ => {}
                }
                Ok(reply(request.name))
            }
        })
        .hello_often(|ctx, _, mut replies| async move {
            ctx.reply_metadata().insert("long", &"x".repeat(LONG))?;
            replies.send(reply("with long metadata")).await
        })
}

/// Lets `poison` run while another call waits on the same connection, which must come to its own end.
async fn beside(poison: impl AsyncFnOnce(&Rig)) {
    let go = Arc::new(Notify::new());
    let rig = Rig::new(Wire::Grpc, greeter(go.clone())).await;
    let innocent = tokio::spawn(rig.greeter.hello(hello("wait")).into_future());
    assert_eq!(
        rig.greeter.hello(hello("first")).await.unwrap().message,
        "first"
    );
    timeout(Duration::from_secs(10), poison(&rig))
        .await
        .expect("it ends");
    go.notify_one();
    assert_eq!(
        innocent
            .await
            .unwrap()
            .expect("nothing happened to it")
            .message,
        "wait"
    );
}

#[tokio::test]
async fn a_long_error_is_cut() {
    beside(async |rig: &Rig| {
        let error = rig.greeter.hello(hello("long error")).await.unwrap_err();
        assert_eq!(error.code(), Code::InvalidArgument);
        assert!(error.message().starts_with("xxxx"), "{error}");
        assert!(
            error.message().ends_with("(200000 bytes in all)"),
            "{error}"
        );
    })
    .await;
}

#[tokio::test]
async fn an_error_with_too_many_details_keeps_its_code_and_says_so() {
    beside(async |rig: &Rig| {
        let error = rig.greeter.hello(hello("long details")).await.unwrap_err();
        assert_eq!(error.code(), Code::NotFound);
        assert!(
            error.message().starts_with("nobody (trailers of "),
            "{error}"
        );
    })
    .await;
}

#[tokio::test]
async fn trailers_and_metadata_of_a_reply_have_a_limit() {
    beside(async |rig: &Rig| {
        for name in ["long trailers", "long metadata"] {
            let error = rig.greeter.hello(hello(name)).await.unwrap_err();
            assert_eq!(error.code(), Code::ResourceExhausted, "{name}: {error}");
            assert!(
                error.message().contains("the limit is 16384"),
                "{name}: {error}"
            );
        }
        let mut often = rig.greeter.hello_often(hello("Ada")).await.unwrap();
        assert_eq!(
            often.recv().await.unwrap_err().code(),
            Code::ResourceExhausted
        );
    })
    .await;
}

#[tokio::test]
async fn metadata_of_a_request_has_a_limit() {
    beside(async |rig: &Rig| {
        let mut call = rig.greeter.hello(hello("Ada"));
        for number in 0..3000 {
            call = call.metadata(&format!("n{number}"), "small");
        }
        let error = call.await.unwrap_err();
        assert_eq!(error.code(), Code::ResourceExhausted);
        assert!(error.message().contains("the limit is 16384"), "{error}");
    })
    .await;
}

/// What a stranger sends that is `size` bytes long beside the call "wait", which must come to its own end on the same connection.
async fn beside_a_stranger(
    say: impl Fn(&str) -> Say + Clone + Send + 'static,
    size: usize,
) -> Error {
    let go = Arc::new(Notify::new());
    let gone = go.clone();
    let peer = Peer::listen(move |request, respond| {
        let (gone, say) = (gone.clone(), say.clone());
        async move {
            if request.headers().contains_key("wait") {
                gone.notified().await;
                Say::grpc()
                    .data(ADA)
                    .trailers(&[("grpc-status", "0")])
                    .to(respond);
            } else {
                say(&"x".repeat(size)).to(respond);
            }
        }
    })
    .await;
    let greeter = greeter_at(&peer.address, ClientOptions::default()).await;
    let waiting = greeter.hello(hello("Ada")).metadata("wait", "1");
    let innocent = tokio::spawn(waiting.into_future());
    let poison = timeout(
        Duration::from_secs(10),
        greeter.hello(hello("Ada")).into_future(),
    );
    let error = poison.await.expect("it ends").unwrap_err();
    go.notify_one();
    let innocent = innocent.await.unwrap();
    assert_eq!(innocent.expect("nothing happened to it").message, "Ada");
    assert_eq!(peer.connections(), 1);
    error
}

const SAYS: &str = "the limit is 16384 (GrpcConfig::max_header_list_size)";

#[tokio::test]
async fn trailers_of_a_stranger_that_are_too_long_end_their_call_alone_and_say_so() {
    for (status, told) in [("0", "OK"), ("5", "NOT_FOUND")] {
        let say = move |long: &str| {
            let trailers = [("grpc-status", status), ("long", long), ("last", "1")];
            Say::grpc().data(ADA).trailers(&trailers)
        };
        for size in [20_000, 100_000, 250_000] {
            let error = beside_a_stranger(say, size).await;
            assert_eq!(error.code(), Code::ResourceExhausted, "{error}");
            // Three names, two short values, and 32 for each.
            let length = size + "grpc-status0longlast1".len() + 3 * 32;
            let says =
                format!("trailers of {length} bytes came, {SAYS}; the peer's status was {told}");
            assert!(error.message().contains(&says), "{error}");
        }
    }
}

#[tokio::test]
async fn headers_of_a_stranger_that_are_too_long_end_their_call_alone_and_say_so() {
    let say = |long: &str| {
        let headers = [("content-type", "application/grpc"), ("long", long)];
        Say::headers(&headers)
            .data(ADA)
            .trailers(&[("grpc-status", "0")])
    };
    let only = |long: &str| Say::headers(&[("grpc-status", "5"), ("long", long)]);
    for size in [20_000, 100_000, 250_000] {
        let error = beside_a_stranger(say, size).await;
        assert_eq!(error.code(), Code::ResourceExhausted, "{error}");
        assert!(error.message().contains("headers of "), "{error}");
        assert!(error.message().contains(SAYS), "{error}");
        let error = beside_a_stranger(only, size).await;
        assert_eq!(error.code(), Code::ResourceExhausted, "{error}");
        assert!(error.message().contains(SAYS), "{error}");
    }
}

#[tokio::test]
async fn a_client_that_takes_more_gets_more() {
    let go = Arc::new(Notify::new());
    let config = GrpcConfig::default().max_header_list_size(1 << 20);
    let rig = Rig::grpc(config.clone(), config, greeter(go)).await;
    let call = rig.greeter.hello(hello("long trailers"));
    let reply = call.send().await.unwrap();
    assert_eq!(reply.trailers.get("long").map(str::len), Some(LONG));
}

#[tokio::test]
async fn headers_of_a_request_that_are_too_long_are_told_of() {
    let rig = Rig::new(Wire::Grpc, greeter(Arc::default())).await;
    for (size, grpc, http) in [
        (16_000, "0", 200),
        (20_000, "8", 200),
        (60_000, "8", 200),
        (80_000, "none", 431),
    ] {
        let long = "x".repeat(size);
        let request = post_with(&rig, "/greet.v1.Greeter/Hello", &[("long", &long)]);
        let answer = send(&rig, request, &[ADA]).await;
        assert_eq!(answer.grpc_status(), grpc, "{size}: {}", answer.message());
        assert_eq!(answer.http, http, "{size}");
        if grpc == "8" {
            let (start, said) = ("headers of ", answer.message());
            assert!(said.starts_with(start) && said.ends_with(SAYS), "{said}");
        }
    }
}
