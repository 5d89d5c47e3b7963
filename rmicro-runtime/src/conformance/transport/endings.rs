//! Checks of how calls end: by the handler's return, by giving up, by the deadline.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::task::yield_now;

use super::pair::{Client, KINDS, Pair, head, push};
use super::served::{Served, on};
use crate::call::{Kind, SendBuffer};
use crate::error::{Code, Error, Result};
use crate::seam::Clock;
use crate::transport::Transport;

/// Replies that were sent before an error, or before the end, come first; even those that never saw the handler wait.
pub async fn what_was_sent_before_the_end_is_delivered<T: Transport>(transport: &T) {
    let three = |call: Served| async move {
        for reply in [b"1", b"2", b"3"] {
            call.send(reply).await?;
        }
        call.state.insert_trailer("x-trailer", "1")
    };
    let fails = move |call: Served| async move {
        three(call).await?;
        Err(Error::data_loss("after three"))
    };
    let methods = vec![
        on(Kind::ServerStreaming, three),
        on(Kind::BidiStreaming, fails),
    ];
    let pair = Pair::new(transport, methods).await;
    let mut well = pair.one(Kind::ServerStreaming, b"").await;
    let (replies, end) = well.rest().await;
    end.unwrap();
    assert_eq!(replies, ["1", "2", "3"]);
    assert_eq!(well.trailers().get("x-trailer"), Some("1"));
    let (replies, end) = pair.stream(Kind::BidiStreaming).await.rest().await;
    assert_eq!(replies, ["1", "2", "3"]);
    assert_eq!(end.unwrap_err().code(), Code::DataLoss);
}

/// The client that still sends learns that the call is over, and that `recv` knows more; the reply is there.
pub async fn the_handlers_return_ends_the_call<T: Transport>(transport: &T) {
    let first = |mut call: Served| async move {
        let message = call.recv().await?.unwrap_or_default();
        call.answer(&message[..1]).await
    };
    let kinds = [Kind::ClientStreaming, Kind::BidiStreaming];
    let pair = Pair::new(transport, kinds.map(|kind| on(kind, first)).into()).await;
    for kind in kinds {
        let mut call = pair.stream(kind).await;
        send_until_refused(&call).await;
        let (replies, end) = call.rest().await;
        end.unwrap();
        assert_eq!(replies, ["x"], "{kind:?}");
        send_until_refused(&call).await;
    }
}

/// A failure does not wait for the client to be done.
pub async fn a_handler_may_fail_while_the_client_still_sends<T: Transport>(transport: &T) {
    let fail = |mut call: Served| async move {
        call.recv().await?;
        Err(Error::permission_denied("one was enough"))
    };
    let kinds = [Kind::ClientStreaming, Kind::BidiStreaming];
    let pair = Pair::new(transport, kinds.map(|kind| on(kind, fail)).into()).await;
    for kind in kinds {
        let mut call = pair.stream(kind).await;
        send_until_refused(&call).await;
        let error = call.error().await;
        assert_eq!(error.code(), Code::PermissionDenied, "{kind:?}: {error}");
    }
}

/// Whoever keeps the sending half of a call beyond its end is told, whether the handler returned or was dropped.
pub async fn a_sender_kept_longer_gets_cancelled<T: Transport>(transport: &T) {
    let kept = Kept::default();
    let keeps = {
        let kept = kept.clone();
        move |mut call: Served| {
            let kept = kept.clone();
            async move {
                kept.put(call.replies.clone());
                call.recv().await.map(drop)
            }
        }
    };
    let pair = Pair::new(transport, vec![on(Kind::BidiStreaming, keeps)]).await;
    let mut call = pair.stream(Kind::BidiStreaming).await;
    call.end();
    call.rest().await.1.unwrap();
    assert_eq!(refusal(&kept.take()).await.code(), Code::Cancelled);

    let call = pair.stream(Kind::BidiStreaming).await;
    pair.probe.started(2).await;
    while kept.is_empty() {
        yield_now().await;
    }
    drop(call);
    pair.probe.gone(2).await;
    assert_eq!(refusal(&kept.take()).await.code(), Code::Cancelled);
}

/// A client that gives up ends the handler where it waits.
pub async fn dropping_the_call_drops_the_handler<T: Transport>(transport: &T) {
    let pair = Pair::new(transport, KINDS.map(|kind| on(kind, forever)).into()).await;
    for (at, kind) in KINDS.into_iter().enumerate() {
        let mut call = pair.any(head(kind), kind).await;
        call.until(pair.probe.started(at + 1)).await;
        drop(call);
        pair.probe.gone(at + 1).await;
    }
    pair.echo().await;
}

/// The sending half of a call that was given up does not wait for a room that never comes.
pub async fn a_sender_of_a_dropped_call_does_not_wait<T: Transport>(transport: &T) {
    let pair = Pair::new(transport, vec![on(Kind::BidiStreaming, forever)]).await;
    let call = pair.stream(Kind::BidiStreaming).await;
    pair.probe.started(1).await;
    let Client { replies, requests } = call;
    drop(replies);
    refusal(&requests).await;
}

/// At its deadline a handler that waits is dropped, and the client is told.
pub async fn the_deadline_drops_a_handler_that_waits<T: Transport>(transport: &T) {
    let pair = Pair::new(transport, KINDS.map(|kind| on(kind, forever)).into()).await;
    for (at, kind) in KINDS.into_iter().enumerate() {
        let mut head = head(kind);
        head.deadline = Some(Clock::default().now().after(Duration::from_millis(50)));
        let mut call = pair.any(head, kind).await;
        let error = call.error().await;
        assert_eq!(error.code(), Code::DeadlineExceeded, "{kind:?}: {error}");
        pair.probe.gone(at + 1).await;
    }
    pair.echo().await;
}

/// Waits as long as the call is alive.
async fn forever(call: Served) -> Result<()> {
    std::future::pending::<()>().await;
    drop(call);
    Ok(())
}

async fn send_until_refused(call: &Client) {
    let error = refusal(&call.requests).await;
    assert!(
        error.message().contains("recv"),
        "it points nowhere: {error}"
    );
}

/// Sends until that is refused.
async fn refusal(buffer: &SendBuffer) -> Error {
    loop {
        if let Err(error) = push(buffer, &[b'x'; 1024]).await {
            return error;
        }
        yield_now().await;
    }
}

/// A buffer that outlives its handler.
#[derive(Clone, Default)]
struct Kept(Arc<Mutex<Option<SendBuffer>>>);

impl Kept {
    fn put(&self, buffer: Option<SendBuffer>) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = buffer;
    }

    fn is_empty(&self) -> bool {
        let kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        kept.is_none()
    }

    fn take(&self) -> SendBuffer {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        kept.take().expect("the handler has kept its buffer")
    }
}
