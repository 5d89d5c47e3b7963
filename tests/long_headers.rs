//! Texts and metadata that are too long cost their own call, and no other on the connection.

use std::sync::Arc;
use std::time::Duration;

use rmicro_runtime::{Code, Error};
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
