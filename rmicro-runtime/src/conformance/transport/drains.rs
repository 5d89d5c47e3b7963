//! Checks of how a listener goes: drained, at the limit, or dropped.

use std::time::Duration;

use tokio::task::yield_now;

use super::pair::{Client, KINDS, Pair, frame, head};
use super::served::{Served, on};
use crate::call::Kind;
use crate::error::{Code, Error, Result};
use crate::transport::{Body, ClientCall, Refused, Transport};

const HOUR: Duration = Duration::from_secs(3600);

/// Nothing runs, so there is nothing to wait for and nothing to cut.
pub async fn an_idle_listener_drains_at_once<T: Transport>(transport: &T) {
    let pair = Pair::new(transport, vec![]).await;
    pair.echo().await;
    assert_eq!(pair.listener.drain(HOUR).await, 0);
    while pair.connection.is_open() {
        yield_now().await;
    }
    assert!(pair.connection.ready().await.is_err());
}

/// What runs goes on to its own end, and the drain ends with it.
pub async fn a_drain_lets_running_calls_finish<T: Transport>(transport: &T) {
    let pair = Pair::new(transport, KINDS.map(|kind| on(kind, patient)).into()).await;
    let mut calls = start_all(&pair).await;
    let finish = async {
        while pair.connection.is_open() {
            yield_now().await;
        }
        pair.probe.open();
        for call in &mut calls {
            let (replies, end) = call.rest().await;
            end.unwrap();
            assert_eq!(replies, ["at last"]);
        }
    };
    let (cut, ()) = tokio::join!(pair.listener.drain(HOUR), finish);
    assert_eq!(cut, 0);
}

/// A call that comes too late may go to another node: nobody has seen it.
pub async fn a_drain_refuses_new_calls_as_unprocessed<T: Transport>(transport: &T) {
    let pair = Pair::new(transport, vec![on(Kind::BidiStreaming, patient)]).await;
    let mut running = pair.stream(Kind::BidiStreaming).await;
    pair.probe.started(1).await;
    let late = async {
        let refused = call_until_refused(&pair).await;
        assert_eq!(refused.code(), Code::Unavailable, "{refused}");
        assert!(refused.is_unprocessed(), "{refused}");
        assert!(!pair.connection.is_open());
        let error = transport.dial(pair.listener.address()).await.unwrap_err();
        assert!(error.is_unprocessed(), "{error}");
        pair.probe.open();
        running.rest().await.1.unwrap();
    };
    let (cut, ()) = tokio::join!(pair.listener.drain(HOUR), late);
    assert_eq!(cut, 0);
}

/// What is not done in time is cut: its handlers are dropped, its clients are told, and its connections are counted.
pub async fn the_limit_of_a_drain_cuts_what_is_left<T: Transport>(transport: &T) {
    let mut pair = Pair::new(transport, KINDS.map(|kind| on(kind, patient)).into()).await;
    let mut calls = start_all(&pair).await;
    pair.connection = transport.dial(pair.listener.address()).await.unwrap();
    calls.push(pair.stream(Kind::BidiStreaming).await);
    pair.probe.started(5).await;
    assert_eq!(pair.listener.drain(Duration::from_millis(100)).await, 2);
    all_were_cut(&pair, &mut calls).await;
}

/// A listener that is dropped takes everything with it.
pub async fn dropping_the_listener_cuts<T: Transport>(transport: &T) {
    let mut pair = Pair::new(transport, KINDS.map(|kind| on(kind, patient)).into()).await;
    let mut calls = start_all(&pair).await;
    let other = Pair::new(transport, vec![]).await;
    drop(std::mem::replace(&mut pair.listener, other.listener));
    all_were_cut(&pair, &mut calls).await;
    while pair.connection.is_open() {
        yield_now().await;
    }
}

async fn patient(call: Served) -> Result<()> {
    call.probe.gate().await;
    call.answer(b"at last").await
}

/// A running call of each kind.
async fn start_all(pair: &Pair) -> Vec<Client> {
    let mut calls = Vec::new();
    for (at, kind) in KINDS.into_iter().enumerate() {
        let mut call = pair.any(head(kind), kind).await;
        call.until(pair.probe.started(at + 1)).await;
        calls.push(call);
    }
    calls
}

/// The calls were seen by handlers, so nobody may say that they were not.
async fn all_were_cut(pair: &Pair, calls: &mut [Client]) {
    for call in calls.iter_mut() {
        let error = call.error().await;
        assert_eq!(error.code(), Code::Unavailable, "{error}");
        assert!(!error.is_unprocessed(), "{error}");
    }
    pair.probe.gone(calls.len()).await;
}

/// Calls until the connection takes no more; a call that went out before the news came is served, or is unprocessed too.
async fn call_until_refused(pair: &Pair) -> Error {
    loop {
        let call = ClientCall::new(head(Kind::Unary), Kind::Unary, Body::One(frame(b"late")));
        match pair.connection.start(call) {
            Ok(replies) => {
                let requests = crate::call::SendBuffer::new();
                let mut call = Client { replies, requests };
                let error = call.error().await;
                assert!(
                    error.code() == Code::Unimplemented || error.is_unprocessed(),
                    "{error}"
                );
            }
            Err(Refused::Busy(_)) => {}
            Err(Refused::Closed(error, _)) => return error,
        }
        yield_now().await;
    }
}
