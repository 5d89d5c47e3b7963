//! Checks of streams: their order, their halves, and when reply metadata leaves.

use std::future::poll_fn;
use std::task::Poll;

use super::pair::Pair;
use super::served::{Served, on};
use crate::call::Kind;
use crate::transport::Transport;

/// Every reply arrives, in order, and then the end.
pub async fn a_server_stream_delivers_in_order_and_ends<T: Transport>(transport: &T) {
    let count = |mut call: Served| async move {
        let request = call.recv().await?.unwrap_or_default();
        assert_eq!(request, "go");
        for number in 0..1000_u32 {
            call.send(&number.to_be_bytes()).await?;
        }
        Ok(())
    };
    let pair = Pair::new(transport, vec![on(Kind::ServerStreaming, count)]).await;
    let mut call = pair.one(Kind::ServerStreaming, b"go").await;
    for number in 0..1000_u32 {
        assert_eq!(
            call.recv().await.unwrap().unwrap(),
            &number.to_be_bytes()[..]
        );
    }
    assert!(call.recv().await.unwrap().is_none());
    assert!(call.recv().await.unwrap().is_none(), "more after the end");
}

/// Many requests, in order, and one reply.
pub async fn a_client_stream_gets_its_one_reply<T: Transport>(transport: &T) {
    let join = |mut call: Served| async move {
        let mut all = Vec::new();
        while let Some(message) = call.recv().await? {
            all.extend_from_slice(&message);
        }
        call.reply(&all);
        Ok(())
    };
    let pair = Pair::new(transport, vec![on(Kind::ClientStreaming, join)]).await;
    let mut call = pair.stream(Kind::ClientStreaming).await;
    let mut all = Vec::new();
    for number in 0..1000_u32 {
        call.send(&number.to_be_bytes()).await.unwrap();
        all.extend_from_slice(&number.to_be_bytes());
    }
    call.end();
    let (replies, end) = call.rest().await;
    end.unwrap();
    assert_eq!(replies, [all]);
}

/// Each message is answered before the next one is sent.
pub async fn a_bidi_stream_answers_each_message<T: Transport>(transport: &T) {
    let pair = Pair::new(transport, vec![on(Kind::BidiStreaming, chat)]).await;
    let mut call = pair.stream(Kind::BidiStreaming).await;
    for number in 0..100_u32 {
        call.send(&number.to_be_bytes()).await.unwrap();
        assert_eq!(
            call.recv().await.unwrap().unwrap(),
            &number.to_be_bytes()[..]
        );
    }
    call.end();
    assert!(call.recv().await.unwrap().is_none());
}

/// A handler needs no client that reads: it starts, and goes on while nobody polls the call.
pub async fn a_stream_goes_on_while_its_client_does_nothing<T: Transport>(transport: &T) {
    let pair = Pair::new(
        transport,
        vec![
            on(Kind::BidiStreaming, chat),
            on(Kind::ServerStreaming, chat),
        ],
    )
    .await;
    let mut often = pair.one(Kind::ServerStreaming, b"unread").await;
    pair.probe.gone(1).await;
    let mut call = pair.stream(Kind::BidiStreaming).await;
    call.send(b"unread").await.unwrap();
    call.end();
    pair.probe.gone(2).await;
    for call in [&mut often, &mut call] {
        let (replies, end) = call.rest().await;
        end.unwrap();
        assert_eq!(replies, ["unread"]);
    }
}

/// A half-close is seen as the end of the requests, and the handler may go on sending.
pub async fn replies_go_on_after_the_client_has_ended<T: Transport>(transport: &T) {
    let late = |mut call: Served| async move {
        while call.recv().await?.is_some() {}
        call.probe.gate().await;
        for reply in [b"1", b"2", b"3"] {
            call.send(reply).await?;
            tokio::task::yield_now().await;
        }
        Ok(())
    };
    let pair = Pair::new(transport, vec![on(Kind::BidiStreaming, late)]).await;
    let mut call = pair.stream(Kind::BidiStreaming).await;
    call.send(b"only").await.unwrap();
    call.end();
    call.until(pair.echo()).await;
    pair.probe.open();
    let (replies, end) = call.rest().await;
    end.unwrap();
    assert_eq!(replies, ["1", "2", "3"]);
    assert!(call.send(b"more").await.is_err());
}

/// A peer that sends nothing before it has the metadata (tonic's client) gets it when the handler first waits.
pub async fn metadata_leaves_when_the_handler_of_a_client_stream_first_waits<T: Transport>(
    transport: &T,
) {
    let early = |mut call: Served| async move {
        call.state.insert_metadata("x-early", "1")?;
        let message = call.recv().await?.unwrap_or_default();
        assert!(call.state.insert_metadata("x-late", "1").is_err());
        call.answer(&message).await
    };
    let kinds = [Kind::ClientStreaming, Kind::BidiStreaming];
    let pair = Pair::new(transport, kinds.map(|kind| on(kind, early)).into()).await;
    for kind in kinds {
        let mut call = pair.stream(kind).await;
        assert_eq!(call.metadata().await.get("x-early"), Some("1"), "{kind:?}");
        call.send(b"now").await.unwrap();
        call.end();
        let (replies, end) = call.rest().await;
        end.unwrap();
        assert_eq!(replies, ["now"], "{kind:?}");
    }
}

/// The handler of a server stream may wait for what its metadata needs; starting the call does not wait for it.
pub async fn metadata_of_a_server_stream_waits_for_its_first_reply<T: Transport>(transport: &T) {
    let late = |call: Served| async move {
        call.probe.gate().await;
        call.state.insert_metadata("x-late", "1")?;
        call.send(b"first").await
    };
    let pair = Pair::new(transport, vec![on(Kind::ServerStreaming, late)]).await;
    let mut call = pair.one(Kind::ServerStreaming, b"").await;
    pair.probe.started(1).await;
    pair.echo().await;
    poll_fn(|cx| {
        let early = call.replies.poll_metadata(cx);
        assert!(early.is_pending(), "metadata left before the first reply");
        Poll::Ready(())
    })
    .await;
    pair.probe.open();
    assert_eq!(call.metadata().await.get("x-late"), Some("1"));
    assert_eq!(call.recv().await.unwrap().unwrap(), "first");
    assert!(call.recv().await.unwrap().is_none());
}

/// What can no longer arrive is refused, and trailers still can.
pub async fn metadata_after_it_left_is_an_error<T: Transport>(transport: &T) {
    let late = |call: Served| async move {
        call.send(b"first").await?;
        call.probe.gate().await;
        assert!(call.state.insert_metadata("x-late", "1").is_err());
        call.state.insert_trailer("x-trailer", "1")
    };
    let pair = Pair::new(transport, vec![on(Kind::ServerStreaming, late)]).await;
    let mut call = pair.one(Kind::ServerStreaming, b"").await;
    assert_eq!(call.recv().await.unwrap().unwrap(), "first");
    pair.probe.open();
    call.rest().await.1.unwrap();
    assert_eq!(call.trailers().get("x-trailer"), Some("1"));
}

/// What was sent leaves when the handler next waits, however little it is.
pub async fn a_reply_leaves_when_its_handler_waits<T: Transport>(transport: &T) {
    let waits = |call: Served| async move {
        call.send(b"small").await?;
        std::future::pending().await
    };
    let kinds = [Kind::ServerStreaming, Kind::BidiStreaming];
    let pair = Pair::new(transport, kinds.map(|kind| on(kind, waits)).into()).await;
    let mut often = pair.one(Kind::ServerStreaming, b"").await;
    assert_eq!(often.recv().await.unwrap().unwrap(), "small");
    let mut chat = pair.stream(Kind::BidiStreaming).await;
    assert_eq!(chat.recv().await.unwrap().unwrap(), "small");
}

/// Sends every message back; a single one too.
async fn chat(mut call: Served) -> crate::error::Result<()> {
    let single = matches!(call.request, crate::call::Request::One(_));
    while let Some(message) = call.recv().await? {
        call.send(&message).await?;
        if single {
            break;
        }
    }
    Ok(())
}
