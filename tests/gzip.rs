//! Messages in gzip: asked for, understood, bounded, and never there unasked.

use std::io::{Read, Write};

use flate2::read::GzDecoder;
use flate2::write::GzEncoder;
use rmicro_runtime::Code;
use rmicro_runtime::transport::{Compression, GrpcConfig};
use rmicro_tests::raw::{ADA, Answer, post_with, send};
use rmicro_tests::{Rig, Scripted, hello, reply};

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

fn gzip() -> GrpcConfig {
    GrpcConfig::default().compression(Compression::Gzip)
}

async fn serving(config: GrpcConfig) -> Rig {
    Rig::grpc(config, GrpcConfig::default(), parrot()).await
}

/// A frame with `message` in gzip.
fn packed(message: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), flate2::Compression::best());
    encoder.write_all(message).unwrap();
    let message = encoder.finish().unwrap();
    let mut frame = vec![1];
    frame.extend_from_slice(&(message.len() as u32).to_be_bytes());
    frame.extend_from_slice(&message);
    frame
}

/// `HelloRequest { name }`, which is `HelloReply { message }` as well.
fn message(name: &str) -> Vec<u8> {
    prost::Message::encode_to_vec(&hello(name))
}

async fn ask(rig: &Rig, more: &[(&str, &str)], body: &[u8]) -> Answer {
    send(rig, post_with(rig, HELLO, more), &[body]).await
}

#[tokio::test]
async fn all_kinds_pass_whoever_compresses() {
    let long = "long ".repeat(100_000);
    for (serving, calling) in [
        (gzip(), GrpcConfig::default()),
        (GrpcConfig::default(), gzip()),
        (gzip(), gzip()),
    ] {
        let rig = Rig::grpc(serving, calling, parrot()).await;
        for name in ["short", &long] {
            let greeter = &rig.greeter;
            assert!(greeter.hello(hello(name)).await.unwrap().message == name);
            let mut many = greeter.hello_many().await.unwrap();
            many.send(hello(name)).await.unwrap();
            many.send(hello(name)).await.unwrap();
            assert!(many.finish().await.unwrap().message == name.repeat(2));
            let mut often = greeter.hello_often(hello(name)).await.unwrap();
            for _ in 0..2 {
                assert!(often.recv().await.unwrap().unwrap().message == name);
            }
            assert!(often.recv().await.unwrap().is_none());
            let mut chat = greeter.chat().await.unwrap();
            for _ in 0..2 {
                chat.send(hello(name)).await.unwrap();
                assert!(chat.recv().await.unwrap().unwrap().message == name);
            }
        }
    }
}

#[tokio::test]
async fn a_compressed_request_is_understood_and_answered_plainly_by_default() {
    let rig = serving(GrpcConfig::default()).await;
    let headers = [("grpc-encoding", "gzip"), ("grpc-accept-encoding", "gzip")];
    let name = "Ada".repeat(1000);
    for body in [packed(&message(&name)), packed(b"")] {
        let answer = ask(&rig, &headers, &body).await;
        assert_eq!(answer.grpc_status(), "0", "{}", answer.message());
        assert_eq!(answer.headers.get("grpc-encoding"), None);
        assert_eq!(answer.data[0], 0);
    }
    let answer = ask(&rig, &headers, ADA).await;
    assert_eq!(
        answer.data, ADA,
        "plain messages may be beside compressed ones"
    );
}

#[tokio::test]
async fn a_server_compresses_for_those_who_accept_it_what_becomes_shorter() {
    let rig = serving(gzip()).await;
    let name = "Ada".repeat(1000);
    let plain = message(&name);
    let mut request = vec![0];
    request.extend_from_slice(&(plain.len() as u32).to_be_bytes());
    request.extend_from_slice(&plain);
    let accepts = [("grpc-accept-encoding", "identity, deflate, gzip")];
    let answer = ask(&rig, &accepts, &request).await;
    assert_eq!(answer.headers["grpc-encoding"], "gzip");
    assert_eq!(answer.data[0], 1);
    let mut unpacked = Vec::new();
    let mut decoder = GzDecoder::new(&answer.data[5..]);
    decoder.read_to_end(&mut unpacked).unwrap();
    assert_eq!(unpacked, plain);

    let answer = ask(&rig, &accepts, ADA).await;
    assert_eq!(answer.data, ADA);
    for accepts in [&[][..], &[("grpc-accept-encoding", "identity")]] {
        let answer = ask(&rig, accepts, &request).await;
        assert_eq!(answer.headers.get("grpc-encoding"), None);
        assert_eq!(answer.data, request);
    }
}

#[tokio::test]
async fn an_unknown_encoding_is_unimplemented_and_told_what_is_known() {
    let rig = serving(GrpcConfig::default()).await;
    let answer = ask(&rig, &[("grpc-encoding", "snappy")], ADA).await;
    assert_eq!(answer.grpc_status(), "12");
    assert!(answer.message().contains("snappy"), "{}", answer.message());
    let told: Vec<_> = answer.end.get_all("grpc-accept-encoding").iter().collect();
    assert_eq!(told, ["identity,gzip"]);
}

#[tokio::test]
async fn a_mark_without_an_encoding_is_a_breach_of_the_protocol() {
    let rig = serving(GrpcConfig::default()).await;
    for headers in [&[][..], &[("grpc-encoding", "identity")]] {
        let answer = ask(&rig, headers, &packed(b"")).await;
        assert_eq!(answer.grpc_status(), "13");
        assert!(
            answer.message().contains("grpc-encoding"),
            "{}",
            answer.message()
        );
    }
}

#[tokio::test]
async fn a_bomb_is_given_up_at_the_limit_and_rubbish_is_named() {
    let rig = serving(GrpcConfig::default()).await;
    let headers = [("grpc-encoding", "gzip")];
    let bomb = packed(&vec![0; 16 << 20]);
    assert!(bomb.len() < 1 << 18);
    let answer = ask(&rig, &headers, &bomb).await;
    assert_eq!(answer.grpc_status(), "8", "{}", answer.message());
    assert!(answer.message().contains("4194304"), "{}", answer.message());
    let answer = ask(&rig, &headers, &[1, 0, 0, 0, 2, 7, 7]).await;
    assert_eq!(answer.grpc_status(), "13");
    assert!(answer.message().contains("gzip"), "{}", answer.message());
}

#[tokio::test]
async fn one_call_may_be_compressed() {
    let rig = serving(GrpcConfig::default().max_receive_size(1000)).await;
    // Only what is unpacked counts against the limit, so the length shows which way it came.
    let name = "Ada".repeat(1000);
    let plain = rig.greeter.hello(hello(&name)).await.unwrap_err();
    let packed = rig
        .greeter
        .hello(hello(&name))
        .compress(true)
        .await
        .unwrap_err();
    for error in [&plain, &packed] {
        assert_eq!(error.code(), Code::ResourceExhausted);
    }
    assert!(plain.message().contains("3003 bytes came"), "{plain}");
    assert!(packed.message().contains("in gzip"), "{packed}");
}
