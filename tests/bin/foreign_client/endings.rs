//! Calls that end otherwise: by an error, a deadline, a cancel.

use std::time::{Duration, Instant};

use prost::Message;
use rmicro_runtime::{Code, Result};
use rmicro_tests::judge::Case;
use rmicro_tests::{HelloReply, hello};

use crate::peer::Peer;

pub(crate) const CASES: &[Case<Peer>] = rmicro_tests::cases![
    every_code,
    error_beyond_ascii,
    error_details,
    error_on_a_server_stream,
    error_before_half_close,
    error_on_a_chat,
    deadline_reaches_the_handler,
    deadline_passes,
    deadline_passes_on_a_stream,
    cancel_reaches_the_handler,
    cancel_of_a_stream_reaches_the_handler,
    cancel_in_mid_stream_50_times,
];

async fn every_code(peer: Peer) -> Result<()> {
    for code in Code::ALL.into_iter().skip(1) {
        let order = format!("fail {} no such user", code.number());
        let error = peer.ask(&order).await.unwrap_err();
        assert_eq!((error.code(), error.message()), (code, "no such user"));
    }
    peer.must_be_well().await
}

async fn error_beyond_ascii(peer: Peer) -> Result<()> {
    let text = "100% of naïve ☺ 😈\r\n\tlines";
    let error = peer.ask(&format!("fail 5 {text}")).await.unwrap_err();
    assert_eq!((error.code(), error.message()), (Code::NotFound, text));
    Ok(())
}

async fn error_details(peer: Peer) -> Result<()> {
    let error = peer.ask("fail 9 not now").await.unwrap_err();
    let [detail] = error.details() else {
        panic!("one detail, not {:?}", error.details());
    };
    assert_eq!(detail.type_url, "type.googleapis.com/greet.v1.HelloReply");
    let value = HelloReply::decode(detail.value.clone()).expect("a sound detail");
    assert_eq!(value.message, "not now");
    Ok(())
}

pub(crate) async fn error_on_a_server_stream(peer: Peer) -> Result<()> {
    let mut replies = peer
        .greeter
        .hello_often(hello("fail 5 no such user"))
        .await?;
    assert_eq!(
        replies.recv().await?.expect("one greeting").message,
        "Hello, first!"
    );
    let error = replies.recv().await.unwrap_err();
    assert_eq!(
        (error.code(), error.message()),
        (Code::NotFound, "no such user")
    );
    assert_eq!(replies.recv().await?, None);
    peer.must_be_well().await
}

/// The server answers while the client's side is still open.
async fn error_before_half_close(peer: Peer) -> Result<()> {
    let (mut requests, mut replies) = peer.greeter.chat().await?.split();
    requests.send(hello("fail 9 enough")).await?;
    let error = replies.recv().await.unwrap_err();
    assert_eq!(
        (error.code(), error.message()),
        (Code::FailedPrecondition, "enough")
    );
    assert!(
        requests.send(hello("Ana")).await.is_err(),
        "the call has ended"
    );
    peer.must_be_well().await
}

async fn error_on_a_chat(peer: Peer) -> Result<()> {
    let mut chat = peer.greeter.chat().await?;
    chat.send(hello("Ana")).await?;
    chat.send(hello("fail 10 again")).await?;
    chat.close_send();
    assert_eq!(
        chat.recv().await?.expect("one greeting").message,
        "Hello, Ana!"
    );
    let error = chat.recv().await.unwrap_err();
    assert_eq!((error.code(), error.message()), (Code::Aborted, "again"));
    Ok(())
}

pub(crate) async fn deadline_reaches_the_handler(peer: Peer) -> Result<()> {
    let call = peer
        .greeter
        .hello(hello("deadline"))
        .timeout(Duration::from_secs(5));
    let left: u64 = call.await?.message.parse().expect("milliseconds");
    assert!((1_000..=5_000).contains(&left), "{left} ms left of 5000");
    Ok(())
}

pub(crate) async fn deadline_passes(peer: Peer) -> Result<()> {
    let before = peer.cancelled().await?;
    let begun = Instant::now();
    let call = peer
        .greeter
        .hello(hello("wait"))
        .timeout(Duration::from_millis(300));
    assert_eq!(call.await.unwrap_err().code(), Code::DeadlineExceeded);
    in_time(begun, 300);
    peer.sees_a_cancel(before).await
}

async fn deadline_passes_on_a_stream(peer: Peer) -> Result<()> {
    let begun = Instant::now();
    let mut chat = peer
        .greeter
        .chat()
        .timeout(Duration::from_millis(500))
        .await?;
    chat.send(hello("Ana")).await?;
    assert!(chat.recv().await?.is_some());
    assert_eq!(
        chat.recv().await.unwrap_err().code(),
        Code::DeadlineExceeded
    );
    in_time(begun, 500);
    peer.must_be_well().await
}

pub(crate) async fn cancel_reaches_the_handler(peer: Peer) -> Result<()> {
    let before = peer.cancelled().await?;
    let call = tokio::spawn(peer.greeter.hello(hello("wait")).into_future());
    tokio::time::sleep(Duration::from_millis(200)).await;
    call.abort();
    peer.sees_a_cancel(before).await
}

async fn cancel_of_a_stream_reaches_the_handler(peer: Peer) -> Result<()> {
    let before = peer.cancelled().await?;
    let mut replies = peer.greeter.hello_often(hello("wait")).await?;
    assert!(replies.recv().await?.is_some());
    drop(replies);
    peer.sees_a_cancel(before).await
}

async fn cancel_in_mid_stream_50_times(peer: Peer) -> Result<()> {
    for _ in 0..50 {
        let mut chat = peer.greeter.chat().await?;
        chat.send(hello("Ana")).await?;
        assert!(chat.recv().await?.is_some());
    }
    peer.must_be_well().await
}

/// A deadline of `wanted` milliseconds was kept.
fn in_time(begun: Instant, wanted: u128) {
    let took = begun.elapsed().as_millis();
    assert!(
        (wanted - 50..wanted + 3_000).contains(&took),
        "took {took} ms instead of {wanted}"
    );
}
