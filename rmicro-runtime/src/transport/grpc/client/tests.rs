//! The client against a plain h2 server, over pipes in memory.

use std::future::poll_fn;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use async_trait::async_trait;
use bytes::{BufMut, BytesMut};
use h2::server::SendResponse;
use h2::{Reason, RecvStream};
use http::{HeaderMap, Request, Response};
use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream};
use tokio::sync::mpsc;

use super::outgoing::Outgoing;
use super::*;
use crate::call::{CallHead, FrameStream, Kind, SendBuffer, write_frame};
use crate::error::Code;
use crate::metadata::Metadata;
use crate::seam::{Accept, Datagram, Interface, Net, Network, Seam};
use crate::transport::{Body, ClientCall, Refused, Transport};

type Server = h2::server::Connection<DuplexStream, Bytes>;
type Asked = (Request<RecvStream>, SendResponse<Bytes>);

/// Each dial makes a pipe and hands its other end to the test.
#[derive(Debug)]
struct Pipes(mpsc::UnboundedSender<DuplexStream>);

#[async_trait]
impl Network for Pipes {
    async fn listen(&self, _address: SocketAddr) -> io::Result<Box<dyn Accept>> {
        Err(io::ErrorKind::Unsupported.into())
    }

    async fn connect(&self, _address: &str) -> io::Result<Box<dyn Socket>> {
        let (ours, theirs) = tokio::io::duplex(1 << 20);
        self.0
            .send(theirs)
            .map_err(|_| io::Error::from(io::ErrorKind::ConnectionRefused))?;
        Ok(Box::new(ours))
    }

    fn interfaces(&self) -> io::Result<Vec<Interface>> {
        Err(io::ErrorKind::Unsupported.into())
    }

    fn join(&self, _group: SocketAddr, _at: &Interface) -> io::Result<Box<dyn Datagram>> {
        Err(io::ErrorKind::Unsupported.into())
    }

    fn datagram(&self, _at: &Interface) -> io::Result<Box<dyn Datagram>> {
        Err(io::ErrorKind::Unsupported.into())
    }

    fn source_toward(&self, _target: SocketAddr) -> io::Result<IpAddr> {
        Err(io::ErrorKind::Unsupported.into())
    }
}

fn pipes(config: GrpcConfig) -> (Grpc, mpsc::UnboundedReceiver<DuplexStream>) {
    let (dialled, sockets) = mpsc::unbounded_channel();
    let seam = Seam {
        net: Net::new(Pipes(dialled)),
        ..Seam::default()
    };
    (Grpc::new(seam).config(config), sockets)
}

/// Connects to a server that `builder` makes.
async fn connect_with(
    config: GrpcConfig,
    builder: &h2::server::Builder,
) -> (Arc<dyn Connection>, Server) {
    let (grpc, mut sockets) = pipes(config);
    let (connection, server) = tokio::join!(grpc.dial("node:1"), async {
        let socket = sockets.recv().await.unwrap();
        builder.handshake(socket).await.unwrap()
    });
    (connection.unwrap(), server)
}

async fn connect() -> (Arc<dyn Connection>, Server) {
    connect_with(GrpcConfig::default(), &h2::server::Builder::new()).await
}

/// Runs the connection of a server, each call in `handler`.
fn serve<F, R>(mut server: Server, handler: F)
where
    F: Fn(Request<RecvStream>, SendResponse<Bytes>) -> R + Send + 'static,
    R: Future<Output = ()> + Send + 'static,
{
    tokio::spawn(async move {
        while let Some(Ok((request, respond))) = server.accept().await {
            tokio::spawn(handler(request, respond));
        }
    });
}

/// Runs the connection of a server and hands its calls to the test.
fn calls_of(server: Server) -> mpsc::UnboundedReceiver<Asked> {
    let (sender, calls) = mpsc::unbounded_channel();
    serve(server, move |request, respond| {
        let sent = sender.send((request, respond));
        async move { sent.unwrap() }
    });
    calls
}

fn run_of(message: &[u8]) -> Bytes {
    let mut run = BytesMut::new();
    write_frame(&mut run, |buffer| {
        buffer.put_slice(message);
        Ok(())
    })
    .unwrap();
    run.freeze()
}

fn unary(message: &[u8]) -> ClientCall {
    let body = Body::One(run_of(message));
    ClientCall::new(CallHead::new("a.B", "C"), Kind::Unary, body)
}

fn stream(buffer: &SendBuffer) -> ClientCall {
    let body = Body::Stream(buffer.clone());
    ClientCall::new(CallHead::new("a.B", "C"), Kind::BidiStreaming, body)
}

async fn send(buffer: &SendBuffer, message: &[u8]) -> Result<()> {
    poll_fn(|cx| {
        buffer.poll_push(cx, |bytes| {
            bytes.put_slice(message);
            Ok(())
        })
    })
    .await
}

async fn next(call: &mut Box<dyn FrameStream>) -> Option<Result<Bytes>> {
    poll_fn(|cx| call.poll_frame(cx)).await
}

async fn all(call: &mut Box<dyn FrameStream>) -> Result<Vec<Bytes>> {
    let mut messages = Vec::new();
    while let Some(message) = next(call).await {
        messages.push(message?);
    }
    Ok(messages)
}

fn headers(pairs: &[(&'static str, &'static str)]) -> HeaderMap {
    pairs
        .iter()
        .map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap()))
        .collect::<HeaderMap>()
}

fn head_with(pairs: &[(&'static str, &'static str)]) -> Response<()> {
    let mut response = Response::new(());
    *response.headers_mut() = headers(pairs);
    response
}

fn head() -> Response<()> {
    head_with(&[("content-type", "application/grpc")])
}

/// Answers with one message and success.
fn answer(respond: &mut SendResponse<Bytes>, message: &[u8]) {
    let mut body = respond.send_response(head(), false).unwrap();
    body.send_data(run_of(message), false).unwrap();
    body.send_trailers(headers(&[("grpc-status", "0")]))
        .unwrap();
}

async fn read_all(body: &mut RecvStream) -> std::result::Result<Vec<Bytes>, h2::Error> {
    let mut chunks = Vec::new();
    while let Some(chunk) = body.data().await {
        let chunk = chunk?;
        body.flow_control().release_capacity(chunk.len())?;
        chunks.push(chunk);
    }
    Ok(chunks)
}

fn start(connection: &Arc<dyn Connection>, call: ClientCall) -> Box<dyn FrameStream> {
    match connection.start(call) {
        Ok(call) => call,
        Err(refused) => panic!("{refused:?}"),
    }
}

/// Fails when `future` is not ready although nothing else can happen; needs a paused clock.
async fn soon<F: Future>(future: F) -> F::Output {
    try_soon(future).await.expect("it waits for ever")
}

async fn try_soon<F: Future>(future: F) -> Option<F::Output> {
    let clock = crate::seam::Clock::default();
    let limit = clock.now().after(Duration::from_secs(60));
    clock.until(limit, future).await
}

#[tokio::test(start_paused = true)]
async fn a_call_says_what_grpc_asks_for() {
    let (connection, server) = connect().await;
    let mut calls = calls_of(server);
    let mut call = unary(b"hello");
    let clock = crate::seam::Clock::default();
    call.head.deadline = Some(clock.now().after(Duration::from_millis(1500)));
    call.head.metadata.insert("trace", "7").unwrap();
    let _call = start(&connection, call);
    let (request, _respond) = soon(calls.recv()).await.unwrap();
    assert_eq!(request.uri(), "http://node:1/a.B/C");
    for (name, value) in [
        ("te", "trailers"),
        ("content-type", "application/grpc"),
        ("grpc-timeout", "1500000u"),
        ("trace", "7"),
        ("user-agent", "rmicro/0.1.0"),
    ] {
        assert_eq!(request.headers()[name], value);
    }
    let chunks = soon(read_all(&mut request.into_body())).await.unwrap();
    assert_eq!(chunks, [run_of(b"hello")]);
}

#[tokio::test(start_paused = true)]
async fn metadata_messages_and_trailers_come_back() {
    let (connection, server) = connect().await;
    serve(server, |_, mut respond| async move {
        let first = [("content-type", "application/grpc+proto"), ("first", "1")];
        let mut body = respond.send_response(head_with(&first), false).unwrap();
        for byte in [run_of(b"one"), run_of(b"two")].concat() {
            body.send_data(Bytes::from(vec![byte]), false).unwrap();
        }
        let last = [("grpc-status", "0"), ("last", "2")];
        body.send_trailers(headers(&last)).unwrap();
    });
    let mut call = start(&connection, unary(b""));
    soon(poll_fn(|cx| call.poll_metadata(cx))).await.unwrap();
    let only = |metadata: &mut Metadata| format!("{:?}", metadata.iter().collect::<Vec<_>>());
    assert_eq!(only(call.metadata()), r#"[("first", "1")]"#);
    assert_eq!(soon(all(&mut call)).await.unwrap(), ["one", "two"]);
    assert_eq!(only(call.trailers()), r#"[("last", "2")]"#);
}

#[tokio::test(start_paused = true)]
async fn every_status_arrives_with_and_without_a_reply() {
    let (connection, server) = connect().await;
    serve(server, |request, mut respond| async move {
        let number = request.headers()["number"].to_str().unwrap().to_owned();
        let mut end = headers(&[("grpc-message", "h%C3%A9"), ("why", "so")]);
        end.insert("grpc-status", number.parse().unwrap());
        if request.headers().contains_key("bare") {
            let mut response = head();
            response.headers_mut().extend(end);
            respond.send_response(response, true).unwrap();
        } else {
            let mut body = respond.send_response(head(), false).unwrap();
            body.send_data(run_of(b"partly"), false).unwrap();
            body.send_trailers(end).unwrap();
        }
    });
    for code in Code::ALL {
        for bare in [false, true] {
            let mut call = unary(b"");
            let number = code.number().to_string();
            call.head.metadata.insert("number", &number).unwrap();
            if bare {
                call.head.metadata.insert("bare", "").unwrap();
            }
            let mut call = start(&connection, call);
            if !bare {
                assert_eq!(soon(next(&mut call)).await.unwrap().unwrap(), "partly");
            }
            match soon(next(&mut call)).await {
                None => assert_eq!(code, Code::Ok),
                Some(Ok(message)) => panic!("{message:?}"),
                Some(Err(error)) => {
                    assert_eq!((error.code(), error.message()), (code, "hé"));
                    assert_eq!(error.metadata().get("why"), Some("so"));
                    assert!(!error.is_unprocessed());
                }
            }
            assert_eq!(call.trailers().iter().collect::<Vec<_>>(), [("why", "so")]);
        }
    }
}

#[tokio::test(start_paused = true)]
async fn what_is_no_grpc_is_told_from_its_http() {
    let (connection, server) = connect().await;
    serve(server, |request, mut respond| async move {
        let mut response = head_with(&[("content-type", "text/html")]);
        let status = request.headers()["status"].to_str().unwrap();
        *response.status_mut() = status.parse().unwrap();
        let mut body = respond.send_response(response, false).unwrap();
        let _ = body.send_data(Bytes::from_static(b"<html>"), true);
    });
    for (status, code, text) in [
        ("503", Code::Unavailable, "HTTP 503"),
        ("404", Code::Unimplemented, "HTTP 404"),
        ("200", Code::Unknown, "text/html"),
    ] {
        let mut call = unary(b"");
        call.head.metadata.insert("status", status).unwrap();
        let error = soon(all(&mut start(&connection, call))).await.unwrap_err();
        assert_eq!(error.code(), code);
        assert!(error.message().contains(text), "{error}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_reply_without_an_end_is_no_success() {
    let (connection, server) = connect().await;
    serve(server, |_, mut respond| async move {
        let mut body = respond.send_response(head(), false).unwrap();
        body.send_data(run_of(b"one"), true).unwrap();
    });
    let mut call = start(&connection, unary(b""));
    assert_eq!(soon(next(&mut call)).await.unwrap().unwrap(), "one");
    let error = soon(next(&mut call)).await.unwrap().unwrap_err();
    assert_eq!(error.code(), Code::Unknown);
    assert!(error.message().contains("grpc-status"), "{error}");
}

#[tokio::test(start_paused = true)]
async fn a_message_that_is_too_long_fails_both_ways() {
    let config = GrpcConfig::default().max_message_size(100);
    let (connection, server) = connect_with(config, &h2::server::Builder::new()).await;
    serve(server, |mut request, mut respond| async move {
        if read_all(request.body_mut()).await.is_ok() {
            answer(&mut respond, &[7; 101]);
        }
    });
    let buffer = SendBuffer::new();
    let streamed = start(&connection, stream(&buffer));
    send(&buffer, &[7; 101]).await.unwrap();
    for (mut call, word) in [
        (start(&connection, unary(b"")), "came"),
        (start(&connection, unary(&[7; 101])), "to be sent"),
        (streamed, "to be sent"),
    ] {
        let error = soon(all(&mut call)).await.unwrap_err();
        assert_eq!(error.code(), Code::ResourceExhausted);
        for part in [word, "101 bytes", "limit is 100"] {
            assert!(error.message().contains(part), "{error}");
        }
    }
    let late = soon(send(&buffer, b"")).await.unwrap_err();
    assert_eq!(late.code(), Code::ResourceExhausted);
}

#[tokio::test(start_paused = true)]
async fn a_reset_has_its_code() {
    let (connection, server) = connect().await;
    let mut calls = calls_of(server);
    for (reason, code) in [
        (Reason::NO_ERROR, Code::Internal),
        (Reason::INTERNAL_ERROR, Code::Internal),
        (Reason::REFUSED_STREAM, Code::Unavailable),
        (Reason::CANCEL, Code::Cancelled),
        (Reason::ENHANCE_YOUR_CALM, Code::ResourceExhausted),
        (Reason::INADEQUATE_SECURITY, Code::PermissionDenied),
    ] {
        let mut call = start(&connection, unary(b""));
        let (_request, mut respond) = soon(calls.recv()).await.unwrap();
        respond.send_reset(reason);
        let error = soon(all(&mut call)).await.unwrap_err();
        assert_eq!(error.code(), code, "{reason:?}");
        assert_eq!(error.is_unprocessed(), reason == Reason::REFUSED_STREAM);
    }
    assert!(connection.is_open());
}

#[tokio::test(start_paused = true)]
async fn a_reset_after_the_trailers_does_not_hide_the_status() {
    let (connection, server) = connect().await;
    let mut calls = calls_of(server);
    let buffer = SendBuffer::new();
    let mut call = start(&connection, stream(&buffer));
    let (request, mut respond) = soon(calls.recv()).await.unwrap();
    answer(&mut respond, b"early");
    // What h2 makes of this is RST_STREAM with NO_ERROR (RFC 9113, section 8.1).
    drop((request, respond));
    while !buffer.is_finished() {
        tokio::task::yield_now().await;
    }
    assert_eq!(soon(all(&mut call)).await.unwrap(), ["early"]);
}

#[tokio::test(start_paused = true)]
async fn dropping_a_call_cancels_it_and_no_number_of_them_ends_the_connection() {
    let mut builder = h2::server::Builder::new();
    builder.max_concurrent_streams(5000);
    let (connection, server) = connect_with(GrpcConfig::default(), &builder).await;
    let mut calls = calls_of(server);
    for _ in 0..3000 {
        let call = start(&connection, unary(b""));
        let (_request, mut respond) = soon(calls.recv()).await.unwrap();
        drop(call);
        let reason = soon(poll_fn(|cx| respond.poll_reset(cx))).await.unwrap();
        assert_eq!(reason, Reason::CANCEL);
    }
    let mut call = start(&connection, unary(b""));
    answer(&mut soon(calls.recv()).await.unwrap().1, b"still");
    assert_eq!(soon(all(&mut call)).await.unwrap(), ["still"]);
}

#[tokio::test(start_paused = true)]
async fn replies_to_calls_that_were_given_up_do_not_end_the_connection() {
    let (grpc, mut sockets) = pipes(GrpcConfig::default());
    let gate = Arc::new(tokio::sync::Mutex::new(()));
    let (connection, server) = tokio::join!(grpc.dial("node:1"), async {
        let mut builder = h2::server::Builder::new();
        builder
            .max_concurrent_streams(5000)
            .max_pending_accept_reset_streams(5000);
        let socket = sockets.recv().await.unwrap();
        builder
            .handshake(gated(socket, Arc::clone(&gate)))
            .await
            .unwrap()
    });
    let (connection, mut calls) = (connection.unwrap(), calls_of(server));
    let (mut running, mut asked) = (Vec::new(), Vec::new());
    for _ in 0..3000 {
        running.push(start(&connection, unary(b"")));
        asked.push(soon(calls.recv()).await.unwrap());
    }
    // The server does not hear yet that nobody listens any more.
    let closed = gate.lock().await;
    drop(running);
    assert!(try_soon(std::future::pending::<()>()).await.is_none());
    for (_, respond) in &mut asked {
        answer(respond, b"too late");
    }
    assert!(try_soon(std::future::pending::<()>()).await.is_none());
    drop(closed);
    let mut call = start(&connection, unary(b""));
    answer(&mut soon(calls.recv()).await.unwrap().1, b"still");
    assert_eq!(soon(all(&mut call)).await.unwrap(), ["still"]);
}

/// The far end of `socket`, which hears nothing while somebody holds `gate`.
fn gated(socket: DuplexStream, gate: Arc<tokio::sync::Mutex<()>>) -> DuplexStream {
    let (near, far) = tokio::io::duplex(1 << 20);
    let (mut from_client, mut to_client) = tokio::io::split(socket);
    let (mut from_server, mut to_server) = tokio::io::split(near);
    tokio::spawn(async move { tokio::io::copy(&mut from_server, &mut to_client).await });
    tokio::spawn(async move {
        let mut bytes = vec![0; 4096];
        while let Ok(length @ 1..) = from_client.read(&mut bytes).await {
            let _open = gate.lock().await;
            to_server.write_all(&bytes[..length]).await.unwrap();
        }
    });
    far
}

#[tokio::test(start_paused = true)]
async fn small_messages_that_nobody_has_read_yet_do_not_end_the_connection() {
    let config = GrpcConfig::default()
        .stream_window(65_535)
        .connection_window(65_535);
    let (connection, server) = connect_with(config, &h2::server::Builder::new()).await;
    serve(server, |_, mut respond| async move {
        let mut body = respond.send_response(head(), false).unwrap();
        for _ in 0..1000 {
            body.send_data(run_of(b"x"), false).unwrap();
        }
        body.send_trailers(headers(&[("grpc-status", "0")]))
            .unwrap();
    });
    let mut call = start(&connection, unary(b""));
    soon(poll_fn(|cx| call.poll_metadata(cx))).await.unwrap();
    assert!(try_soon(std::future::pending::<()>()).await.is_none());
    assert_eq!(soon(all(&mut call)).await.unwrap().len(), 1000);
}

#[test]
fn a_connection_whose_runtime_is_gone_is_closed() {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    let (waiting, asking) = (SendBuffer::new(), SendBuffer::new());
    let (connection, _server, mut calls) = runtime.block_on(async {
        let (connection, server) = connect().await;
        let calls = [&waiting, &asking].map(|buffer| start(&connection, stream(buffer)));
        tokio::task::yield_now().await;
        send(&asking, b"never taken").await.unwrap();
        (connection, server, calls)
    });
    drop(runtime);
    assert!(!connection.is_open());
    for buffer in [waiting, asking] {
        let mut cx = std::task::Context::from_waker(std::task::Waker::noop());
        let sent = buffer.poll_push(&mut cx, |_| Ok(()));
        assert!(matches!(sent, Poll::Ready(Err(_))), "{sent:?}");
    }
    for call in &mut calls {
        let mut cx = std::task::Context::from_waker(std::task::Waker::noop());
        let ended = call.poll_frame(&mut cx);
        assert!(matches!(ended, Poll::Ready(Some(Err(_)))), "{ended:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_peer_that_ends_early_gets_the_end_and_the_sender_is_pointed_to_recv() {
    let (connection, server) = connect().await;
    let mut calls = calls_of(server);
    let buffer = SendBuffer::new();
    let mut call = start(&connection, stream(&buffer));
    send(&buffer, b"first").await.unwrap();
    let (mut request, mut respond) = soon(calls.recv()).await.unwrap();
    answer(&mut respond, b"enough");
    assert_eq!(soon(all(&mut call)).await.unwrap(), ["enough"]);
    let error = send(&buffer, b"late").await.unwrap_err();
    assert!(error.message().contains("recv has its status"), "{error}");
    let heard = soon(read_all(request.body_mut())).await.unwrap();
    assert_eq!(heard.concat(), run_of(b"first"));
}

#[tokio::test(start_paused = true)]
async fn a_sender_that_waits_is_told_of_the_end() {
    let (connection, server) = connect().await;
    let mut calls = calls_of(server);
    let buffer = SendBuffer::new();
    let mut call = start(&connection, stream(&buffer));
    let (_request, mut respond) = soon(calls.recv()).await.unwrap();
    // Nothing is read there, so this stands still at the window.
    let sending = tokio::spawn({
        let buffer = buffer.clone();
        async move { while send(&buffer, &[7; 10_000]).await.is_ok() {} }
    });
    assert!(try_soon(next(&mut call)).await.is_none());
    assert!(!sending.is_finished());
    respond.send_reset(Reason::CANCEL);
    soon(sending).await.unwrap();
    let error = soon(all(&mut call)).await.unwrap_err();
    assert_eq!(error.code(), Code::Cancelled);
}

#[tokio::test(start_paused = true)]
async fn tiny_messages_leave_together() {
    let (connection, server) = connect().await;
    let mut calls = calls_of(server);
    let buffer = SendBuffer::new();
    let _call = start(&connection, stream(&buffer));
    let (mut request, _respond) = soon(calls.recv()).await.unwrap();
    for _ in 0..1000 {
        send(&buffer, b"tiny").await.unwrap();
    }
    buffer.end();
    let chunks = soon(read_all(request.body_mut())).await.unwrap();
    assert_eq!(chunks.iter().map(Bytes::len).sum::<usize>(), 9000);
    assert!(chunks.len() <= 2, "{} DATA frames", chunks.len());
}

#[tokio::test(start_paused = true)]
async fn long_messages_pass_through_small_windows() {
    let config = GrpcConfig::default()
        .stream_window(65_535)
        .connection_window(65_535);
    let (connection, server) = connect_with(config, &h2::server::Builder::new()).await;
    serve(server, |mut request, mut respond| async move {
        let chunks = read_all(request.body_mut()).await.unwrap();
        let mut body = respond.send_response(head(), false).unwrap();
        body.send_data(chunks.concat().into(), false).unwrap();
        body.send_trailers(headers(&[("grpc-status", "0")]))
            .unwrap();
    });
    let long: Vec<u8> = (0..1 << 20).map(|index: u32| index as u8).collect();
    let buffer = SendBuffer::new();
    let mut one = start(&connection, unary(&long));
    let mut many = start(&connection, stream(&buffer));
    let (_, one, many) = soon(async {
        tokio::join!(
            async {
                for piece in long.chunks(100_000) {
                    send(&buffer, piece).await.unwrap();
                }
                buffer.end();
            },
            all(&mut one),
            all(&mut many)
        )
    })
    .await;
    assert_eq!(one.unwrap().concat(), long);
    assert_eq!(many.unwrap().concat(), long);
}

#[tokio::test(start_paused = true)]
async fn a_peer_that_answers_before_it_has_heard_all_leaves_nothing_queued() {
    let (connection, server) = connect().await;
    let mut calls = calls_of(server);
    let mut call = start(&connection, unary(&[7; 1 << 20]));
    let (_request, mut respond) = soon(calls.recv()).await.unwrap();
    let mut body = respond.send_response(head(), false).unwrap();
    body.send_trailers(headers(&[("grpc-status", "8")]))
        .unwrap();
    let error = soon(all(&mut call)).await.unwrap_err();
    assert_eq!(error.code(), Code::ResourceExhausted);
    let reason = soon(poll_fn(|cx| respond.poll_reset(cx))).await.unwrap();
    assert_eq!(reason, Reason::NO_ERROR);
}

#[tokio::test(start_paused = true)]
async fn a_full_connection_is_busy_until_a_call_ends() {
    let mut builder = h2::server::Builder::new();
    builder.max_concurrent_streams(2);
    let (connection, server) = connect_with(GrpcConfig::default(), &builder).await;
    let mut calls = calls_of(server);
    let mut first = start(&connection, unary(b""));
    let _second = start(&connection, unary(b""));
    let refused = connection.start(unary(b"third"));
    let Err(Refused::Busy(call)) = refused else {
        panic!("it was not refused")
    };
    assert!(try_soon(connection.ready()).await.is_none());
    answer(&mut soon(calls.recv()).await.unwrap().1, b"");
    soon(all(&mut first)).await.unwrap();
    soon(connection.ready()).await.unwrap();
    let mut third = start(&connection, *call);
    let _second = soon(calls.recv()).await.unwrap();
    let (mut request, mut respond) = soon(calls.recv()).await.unwrap();
    let heard = soon(read_all(request.body_mut())).await.unwrap();
    assert_eq!(heard, [run_of(b"third")]);
    answer(&mut respond, b"");
    soon(all(&mut third)).await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn after_a_goaway_calls_that_run_finish_and_new_ones_are_refused() {
    let (connection, mut server) = connect().await;
    let mut call = start(&connection, unary(b""));
    let (_request, mut respond) = soon(server.accept()).await.unwrap().unwrap();
    server.graceful_shutdown();
    let closing = tokio::spawn(async move { while server.accept().await.is_some() {} });
    while connection.is_open() {
        tokio::task::yield_now().await;
    }
    let Err(Refused::Closed(error, _call)) = connection.start(unary(b"")) else {
        panic!("it was not refused")
    };
    assert_eq!(
        (error.code(), error.is_unprocessed()),
        (Code::Unavailable, true)
    );
    assert!(soon(connection.ready()).await.unwrap_err().is_unprocessed());
    answer(&mut respond, b"whole");
    assert_eq!(soon(all(&mut call)).await.unwrap(), ["whole"]);
    drop(respond);
    soon(closing).await.unwrap();
}

/// A peer that speaks by hand: an empty SETTINGS frame.
const SETTINGS: [u8; 9] = [0, 0, 0, 4, 0, 0, 0, 0, 0];
/// A GOAWAY that names 1 as the last stream.
const GOAWAY: [u8; 17] = [0, 0, 8, 7, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0];

#[tokio::test(start_paused = true)]
async fn the_settings_tell_the_windows_and_forbid_push() {
    let config = GrpcConfig::default()
        .stream_window(70_000)
        .max_header_list_size(9_000);
    let (grpc, mut sockets) = pipes(config);
    let (_dialling, mut socket) = (
        tokio::spawn(async move { grpc.dial("node:1").await }),
        sockets.recv().await.unwrap(),
    );
    let mut preface = [0; 24 + 9];
    socket.read_exact(&mut preface).await.unwrap();
    let mut settings = vec![0; usize::from(preface[26])];
    socket.read_exact(&mut settings).await.unwrap();
    // Identifier and value (RFC 9113, section 6.5.2).
    for (id, value) in [(2, 0), (4, 70_000), (6, KEPT_TIMES * 9_000)] {
        let wanted = [&[0, id][..], &u32::to_be_bytes(value)].concat();
        let told = settings.chunks(6).any(|setting| setting == wanted);
        assert!(told, "{id}: {settings:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_call_above_the_goaway_is_unprocessed_and_one_below_is_not() {
    let (grpc, mut sockets) = pipes(GrpcConfig::default());
    let (connection, mut socket) = tokio::join!(grpc.dial("node:1"), async {
        let mut socket = sockets.recv().await.unwrap();
        socket.write_all(&SETTINGS).await.unwrap();
        socket
    });
    let connection = connection.unwrap();
    let (mut below, mut above) = (
        start(&connection, unary(b"")),
        start(&connection, unary(b"")),
    );
    // The preface and something of the calls; what exactly does not matter.
    socket.read_exact(&mut [0; 100]).await.unwrap();
    socket.write_all(&GOAWAY).await.unwrap();
    let error = soon(all(&mut above)).await.unwrap_err();
    assert_eq!(
        (error.code(), error.is_unprocessed()),
        (Code::Unavailable, true)
    );
    drop(socket);
    let error = soon(all(&mut below)).await.unwrap_err();
    assert_eq!(
        (error.code(), error.is_unprocessed()),
        (Code::Unavailable, false)
    );
}

#[tokio::test(start_paused = true)]
async fn a_lost_connection_ends_its_calls_and_their_senders() {
    let (connection, mut server) = connect().await;
    let buffer = SendBuffer::new();
    let mut call = start(&connection, stream(&buffer));
    let asked = soon(server.accept()).await.unwrap().unwrap();
    drop((asked, server));
    let error = soon(all(&mut call)).await.unwrap_err();
    assert_eq!(
        (error.code(), error.is_unprocessed()),
        (Code::Unavailable, false)
    );
    assert!(send(&buffer, b"").await.is_err());
    assert!(!connection.is_open());
    assert!(soon(connection.ready()).await.is_err());
}

#[tokio::test(start_paused = true)]
async fn calls_outlive_their_connections_handle_and_no_task_stays() {
    let tasks = || {
        tokio::runtime::Handle::current()
            .metrics()
            .num_alive_tasks()
    };
    let before = tasks();
    let (connection, server) = connect().await;
    serve(server, |mut request, mut respond| async move {
        let chunks = read_all(request.body_mut()).await.unwrap();
        answer(&mut respond, &chunks.concat());
    });
    let buffer = SendBuffer::new();
    let mut call = start(&connection, stream(&buffer));
    drop(connection);
    send(&buffer, b"late").await.unwrap();
    buffer.end();
    assert_eq!(soon(all(&mut call)).await.unwrap(), [run_of(b"late")]);
    drop(call);
    soon(async {
        while tasks() > before {
            tokio::task::yield_now().await;
        }
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn a_head_that_cannot_travel_fails_its_call_alone() {
    let (connection, server) = connect().await;
    let _calls = calls_of(server);
    let buffer = SendBuffer::new();
    let mut call = stream(&buffer);
    call.head.endpoint = "no path".into();
    let error = soon(all(&mut start(&connection, call))).await.unwrap_err();
    assert_eq!(error.code(), Code::InvalidArgument);
    assert!(send(&buffer, b"").await.is_err());
    assert!(connection.is_open());
}

#[tokio::test]
async fn who_cannot_be_reached_is_named() {
    let (grpc, sockets) = pipes(GrpcConfig::default());
    drop(sockets);
    let error = grpc.dial("node:1").await.unwrap_err();
    assert_eq!(
        (error.code(), error.is_unprocessed()),
        (Code::Unavailable, true)
    );
    assert!(format!("{error:?}").contains("node:1 cannot be reached: connection refused"));
    assert!(grpc.dial("no address").await.is_err());
}

#[tokio::test(start_paused = true)]
async fn who_speaks_no_http2_is_told_apart_from_who_hangs_up() {
    for (said, text) in [
        (
            &b"HTTP/1.1 400 Bad Request\r\n\r\n"[..],
            "node:1 does not speak HTTP/2",
        ),
        (b"", "node:1 closed the connection before it spoke HTTP/2"),
    ] {
        let (grpc, mut sockets) = pipes(GrpcConfig::default());
        let (dialled, _socket) = soon(async {
            tokio::join!(grpc.dial("node:1"), async {
                let mut socket = sockets.recv().await.unwrap();
                socket.write_all(said).await.unwrap();
                socket.shutdown().await.unwrap();
                socket
            })
        })
        .await;
        let error = dialled.unwrap_err();
        assert_eq!(
            (error.code(), error.is_unprocessed()),
            (Code::Unavailable, true)
        );
        assert!(error.message().starts_with(text), "{error}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_sender_that_is_kept_keeps_nothing_of_its_call() {
    let (ours, theirs) = tokio::io::duplex(1 << 16);
    let client = h2::client::handshake(ours);
    let (client, server) = tokio::join!(client, h2::server::handshake(theirs));
    let (mut requests, connection) = client.unwrap();
    let request = Request::post("http://node:1/a.B/C").body(()).unwrap();
    let (response, sending) = requests.send_request(request, false).unwrap();
    let (buffer, dirty) = (SendBuffer::new(), Arc::new(DirtyList::default()));
    let outgoing = Outgoing::new(
        sending,
        Bytes::new(),
        buffer.clone(),
        100,
        false,
        dirty.clone(),
    );
    outgoing.pump();
    outgoing.finish();
    let left = Arc::downgrade(&outgoing);
    drop((outgoing, response, requests, connection, server));
    drop(dirty.close());
    assert_eq!(left.strong_count(), 0);
    assert!(send(&buffer, b"").await.is_err());
}

/// Sends back what comes, as it comes.
async fn echo(mut request: Request<RecvStream>, mut respond: SendResponse<Bytes>) {
    let Ok(mut body) = respond.send_response(head(), false) else {
        return;
    };
    while let Some(Ok(chunk)) = request.body_mut().data().await {
        let flow = request.body_mut().flow_control();
        let released = flow.release_capacity(chunk.len());
        if released.is_err() || body.send_data(chunk, false).is_err() {
            return;
        }
    }
    let _ = body.send_trailers(headers(&[("grpc-status", "0")]));
}

/// One of four kinds of load: a short call, a long one, a stream, and one that is given up.
async fn load(connection: Arc<dyn Connection>, index: usize) {
    for round in 0..4 {
        let buffer = SendBuffer::new();
        let long = vec![index as u8; 1 << 20];
        let mut call = match (index + round) % 4 {
            0 => unary(b"short"),
            1 if index % 16 < 2 => unary(&long),
            _ => stream(&buffer),
        };
        let mut started = loop {
            match connection.start(call) {
                Ok(started) => break started,
                Err(Refused::Busy(back)) => call = *back,
                Err(refused) => panic!("{refused:?}"),
            }
            call.turn = Some(connection.ready().await.unwrap());
        };
        let sending = async {
            for _ in 0..200 {
                send(&buffer, &long[..500]).await.unwrap();
            }
            buffer.end();
        };
        match (index + round) % 4 {
            0 => assert_eq!(all(&mut started).await.unwrap(), ["short"]),
            1 if index % 16 < 2 => assert_eq!(all(&mut started).await.unwrap().concat(), long),
            1 | 2 => {
                let (_, heard) = tokio::join!(sending, all(&mut started));
                assert_eq!(heard.unwrap().len(), 200);
            }
            _ => {
                let (_, heard) = tokio::join!(sending, next(&mut started));
                assert_eq!(heard.unwrap().unwrap(), long[..500]);
            }
        }
    }
}

async fn many_tasks_share_one_connection() {
    let config = GrpcConfig::default()
        .stream_window(65_535)
        .connection_window(65_535);
    let mut builder = h2::server::Builder::new();
    builder
        .max_concurrent_streams(100)
        .max_pending_accept_reset_streams(1024)
        .data_frame_budget(1 << 26);
    let (connection, server) = connect_with(config, &builder).await;
    serve(server, echo);
    let tasks: Vec<_> = (0..256)
        .map(|index| tokio::spawn(load(connection.clone(), index)))
        .collect();
    for task in tasks {
        soon(task).await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn many_tasks_share_one_connection_on_one_worker() {
    many_tasks_share_one_connection().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_tasks_share_one_connection_on_two_workers() {
    many_tasks_share_one_connection().await;
}

const SECOND: Duration = Duration::from_secs(1);

fn pinging() -> GrpcConfig {
    GrpcConfig::default()
        .keep_alive_interval(30 * SECOND)
        .keep_alive_timeout(10 * SECOND)
}

#[tokio::test(start_paused = true)]
async fn calls_to_a_peer_that_froze_fail_within_interval_and_timeout() {
    let (connection, mut server) = connect_with(pinging(), &h2::server::Builder::new()).await;
    let buffer = SendBuffer::new();
    let mut running = [unary(b"a"), stream(&buffer)].map(|call| connection.start(call).unwrap());
    let (_request, _respond) = server.accept().await.unwrap().unwrap();
    // From here on nobody polls the server: it is frozen, and its socket stays open.
    let clock = Seam::default().clock;
    let begun = clock.now();
    for frames in &mut running {
        let error = poll_fn(|cx| frames.poll_metadata(cx)).await.unwrap_err();
        assert_eq!(error.code(), Code::Unavailable, "{error:?}");
        assert!(error.message().contains("ping"), "{error:?}");
        assert!(!error.is_unprocessed());
    }
    assert_eq!(clock.now().since(begun), 40 * SECOND);
    assert!(!connection.is_open());
    assert!(send(&buffer, b"late").await.is_err());
}

#[tokio::test(start_paused = true)]
async fn a_peer_that_is_slow_but_there_is_waited_for() {
    let (connection, server) = connect_with(pinging(), &h2::server::Builder::new()).await;
    let clock = Seam::default().clock;
    serve(server, move |_, mut respond| async move {
        clock.sleep(600 * SECOND).await;
        let response = Response::builder()
            .header("content-type", "application/grpc")
            .header("grpc-status", "0");
        respond
            .send_response(response.body(()).unwrap(), true)
            .unwrap();
    });
    for _ in 0..2 {
        let mut frames = connection.start(unary(b"a")).unwrap();
        poll_fn(|cx| frames.poll_metadata(cx)).await.unwrap();
    }
    assert!(connection.is_open());
}

#[tokio::test(start_paused = true)]
async fn a_connection_without_calls_is_left_alone() {
    let (connection, server) = connect_with(pinging(), &h2::server::Builder::new()).await;
    let clock = Seam::default().clock;
    // The server is frozen and would not answer a ping.
    clock.sleep(7200 * SECOND).await;
    assert!(connection.is_open());
    drop(server);
}
