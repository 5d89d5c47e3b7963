//! Peers that keep to HTTP/2 and stretch gRPC: each call comes to one clear end, and the connection goes on.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Response};
use rmicro_runtime::{ClientOptions, Code, Result};
use rmicro_tests::pb::GreeterService;
use rmicro_tests::peer::{Peer, Say};
use rmicro_tests::raw::{ADA, post, send};
use rmicro_tests::tally::greeter_at;
use rmicro_tests::{Rig, Scripted, Wire, hello, reply};
use tokio::net::TcpStream;
use tokio::sync::Notify;
use tokio::time::timeout;

const GRPC: (&str, &str) = ("content-type", "application/grpc");
const GOOD: (&str, &str) = ("grpc-status", "0");

async fn stub(peer: &Peer) -> GreeterService {
    greeter_at(&peer.address, ClientOptions::default()).await
}

/// All messages of a server stream, joined.
async fn read_often(greeter: &GreeterService) -> Result<String> {
    let mut often = greeter.hello_often(hello("Ada")).await?;
    let mut all = String::new();
    while let Some(reply) = often.recv().await? {
        all += &reply.message;
    }
    Ok(all)
}

#[tokio::test]
async fn ends_that_say_no_status_are_unknown_and_say_why() {
    let good = || Say::grpc().data(ADA);
    for (say, text) in [
        (Say::grpc(), "without grpc-status"),
        (good(), "without grpc-status"),
        (good().trailers(&[("own", "1")]), "without grpc-status"),
        (
            good().trailers(&[("grpc-message", "b%61d")]),
            "without grpc-status, and said: bad",
        ),
        (
            good().trailers(&[("grpc-status", "+0")]),
            "\"+0\" is no number",
        ),
        (good().trailers(&[("grpc-status", "")]), "\"\" is no number"),
        (
            good().trailers(&[GOOD, ("grpc-status", "5")]),
            "several grpc-status",
        ),
        (
            Say::headers(&[GRPC, ("grpc-status", "5"), GOOD]),
            "several grpc-status",
        ),
        (
            good().trailers(&[("grpc-status", "99"), ("grpc-message", "odd%E2%98 100%")]),
            "odd\u{fffd} 100%",
        ),
    ] {
        let peer = Peer::saying(say.clone()).await;
        let greeter = stub(&peer).await;
        for error in [
            greeter.hello(hello("Ada")).await.unwrap_err(),
            read_often(&greeter).await.unwrap_err(),
        ] {
            assert_eq!(error.code(), Code::Unknown, "{say:?}: {error}");
            assert!(error.message().contains(text), "{say:?}: {error}");
        }
        assert_eq!(peer.connections(), 1, "{say:?}");
    }
}

#[tokio::test]
async fn replies_of_a_strange_form_are_replies_all_the_same() {
    let ends = [GOOD];
    for say in [
        Say::grpc().data(b"").data(ADA).data(b"").trailers(&ends),
        Say::grpc()
            .data(&ADA[..3])
            .data(b"")
            .data(&ADA[3..])
            .data(b"")
            .trailers(&ends),
        Say::grpc().data(ADA).trailers(&[GOOD, GOOD]),
        Say::headers(&[GRPC, GOOD]).data(ADA).trailers(&ends),
        Say::headers(&[GRPC, ("grpc-encoding", "snappy")])
            .data(ADA)
            .trailers(&ends),
        Say::headers(&[("content-type", "Application/GRPC+proto;a=b")])
            .data(ADA)
            .trailers(&ends),
    ] {
        let peer = Peer::saying(say.clone()).await;
        let greeter = stub(&peer).await;
        let one = greeter.hello(hello("Ada")).await.expect("a reply");
        assert_eq!(one.message, "Ada", "{say:?}");
        assert_eq!(
            read_often(&greeter).await.expect("a stream"),
            "Ada",
            "{say:?}"
        );
        assert_eq!(peer.connections(), 1, "{say:?}");
    }
}

#[tokio::test]
async fn a_status_behind_messages_counts_whatever_the_headers_said() {
    let late = Say::headers(&[GRPC, GOOD])
        .data(ADA)
        .trailers(&[("grpc-status", "5")]);
    let never = Say::headers(&[GRPC, GOOD]).data(ADA);
    let early = Say::headers(&[GRPC, ("grpc-status", "5")])
        .data(ADA)
        .trailers(&[GOOD]);
    for (say, code) in [
        (late, Code::NotFound),
        (never, Code::Unknown),
        (early, Code::NotFound),
    ] {
        let peer = Peer::saying(say.clone()).await;
        let greeter = stub(&peer).await;
        let error = greeter.hello(hello("Ada")).await.unwrap_err();
        assert_eq!(error.code(), code, "{say:?}: {error}");
        let error = read_often(&greeter).await.unwrap_err();
        assert_eq!(error.code(), code, "{say:?}: {error}");
        assert_eq!(peer.connections(), 1, "{say:?}");
    }
}

#[tokio::test]
async fn a_success_needs_one_whole_message_where_the_method_has_one() {
    for data in [&[][..], &[ADA, ADA], &[&ADA[..7]], &[&ADA[..3]]] {
        let say = data.iter().fold(Say::grpc(), |say, data| say.data(data));
        let peer = Peer::saying(say.clone().trailers(&[GOOD])).await;
        let error = stub(&peer).await.hello(hello("Ada")).await.unwrap_err();
        assert_eq!(error.code(), Code::Internal, "{data:?}: {error}");
        if data.len() == 2 {
            // That is wrong before any status comes.
            continue;
        }
        // A status that tells of a failure says more than a message that was cut off by it.
        let peer = Peer::saying(say.trailers(&[("grpc-status", "5")])).await;
        let error = stub(&peer).await.hello(hello("Ada")).await.unwrap_err();
        assert_eq!(error.code(), Code::NotFound, "{data:?}: {error}");
    }
}

#[tokio::test]
async fn informational_responses_are_passed_over() {
    let peer = Peer::listen(|_, mut respond| async move {
        for status in [100, 103, 103] {
            let mut early = Response::new(());
            *early.status_mut() = status.try_into().unwrap();
            early
                .headers_mut()
                .insert("grpc-status", HeaderValue::from_static("5"));
            respond.send_informational(early).unwrap();
            tokio::task::yield_now().await;
        }
        Say::grpc().data(ADA).trailers(&[GOOD]).to(respond);
    })
    .await;
    let greeter = stub(&peer).await;
    assert_eq!(greeter.hello(hello("Ada")).await.unwrap().message, "Ada");
    assert_eq!(read_often(&greeter).await.unwrap(), "Ada");
}

#[tokio::test]
async fn an_answer_that_comes_after_the_deadline_is_nobodys() {
    let go = Arc::new(Notify::new());
    let gone = go.clone();
    let peer = Peer::listen(move |request, respond| {
        let gone = gone.clone();
        async move {
            if request.headers().contains_key("late") {
                gone.notified().await;
            }
            Say::grpc().data(ADA).trailers(&[GOOD]).to(respond);
        }
    })
    .await;
    let greeter = stub(&peer).await;
    let late = greeter.hello(hello("Ada")).metadata("late", "1");
    let error = late.timeout(Duration::from_millis(50)).await.unwrap_err();
    assert_eq!(error.code(), Code::DeadlineExceeded);
    go.notify_one();
    for _ in 0..3 {
        assert_eq!(greeter.hello(hello("Ada")).await.unwrap().message, "Ada");
    }
    assert_eq!(peer.connections(), 1);
}

/// Answers by all four kinds.
fn polite() -> Scripted {
    Scripted::default()
        .hello(|_, request| async move { Ok(reply(request.name)) })
        .hello_many(|_, mut requests| async move {
            let mut all = String::new();
            while let Some(request) = requests.recv().await? {
                all += &request.name;
            }
            Ok(reply(all))
        })
        .hello_often(
            |_, request, mut replies| async move { replies.send(reply(request.name)).await },
        )
        .chat(|_, mut requests, mut replies| async move {
            while let Some(request) = requests.recv().await? {
                replies.send(reply(request.name)).await?;
            }
            Ok(())
        })
}

#[tokio::test]
async fn a_client_that_ends_with_its_headers_has_sent_no_message() {
    let rig = Rig::new(Wire::Grpc, polite()).await;
    for (method, status) in [
        ("Hello", "13"),
        ("HelloOften", "13"),
        ("HelloMany", "0"),
        ("Chat", "0"),
    ] {
        let request = post(&rig, &format!("/greet.v1.Greeter/{method}"));
        let answer = send(&rig, request, &[]).await;
        assert_eq!(
            answer.grpc_status(),
            status,
            "{method}: {}",
            answer.message()
        );
    }
}

#[tokio::test]
async fn a_client_may_send_empty_frames_and_end_with_trailers() {
    let rig = Rig::new(Wire::Grpc, polite()).await;
    for method in ["Hello", "HelloOften", "HelloMany", "Chat"] {
        let socket = TcpStream::connect(rig.listener.address()).await.unwrap();
        let (client, connection) = h2::client::handshake(socket).await.unwrap();
        tokio::spawn(connection);
        let request = post(&rig, &format!("/greet.v1.Greeter/{method}"));
        let mut client = client.ready().await.unwrap();
        let (response, mut stream) = client.send_request(request, false).unwrap();
        for data in [b"", &ADA[..4], b"", &ADA[4..], b""] {
            stream.send_data(Bytes::from_static(data), false).unwrap();
            tokio::task::yield_now().await;
        }
        let mut trailers = HeaderMap::new();
        trailers.insert("grpc-status", HeaderValue::from_static("5"));
        stream.send_trailers(trailers).unwrap();
        let answer = async {
            let mut body = response.await.unwrap().into_body();
            let mut data = Vec::new();
            while let Some(piece) = body.data().await {
                data.extend_from_slice(&piece.unwrap());
            }
            (data, body.trailers().await.unwrap().unwrap())
        };
        let (data, end) = timeout(Duration::from_secs(10), answer)
            .await
            .expect("an answer");
        assert_eq!(
            (&*data, &end["grpc-status"]),
            (ADA, &HeaderValue::from_static("0")),
            "{method}"
        );
    }
}
