//! What travels beside the messages: text and bytes, several values of a name, both ways.

use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use rmicro_runtime::transport::ClientCall;
use rmicro_runtime::{
    Answer, ClientInterceptor, ClientNext, ClientOptions, Code, Error, Metadata, Result, Service,
};
use rmicro_tests::pb::GreeterService;
use rmicro_tests::peer::{Peer, Say};
use rmicro_tests::raw::{ADA, post_with, send};
use rmicro_tests::tally::greeter_at;
use rmicro_tests::{Rig, Scripted, Wire, hello, reply};

const HELLO: &str = "/greet.v1.Greeter/Hello";

/// Runs each test in memory and over gRPC.
macro_rules! on_both_wires {
    ($(async fn $name:ident($wire:ident: Wire) $body:block)*) => {$(
        mod $name {
            use super::*;

            async fn run($wire: Wire) $body

            #[tokio::test]
            async fn in_memory() {
                run(Wire::Memory).await;
            }

            #[tokio::test]
            async fn over_grpc() {
                run(Wire::Grpc).await;
            }
        }
    )*};
}

/// A Greeter that sends back what it was sent, in front of the reply and behind it.
fn echo() -> Scripted {
    Scripted::default().hello(|ctx, _| async move {
        let (front, behind) = (ctx.reply_metadata(), ctx.trailers());
        for bytes in ctx.metadata().get_all_bin("blob-bin") {
            front.append_bin("front-bin", &bytes)?;
            behind.append_bin("behind-bin", &bytes)?;
        }
        for text in ctx.metadata().get_all("text") {
            front.append("front", text)?;
            behind.append("behind", text)?;
        }
        front.insert_bin("one-bin", b"first")?;
        front.insert_bin("one-bin", b"last")?;
        behind.insert_bin("one-bin", b"last")?;
        Ok(reply(""))
    })
}

on_both_wires! {
    async fn bytes_travel_both_ways_in_any_number(wire: Wire) {
        let rig = Rig::new(wire, echo()).await;
        let every: Vec<u8> = (0..=255).collect();
        let call = rig.greeter.hello(hello("Ada"));
        let call = call.metadata_bin("blob-bin", &every).metadata_bin("Blob-Bin", b"");
        let reply = call.send().await.unwrap();
        let front: Vec<_> = reply.metadata.get_all_bin("front-bin").collect();
        let behind: Vec<_> = reply.trailers.get_all_bin("behind-bin").collect();
        assert_eq!(front, [&every[..], b""]);
        assert_eq!(behind, front);
        assert_eq!(reply.metadata.get_bin("one-bin").as_deref(), Some(&b"last"[..]));
        assert_eq!(reply.trailers.get_bin("one-bin").as_deref(), Some(&b"last"[..]));
    }

    async fn text_travels_both_ways_in_any_number(wire: Wire) {
        let rig = Rig::new(wire, echo()).await;
        let call = rig.greeter.hello(hello("Ada"));
        let call = call.metadata("text", "one").metadata("TEXT", "two, three");
        let reply = call.send().await.unwrap();
        for (metadata, name) in [(&reply.metadata, "front"), (&reply.trailers, "behind")] {
            let values: Vec<_> = metadata.get_all(name).collect();
            assert_eq!(values, ["one", "two, three"]);
        }
    }

    async fn an_error_carries_bytes_as_well(wire: Wire) {
        let failing = Scripted::default().hello(|ctx, _| async move {
            ctx.trailers().insert_bin("trailer-bin", [1])?;
            let mut metadata = rmicro_runtime::Metadata::new();
            metadata.insert_bin("why-bin", [0, 255])?;
            Err(Error::aborted("again").with_metadata(metadata))
        });
        let rig = Rig::new(wire, failing).await;
        let error = rig.greeter.hello(hello("Ada")).await.unwrap_err();
        assert_eq!(error.metadata().get_bin("why-bin").as_deref(), Some(&[0, 255][..]));
        assert_eq!(error.metadata().get_bin("trailer-bin").as_deref(), Some(&[1][..]));
    }

    async fn a_name_that_cannot_travel_is_the_error_of_its_call(wire: Wire) {
        let rig = Rig::new(wire, echo()).await;
        for (name, text) in [
            ("blob-bin", "insert_bin"),
            ("grpc-timeout", "reserved"),
            ("timeout", "reserved"),
            ("x-content-type", "reserved"),
            ("a b", "letters"),
        ] {
            let call = rig.greeter.hello(hello("Ada")).metadata(name, "x");
            let error = call.await.unwrap_err();
            assert_eq!(error.code(), Code::InvalidArgument, "{name}");
            assert!(error.message().contains(text), "{error}");
        }
        let call = rig.greeter.hello(hello("Ada")).metadata_bin("blob", b"x");
        assert_eq!(call.await.unwrap_err().code(), Code::InvalidArgument);
    }
}

/// What peers send beside a call that is legal in HTTP/2 and nobody's metadata.
const OF_THE_PROTOCOL: [(&str, &str); 8] = [
    ("content-length", "10"),
    ("grpc-encoding", "identity"),
    ("grpc-accept-encoding", "identity,deflate,gzip"),
    ("grpc-timeout", "8S"),
    ("grpc-previous-rpc-attempts", "1"),
    ("grpc-status", "0"),
    ("timeout", "9000000000"),
    ("x-content-type", "application/grpc+proto"),
];

/// What a proxy and a go-micro client add that handlers may want.
const WANTED: [(&str, &str); 5] = [
    ("accept-encoding", "gzip"),
    ("micro-from-service", "teller"),
    ("micro-id", "7"),
    ("user-agent", "teller/1"),
    ("x-request-id", "8"),
];

fn sorted(metadata: &Metadata) -> Vec<(&str, &str)> {
    let mut pairs: Vec<_> = metadata.iter().collect();
    pairs.sort_unstable();
    pairs
}

/// Sends on what a handler was sent, as gateways do.
#[derive(Clone, Debug, Default)]
struct SendOn(Arc<Mutex<Metadata>>);

#[async_trait]
impl ClientInterceptor for SendOn {
    async fn intercept(&self, mut call: ClientCall, next: ClientNext<'_>) -> Result<Answer> {
        call.head.metadata = self.0.lock().unwrap().clone();
        next.run(call).await
    }
}

#[tokio::test]
async fn a_handler_may_pass_on_all_that_it_was_sent() {
    let inner = Rig::new(
        Wire::Grpc,
        Scripted::default().hello(|ctx, request| async move {
            assert_eq!(sorted(ctx.metadata()), WANTED);
            Ok(reply(request.name))
        }),
    )
    .await;
    let send_on = SendOn::default();
    let service = Service::builder("gateway").registry(inner.registry().clone());
    let service = service.client_interceptor(send_on.clone());
    let service = service.build().unwrap();
    let next = GreeterService::new("greeter", service.client());
    let gateway = Scripted::default().hello(move |ctx, request| {
        let (next, send_on) = (next.clone(), send_on.clone());
        async move {
            *send_on.0.lock().unwrap() = ctx.metadata().clone();
            // Another length than the request's own, so a length that was passed on would break it.
            let reply = next.hello(hello(&(request.name + ", and more"))).await?;
            for (name, value) in ctx.metadata().iter() {
                ctx.reply_metadata().append(name, value)?;
                ctx.trailers().append(name, value)?;
            }
            Ok(reply)
        }
    });
    let rig = Rig::new(Wire::Grpc, gateway).await;
    let more = [&OF_THE_PROTOCOL[..], &WANTED].concat();
    let answer = send(&rig, post_with(&rig, HELLO, &more), &[ADA]).await;
    assert_eq!(answer.grpc_status(), "0", "{}", answer.message());
    assert!(answer.data.ends_with(b"Ada, and more"));
    for headers in [&answer.headers, &answer.end] {
        for (name, value) in WANTED {
            assert_eq!(headers[name], value);
        }
        assert_eq!(headers.get("content-length"), None);
    }
}

#[tokio::test]
async fn a_handler_may_fail_with_all_that_it_was_sent() {
    let echo = Scripted::default()
        .hello(|ctx, _| async move {
            Err(Error::aborted("again").with_metadata(ctx.metadata().clone()))
        })
        .hello_often(|ctx, _, mut replies| async move {
            replies.send(reply("first")).await?;
            Err(Error::aborted("again").with_metadata(ctx.metadata().clone()))
        });
    let rig = Rig::new(Wire::Grpc, echo).await;
    let more = [&OF_THE_PROTOCOL[..], &WANTED].concat();
    for method in [HELLO, "/greet.v1.Greeter/HelloOften"] {
        let answer = send(&rig, post_with(&rig, method, &more), &[ADA]).await;
        assert_eq!(
            (answer.grpc_status(), answer.message()),
            ("10", "again"),
            "{method}"
        );
        for (name, value) in WANTED {
            assert_eq!(answer.end[name], value, "{method}");
        }
        for name in ["content-length", "timeout", "grpc-previous-rpc-attempts"] {
            assert_eq!(answer.end.get(name), None, "{method}");
        }
    }
}

#[tokio::test]
async fn what_frames_a_reply_is_no_metadata_and_does_not_break_the_next() {
    let front = [
        ("content-type", "application/grpc"),
        ("grpc-encoding", "identity"),
        ("grpc-accept-encoding", "gzip"),
        ("content-length", "10"),
        ("server", "envoy"),
    ];
    let good = Say::headers(&front).data(ADA).trailers(&[
        ("grpc-status", "0"),
        ("content-length", "10"),
        ("behind", "1"),
    ]);
    let peer = Peer::saying(good).await;
    let greeter = greeter_at(&peer.address, ClientOptions::default()).await;
    let reply = greeter.hello(hello("Ada")).send().await.unwrap();
    assert_eq!(sorted(&reply.metadata), [("server", "envoy")]);
    assert_eq!(sorted(&reply.trailers), [("behind", "1")]);

    let bad = Say::headers(&[
        ("content-type", "application/grpc"),
        ("grpc-status", "5"),
        ("grpc-message", "gone"),
        ("content-length", "0"),
        ("timeout", "1"),
        ("server", "envoy"),
    ]);
    let peer = Peer::saying(bad).await;
    let greeter = greeter_at(&peer.address, ClientOptions::default()).await;
    let forwards = Scripted::default().hello(move |_, request| {
        let greeter = greeter.clone();
        async move { greeter.hello(request).await }
    });
    let rig = Rig::new(Wire::Grpc, forwards).await;
    let error = rig.greeter.hello(hello("Ada")).await.unwrap_err();
    assert_eq!((error.code(), error.message()), (Code::NotFound, "gone"));
    assert_eq!(sorted(error.metadata()), [("server", "envoy")]);
}
