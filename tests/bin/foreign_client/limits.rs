//! Sizes and numbers.

use rmicro_runtime::{Code, Result};
use rmicro_tests::hello;
use rmicro_tests::judge::Case;
use tokio::task::JoinSet;

use crate::peer::Peer;

pub(crate) const CASES: &[Case<Peer>] = rmicro_tests::cases![
    unary_200_at_once,
    chats_100_at_once,
    message_of_1_mib,
    message_just_below_4_mib,
    request_above_our_4_mib,
    reply_above_our_4_mib,
    request_above_the_peers_4_mib,
    slow_reader,
];

const MIB: usize = 1 << 20;

pub(crate) async fn unary_200_at_once(peer: Peer) -> Result<()> {
    let mut calls = JoinSet::new();
    for number in 0..200 {
        let peer = peer.clone();
        calls.spawn(async move {
            let reply = peer.ask(&number.to_string()).await?;
            assert_eq!(reply, format!("Hello, {number}!"));
            Result::Ok(())
        });
    }
    all(calls).await
}

/// More streams at once than many servers allow on a connection, each in lockstep, all open before one goes on.
async fn chats_100_at_once(peer: Peer) -> Result<()> {
    let barrier = std::sync::Arc::new(tokio::sync::Barrier::new(100));
    let mut chats = JoinSet::new();
    for number in 0..100 {
        let (peer, barrier) = (peer.clone(), barrier.clone());
        chats.spawn(async move {
            let mut chat = peer.greeter.chat().await?;
            chat.send(hello("first")).await?;
            assert!(chat.recv().await?.is_some());
            barrier.wait().await;
            chat.send(hello(&number.to_string())).await?;
            let reply = chat.recv().await?.expect("an answer to each");
            assert_eq!(reply.message, format!("Hello, {number}!"));
            chat.close_send();
            assert_eq!(chat.recv().await?, None);
            Result::Ok(())
        });
    }
    all(chats).await
}

pub(crate) async fn message_of_1_mib(peer: Peer) -> Result<()> {
    greets(&peer, MIB).await?;
    let name = "x".repeat(MIB);
    let mut replies = peer.greeter.hello_often(hello(&name)).await?;
    let mut count = 0;
    while let Some(reply) = replies.recv().await? {
        assert!(
            reply.message == format!("Hello, {name}!"),
            "the reply is damaged"
        );
        count += 1;
    }
    assert_eq!(count, 3);
    Ok(())
}

async fn message_just_below_4_mib(peer: Peer) -> Result<()> {
    greets(&peer, 4 * MIB - 64).await
}

async fn request_above_our_4_mib(peer: Peer) -> Result<()> {
    let error = peer.ask(&"x".repeat(4 * MIB + 1)).await.unwrap_err();
    assert_eq!(error.code(), Code::ResourceExhausted, "{error:?}");
    peer.must_be_well().await
}

async fn reply_above_our_4_mib(peer: Peer) -> Result<()> {
    let order = format!("size {}", 4 * MIB + 1);
    let error = peer.ask(&order).await.unwrap_err();
    assert_eq!(error.code(), Code::ResourceExhausted, "{error:?}");
    peer.must_be_well().await
}

/// The server refuses before it has read the request. tonic says OUT_OF_RANGE where all others say RESOURCE_EXHAUSTED.
async fn request_above_the_peers_4_mib(peer: Peer) -> Result<()> {
    let call = peer.unlimited.hello(hello(&"x".repeat(4 * MIB + 1)));
    let code = call.await.unwrap_err().code();
    assert!(
        matches!(code, Code::ResourceExhausted | Code::OutOfRange),
        "{code}"
    );
    let reply = peer.unlimited.hello(hello("Ana")).await?;
    assert_eq!(reply.message, "Hello, Ana!");
    Ok(())
}

/// 64 MiB towards a client that does not read yet: the others' calls go on, and nothing is lost.
async fn slow_reader(peer: Peer) -> Result<()> {
    let name = "x".repeat(MIB);
    let (mut requests, mut replies) = peer.greeter.chat().await?.split();
    let sent = name.clone();
    let sending = tokio::spawn(async move {
        for _ in 0..64 {
            requests.send(hello(&sent)).await?;
        }
        Result::Ok(())
    });
    tokio::time::sleep(std::time::Duration::from_millis(500)).await;
    peer.must_be_well().await?;
    let mut count = 0;
    while let Some(reply) = replies.recv().await? {
        assert!(
            reply.message == format!("Hello, {name}!"),
            "the reply is damaged"
        );
        count += 1;
    }
    assert_eq!(count, 64);
    sending.await.expect("sending does not panic")
}

async fn greets(peer: &Peer, bytes: usize) -> Result<()> {
    let name = "x".repeat(bytes);
    let reply = peer.ask(&name).await?;
    assert!(reply == format!("Hello, {name}!"), "the reply is damaged");
    Ok(())
}

async fn all(mut calls: JoinSet<Result<()>>) -> Result<()> {
    while let Some(call) = calls.join_next().await {
        call.unwrap_or_else(|panic| std::panic::resume_unwind(panic.into_panic()))?;
    }
    Ok(())
}
