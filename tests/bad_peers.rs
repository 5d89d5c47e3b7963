//! Peers that err: each gets one clear answer, and the server lives.

use std::time::Duration;

use bytes::Bytes;
use http::Request;

use http::StatusCode;
use rmicro_tests::raw::{ADA, post, send};
use rmicro_tests::{Rig, Scripted, Wire, hello, reply};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;

async fn polite() -> Rig {
    let greet = |_, request: rmicro_tests::HelloRequest| async move { Ok(reply(request.name)) };
    Rig::new(Wire::Grpc, Scripted::default().hello(greet)).await
}

async fn still_lives(rig: &Rig) {
    assert_eq!(
        rig.greeter.hello(hello("Ada")).await.unwrap().message,
        "Ada"
    );
}

#[tokio::test]
async fn every_form_of_the_path_is_served() {
    let rig = polite().await;
    for path in [
        "/greet.v1.Greeter/Hello",
        "/Greeter/Hello",
        "/greeter.Greeter/Hello",
    ] {
        let answer = send(&rig, post(&rig, path), &[ADA]).await;
        assert_eq!(
            (answer.grpc_status(), answer.data.len()),
            ("0", ADA.len()),
            "{path}"
        );
    }
}

#[tokio::test]
async fn what_is_not_there_is_unimplemented_and_named() {
    let rig = polite().await;
    for (path, text) in [
        (
            "/greet.v1.Greeter/Bye",
            "unknown method Bye of service greet.v1.Greeter",
        ),
        ("/greet.v1.Teller/Tell", "unknown service greet.v1.Teller"),
        ("/one/two/three", "malformed path"),
    ] {
        let answer = send(&rig, post(&rig, path), &[ADA]).await;
        assert_eq!(answer.grpc_status(), "12", "{path}");
        assert!(answer.message().contains(text), "{}", answer.message());
    }
    still_lives(&rig).await;
}

#[tokio::test]
async fn requests_that_are_no_grpc_get_an_http_status() {
    let rig = polite().await;
    let mut get = post(&rig, "/greet.v1.Greeter/Hello");
    *get.method_mut() = http::Method::GET;
    assert_eq!(
        send(&rig, get, &[]).await.http,
        StatusCode::METHOD_NOT_ALLOWED
    );
    let mut json = post(&rig, "/greet.v1.Greeter/Hello");
    json.headers_mut()
        .insert("content-type", "application/json".parse().unwrap());
    assert_eq!(
        send(&rig, json, &[b"{}"]).await.http,
        StatusCode::UNSUPPORTED_MEDIA_TYPE
    );
    still_lives(&rig).await;
}

#[tokio::test]
async fn bad_frames_are_named() {
    let rig = polite().await;
    for (body, status, text) in [
        (
            &[&[0, 0, 0, 0, 9, 1][..]][..],
            "13",
            "ended within a message",
        ),
        (&[&[0, 0, 0][..]][..], "13", "ended within the prefix"),
        (&[&[][..]][..], "13", "without a message"),
        (&[ADA, ADA][..], "13", "second message"),
        (&[&[0, 0xff, 0xff, 0xff, 0xff][..]][..], "8", "4294967295"),
        (&[&[1, 0, 0, 0, 0][..]][..], "13", "compressed"),
        (&[&[7, 0, 0, 0, 0][..]][..], "13", "0x07"),
        (
            &[&[0, 0, 0, 0, 2, 0x0a, 9][..]][..],
            "3",
            "cannot be decoded",
        ),
    ] {
        let answer = send(&rig, post(&rig, "/greet.v1.Greeter/Hello"), body).await;
        assert_eq!(
            answer.grpc_status(),
            status,
            "{body:?}: {}",
            answer.message()
        );
        assert!(
            answer.message().contains(text),
            "{body:?}: {}",
            answer.message()
        );
    }
    still_lives(&rig).await;
}

#[tokio::test]
async fn a_timeout_that_is_none_is_refused() {
    let rig = polite().await;
    for text in ["", "5", "S", "123456789S", "-1S", "1x"] {
        let mut request = post(&rig, "/greet.v1.Greeter/Hello");
        request
            .headers_mut()
            .insert("grpc-timeout", text.parse().unwrap());
        let answer = send(&rig, request, &[ADA]).await;
        assert_ne!(answer.grpc_status(), "0", "{text:?}");
        assert!(
            answer.message().contains("grpc-timeout"),
            "{text:?}: {}",
            answer.message()
        );
    }
    still_lives(&rig).await;
}

#[tokio::test]
async fn a_deadline_that_has_passed_reaches_no_handler() {
    let rig = polite().await;
    let mut request = post(&rig, "/greet.v1.Greeter/Hello");
    request
        .headers_mut()
        .insert("grpc-timeout", "0S".parse().unwrap());
    let answer = send(&rig, request, &[ADA]).await;
    assert_eq!((answer.grpc_status(), answer.data.len()), ("4", 0));
    let error = rig
        .greeter
        .hello(hello("Ada"))
        .timeout(Duration::ZERO)
        .await
        .unwrap_err();
    assert_eq!(error.code(), rmicro_runtime::Code::DeadlineExceeded);
}

#[tokio::test]
async fn an_unknown_codec_is_unimplemented() {
    let rig = polite().await;
    let mut request = post(&rig, "/greet.v1.Greeter/Hello");
    request
        .headers_mut()
        .insert("content-type", "application/grpc+yaml".parse().unwrap());
    let answer = send(&rig, request, &[ADA]).await;
    assert_eq!(answer.grpc_status(), "12");
    assert!(answer.message().contains("yaml"), "{}", answer.message());
}

#[tokio::test]
async fn a_message_above_the_limit_is_resource_exhausted() {
    let rig = polite().await;
    let error = rig
        .greeter
        .hello(hello(&"x".repeat(5 << 20)))
        .await
        .unwrap_err();
    assert_eq!(error.code(), rmicro_runtime::Code::ResourceExhausted);
    still_lives(&rig).await;
}

/// Begins a call of `path` with one message and no end of the client's side; the peer takes `window` bytes.
async fn begin(
    rig: &Rig,
    request: Request<()>,
    window: u32,
) -> (h2::client::ResponseFuture, h2::SendStream<Bytes>) {
    let socket = TcpStream::connect(rig.listener.address()).await.unwrap();
    let mut builder = h2::client::Builder::new();
    builder.initial_window_size(window);
    let (client, connection) = builder.handshake::<_, Bytes>(socket).await.unwrap();
    tokio::spawn(connection);
    let mut client = client.ready().await.unwrap();
    let (response, mut stream) = client.send_request(request, false).unwrap();
    stream.send_data(Bytes::from_static(ADA), false).unwrap();
    (response, stream)
}

#[tokio::test]
async fn a_server_stream_begins_before_its_client_has_ended() {
    let greeter = Scripted::default().hello_often(|_, request, mut replies| async move {
        replies.send(reply(request.name)).await
    });
    let rig = Rig::new(Wire::Grpc, greeter).await;
    let request = post(&rig, "/greet.v1.Greeter/HelloOften");
    let (response, _open) = begin(&rig, request, 65_535).await;
    let answered = timeout(Duration::from_secs(10), response).await;
    let mut body = answered
        .expect("go-micro's clients never end")
        .unwrap()
        .into_body();
    assert_eq!(body.data().await.unwrap().unwrap().len(), ADA.len());
    assert!(body.data().await.is_none());
    assert_eq!(body.trailers().await.unwrap().unwrap()["grpc-status"], "0");
}

#[tokio::test]
async fn a_peer_that_reads_nothing_loses_its_stream_soon_after_the_deadline() {
    let (tell, told) = tokio::sync::oneshot::channel();
    let held = std::sync::Mutex::new(Some(TellWhenDropped(Some(tell))));
    let greeter = Scripted::default().hello_often(move |_, request, mut replies| {
        let held = held.lock().unwrap().take();
        async move {
            let _held = held;
            loop {
                replies.send(reply(request.name.repeat(1000))).await?;
            }
        }
    });
    let rig = Rig::new(Wire::Grpc, greeter).await;
    let mut request = post(&rig, "/greet.v1.Greeter/HelloOften");
    request
        .headers_mut()
        .insert("grpc-timeout", "100m".parse().unwrap());
    let (response, _open) = begin(&rig, request, 16).await;
    let mut body = response.await.unwrap().into_body();
    timeout(Duration::from_secs(10), told)
        .await
        .expect("the handler goes")
        .unwrap();
    let end = async {
        loop {
            match body.data().await {
                Some(Ok(_)) => {}
                end => break end,
            }
        }
    };
    let end = timeout(Duration::from_secs(10), end)
        .await
        .expect("the stream is reset");
    assert!(end.is_some_and(|end| end.is_err()));
    still_lives_for(&rig).await;
}

/// The server still takes connections, whatever it answers.
async fn still_lives_for(rig: &Rig) {
    let answer = send(rig, post(rig, "/greet.v1.Greeter/Hello"), &[ADA]).await;
    assert_eq!(answer.grpc_status(), "12");
}

/// Tells when it is dropped.
struct TellWhenDropped(Option<tokio::sync::oneshot::Sender<()>>);

impl Drop for TellWhenDropped {
    fn drop(&mut self) {
        if let Some(tell) = self.0.take() {
            let _ = tell.send(());
        }
    }
}

/// Sends `bytes` on a bare socket and reads what comes back until the server closes.
async fn shout(rig: &Rig, bytes: &[u8]) -> Vec<u8> {
    let mut socket = TcpStream::connect(rig.listener.address()).await.unwrap();
    socket.write_all(bytes).await.unwrap();
    let mut answer = Vec::new();
    let read = timeout(Duration::from_secs(15), socket.read_to_end(&mut answer)).await;
    let _ = read.expect("the server closes the connection");
    answer
}

#[tokio::test]
async fn peers_that_speak_something_else_are_turned_away() {
    let rig = polite().await;
    let answer = shout(&rig, b"GET / HTTP/1.1\r\nhost: x\r\n\r\n").await;
    assert!(
        answer.starts_with(b"HTTP/1.1 505 "),
        "{:?}",
        String::from_utf8_lossy(&answer)
    );
    assert!(shout(&rig, &[22, 3, 1, 2, 0, 1, 0]).await.is_empty());
    shout(
        &rig,
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\nthis is no frame at all, but it is long enough",
    )
    .await;
    still_lives(&rig).await;
}

#[tokio::test]
async fn a_client_that_finds_no_grpc_says_so() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap().to_string();
    tokio::spawn(async move {
        while let Ok((mut socket, _)) = listener.accept().await {
            tokio::spawn(async move {
                let _ = socket.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n").await;
                let _ = socket.read(&mut [0; 64]).await;
            });
        }
    });
    let rig = polite().await.moved_to(&address).await;
    let call = rig
        .greeter
        .hello(hello("Ada"))
        .timeout(Duration::from_secs(5));
    let error = call.await.unwrap_err();
    assert_eq!(error.code(), rmicro_runtime::Code::Unavailable, "{error:?}");
    assert!(error.message().contains(&address), "{error:?}");
}

#[tokio::test]
async fn a_node_that_nobody_serves_is_an_error_with_stage_service_and_registry() {
    let rig = polite().await.moved_to("127.0.0.1:1").await;
    let error = rig.greeter.hello(hello("Ada")).await.unwrap_err();
    assert_eq!(error.code(), rmicro_runtime::Code::Unavailable);
    for part in [
        "dial",
        "127.0.0.1:1",
        "\"greeter\"",
        "registry memory",
        "greeter-1",
    ] {
        assert!(error.message().contains(part), "{part}: {error}");
    }
}
