//! Checks of what waits and what does not: back-pressure, and many calls at once.

use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use tokio::task::{JoinSet, yield_now};

use super::pair::{KINDS, Pair, head, push};
use super::served::{Served, on};
use crate::call::{FRAME_PREFIX, Kind, SEND_LIMIT};
use crate::error::Result;
use crate::transport::Transport;

/// How much may be under way to somebody who does not read: a window of 64 KiB, a buffer on each side of it, and some room.
const BOUND: usize = 256 * 1024;
const PIECE: usize = 1024;
/// Far more than may be under way.
const TOTAL: usize = 4 << 20;
/// Calls from one end to the other and back, during which everything that can go on does.
const ROUNDS: usize = 64;

/// As long as little waits to leave, a sender goes on, and one message is taken whole, however large.
pub async fn a_sender_waits_only_while_the_limit_waits<T: Transport>(transport: &T) {
    let sends = |call: Served| async move {
        for _ in 0..SEND_LIMIT / (PIECE + FRAME_PREFIX) {
            assert!(at_once(call.send(&[0; PIECE])).is_some_and(|sent| sent.is_ok()));
        }
        call.probe.gate().await;
        Ok(())
    };
    let pair = Pair::new(transport, vec![on(Kind::BidiStreaming, sends)]).await;
    let mut call = pair.stream(Kind::BidiStreaming).await;
    assert!(at_once(call.send(&[0; 1 << 20])).is_some_and(|sent| sent.is_ok()));
    pair.probe.open();
    call.rest().await.1.unwrap();
}

/// A send that waits and is dropped has sent nothing, on either side.
pub async fn dropping_a_waiting_send_sends_nothing<T: Transport>(transport: &T) {
    let both = |mut call: Served| async move {
        let mut sent = 0_u32;
        while matches!(at_once(call.send(&numbered(sent))), Some(Ok(()))) {
            sent += 1;
        }
        call.probe.gate().await;
        call.send(&numbered(sent)).await?;
        let mut received = 0_u32;
        while let Some(message) = call.recv().await? {
            assert_eq!(message, numbered(received));
            received += 1;
        }
        call.send(&received.to_be_bytes()).await
    };
    let pair = Pair::new(transport, vec![on(Kind::BidiStreaming, both)]).await;
    let mut call = pair.stream(Kind::BidiStreaming).await;
    let mut sent = 0_u32;
    while matches!(at_once(call.send(&numbered(sent))), Some(Ok(()))) {
        sent += 1;
    }
    call.end();
    pair.probe.open();
    let (mut replies, end) = call.rest().await;
    end.unwrap();
    let received = replies.pop().unwrap();
    assert_eq!(received, &sent.to_be_bytes()[..]);
    for (number, reply) in (0..).zip(&replies) {
        assert_eq!(reply, &numbered(number), "reply {number}");
    }
}

/// A handler whose replies nobody reads stands still soon, and goes on when they are read.
pub async fn a_handler_that_nobody_reads_stands_still<T: Transport>(transport: &T) {
    let sends = |call: Served| async move {
        for _ in 0..TOTAL / PIECE {
            call.probe.sent(PIECE);
            call.send(&[7; PIECE]).await?;
        }
        Ok(())
    };
    let pair = Pair::new(transport, vec![on(Kind::ServerStreaming, sends)]).await;
    // A reader that stands still may hold up its own connection.
    let aside = transport.dial(pair.listener.address()).await.unwrap();
    let mut call = pair.one(Kind::ServerStreaming, b"").await;
    pair.probe.started(1).await;
    for _ in 0..ROUNDS {
        Pair::echo_on(&*aside).await;
        yield_now().await;
    }
    let mut read = 0;
    loop {
        let under_way = pair.probe.sent_so_far() - read;
        assert!(under_way < BOUND, "{under_way} bytes are under way");
        match call.recv().await.unwrap() {
            Some(message) => read += message.len(),
            None => break,
        }
    }
    assert_eq!(read, TOTAL);
}

/// A client whose requests no handler reads stands still soon, and goes on when they are read.
pub async fn a_client_that_nobody_reads_stands_still<T: Transport>(transport: &T) {
    let reads = |mut call: Served| async move {
        call.probe.gate().await;
        let mut read = 0_usize;
        while let Some(message) = call.recv().await? {
            read += message.len();
        }
        call.answer(read.to_string().as_bytes()).await
    };
    let pair = Pair::new(transport, vec![on(Kind::ClientStreaming, reads)]).await;
    let aside = transport.dial(pair.listener.address()).await.unwrap();
    let mut call = pair.stream(Kind::ClientStreaming).await;
    let mut sent = 0;
    for _ in 0..ROUNDS {
        while sent < TOTAL && matches!(at_once(call.send(&[7; PIECE])), Some(Ok(()))) {
            sent += PIECE;
        }
        assert!(sent < BOUND, "{sent} bytes are under way");
        Pair::echo_on(&*aside).await;
        yield_now().await;
    }
    pair.probe.open();
    while sent < TOTAL {
        call.send(&[7; PIECE]).await.unwrap();
        sent += PIECE;
    }
    call.end();
    let (replies, end) = call.rest().await;
    end.unwrap();
    assert_eq!(replies, [TOTAL.to_string()]);
}

/// 256 calls of the four kinds at once on one connection, of which many wait for one another.
pub async fn many_calls_of_all_kinds_run_at_once<T: Transport>(transport: &T) {
    let pair = Pair::new(transport, KINDS.map(|kind| on(kind, crowded)).into()).await;
    let pair = Arc::new(pair);
    let mut calls = JoinSet::new();
    for number in 0..256_usize {
        let pair = Arc::clone(&pair);
        calls.spawn(async move {
            let kind = KINDS[number % KINDS.len()];
            let message = number.to_string();
            let mut call = pair.any(head(kind), kind).await;
            if kind.client_streams() {
                let requests = call.requests.clone();
                for _ in 0..20 {
                    push(&requests, message.as_bytes()).await.unwrap();
                    yield_now().await;
                }
                call.end();
            }
            let (replies, end) = call.rest().await;
            end.unwrap();
            let count = if kind.server_streams() { 20 } else { 1 };
            let expected = if kind.client_streams() {
                &message
            } else {
                "request"
            };
            assert_eq!(replies, vec![expected; count], "{kind:?}");
        });
    }
    // A transport may let fewer than all of them in at a time.
    pair.probe.started(64).await;
    pair.probe.open();
    while let Some(done) = calls.join_next().await {
        done.expect("the call did what it should");
    }
    pair.probe.gone(256).await;
}

/// Waits for the others, then answers in the way of its kind.
async fn crowded(mut call: Served) -> Result<()> {
    call.probe.gate().await;
    let message = call.recv().await?.unwrap_or_default();
    if call.replies.is_some() {
        for _ in 0..20 {
            call.send(&message).await?;
            yield_now().await;
        }
    } else {
        call.answer(&message).await?;
    }
    if matches!(call.request, crate::call::Request::Stream(_)) {
        while call.recv().await?.is_some() {}
    }
    Ok(())
}

/// A message of 4 KiB that begins with its number.
fn numbered(number: u32) -> Vec<u8> {
    let mut message = vec![0; 4096];
    message[..4].copy_from_slice(&number.to_be_bytes());
    message
}

/// What `future` gives without waiting; it is dropped when it would wait.
fn at_once<F: Future>(future: F) -> Option<F::Output> {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(output) => Some(output),
        Poll::Pending => None,
    }
}
