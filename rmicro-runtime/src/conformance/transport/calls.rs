//! Checks of what travels: messages, heads, metadata and trailers.

use std::time::Duration;

use super::pair::{KINDS, Pair, frame, head};
use super::served::{Served, on};
use crate::call::Kind;
use crate::error::Result;
use crate::seam::Clock;
use crate::transport::{Body, Transport};

/// One message there, one back, then the end.
pub async fn a_unary_call_gives_one_reply<T: Transport>(transport: &T) {
    let pair = Pair::new(transport, vec![on(Kind::Unary, echo)]).await;
    let mut call = pair.one(Kind::Unary, b"hello").await;
    assert_eq!(call.recv().await.unwrap().unwrap(), "hello");
    assert!(call.recv().await.unwrap().is_none(), "a second reply");
    assert!(call.recv().await.unwrap().is_none(), "more after the end");
}

/// An empty message is a message.
pub async fn empty_messages_arrive<T: Transport>(transport: &T) {
    let pair = Pair::new(transport, KINDS.map(|kind| on(kind, echo)).into()).await;
    for kind in KINDS {
        let mut call = pair.any(head(kind), kind).await;
        if kind.client_streams() {
            call.send(b"").await.unwrap();
        } else {
            call = pair.one(kind, b"").await;
        }
        call.end();
        let (replies, end) = call.rest().await;
        end.unwrap();
        assert_eq!(replies, [""], "{kind:?}");
    }
}

/// Messages far above any window arrive whole, both ways.
pub async fn a_message_of_one_mebibyte_arrives_whole<T: Transport>(transport: &T) {
    let message: Vec<u8> = (0..1 << 20).map(|at: u32| (at % 251) as u8).collect();
    let pair = Pair::new(transport, KINDS.map(|kind| on(kind, echo)).into()).await;
    for kind in [Kind::Unary, Kind::ServerStreaming] {
        let mut call = pair.one(kind, &message).await;
        assert_eq!(call.recv().await.unwrap().unwrap(), message, "{kind:?}");
    }
    for kind in [Kind::ClientStreaming, Kind::BidiStreaming] {
        let mut call = pair.stream(kind).await;
        call.send(&message).await.unwrap();
        call.end();
        assert_eq!(call.recv().await.unwrap().unwrap(), message, "{kind:?}");
    }
}

/// The handler knows by which names it was called, and in which codec.
pub async fn the_head_arrives<T: Transport>(transport: &T) {
    let told = |call: Served| async move {
        let head = call.state.head();
        let told = format!("{} {} {}", head.service, head.endpoint, head.codec);
        call.reply(told.as_bytes());
        Ok(())
    };
    let pair = Pair::new(transport, vec![on(Kind::Unary, told)]).await;
    let mut call = pair.one(Kind::Unary, b"").await;
    let told = call.recv().await.unwrap().unwrap();
    assert_eq!(told, "conformance.v1.Transport Unary proto");
}

/// The handler knows how long its caller waits, and that one without a deadline waits for ever.
pub async fn the_deadline_arrives<T: Transport>(transport: &T) {
    let told = |call: Served| async move {
        let now = Clock::default().now();
        let left = call
            .state
            .head()
            .deadline
            .map(|end| end.since(now).as_secs());
        call.reply(format!("{left:?}").as_bytes());
        Ok(())
    };
    let pair = Pair::new(transport, vec![on(Kind::Unary, told)]).await;
    let mut call = pair.one(Kind::Unary, b"").await;
    assert_eq!(call.recv().await.unwrap().unwrap(), "None");
    let mut head = head(Kind::Unary);
    head.deadline = Some(Clock::default().now().after(Duration::from_secs(1000)));
    let mut call = pair.start(head, Kind::Unary, Body::One(frame(b""))).await;
    let told = call.recv().await.unwrap().unwrap();
    assert!(
        ["Some(999)", "Some(1000)"].iter().any(|near| told == *near),
        "{told:?}"
    );
}

/// Names have no case, and a name may have several values; what a transport adds of its own does no harm.
pub async fn metadata_arrives_in_lower_case_with_all_values<T: Transport>(transport: &T) {
    let told = |call: Served| async move {
        let metadata = &call.state.head().metadata;
        let values: Vec<_> = metadata.get_all("x-check").collect();
        let other = metadata.get("x-other").unwrap_or_default();
        let names = metadata
            .iter()
            .filter(|(name, _)| *name == "x-check")
            .count();
        call.answer(format!("{values:?} {other} {names}").as_bytes())
            .await
    };
    let pair = Pair::new(transport, KINDS.map(|kind| on(kind, told)).into()).await;
    for kind in KINDS {
        let mut head = head(kind);
        head.metadata.append("X-Check", "one").unwrap();
        head.metadata.append("x-check", "two, three").unwrap();
        head.metadata.append("X-OTHER", "~ !").unwrap();
        let mut call = pair.any(head, kind).await;
        let told = call.recv().await.unwrap().unwrap();
        assert_eq!(told, "[\"one\", \"two, three\"] ~ ! 2", "{kind:?}");
    }
}

/// What the handler sets goes in front of the first reply and after the last.
pub async fn reply_metadata_and_trailers_come_back<T: Transport>(transport: &T) {
    let set = |call: Served| async move {
        call.state.insert_metadata("X-Front", "front")?;
        call.state.insert_trailer("X-Behind", "behind")?;
        call.answer(b"between").await
    };
    let pair = Pair::new(transport, KINDS.map(|kind| on(kind, set)).into()).await;
    for kind in KINDS {
        let mut call = pair.any(head(kind), kind).await;
        let metadata = call.metadata().await;
        assert_eq!(metadata.get("x-front"), Some("front"), "{kind:?}");
        let (replies, end) = call.rest().await;
        end.unwrap();
        assert_eq!(replies, ["between"], "{kind:?}");
        assert_eq!(call.trailers().get("x-behind"), Some("behind"), "{kind:?}");
    }
}

/// A handler that waits leaves the connection to the others.
pub async fn a_handler_that_waits_holds_up_nobody<T: Transport>(transport: &T) {
    let patient = |call: Served| async move {
        call.probe.gate().await;
        call.answer(b"at last").await
    };
    let pair = Pair::new(transport, KINDS.map(|kind| on(kind, patient)).into()).await;
    for (at, kind) in KINDS.into_iter().enumerate() {
        let mut call = pair.any(head(kind), kind).await;
        call.until(pair.probe.started(at + 1)).await;
        pair.echo().await;
        pair.probe.open();
        assert_eq!(call.recv().await.unwrap().unwrap(), "at last", "{kind:?}");
    }
}

/// Answers with the first message, whatever the kind.
async fn echo(mut call: Served) -> Result<()> {
    let message = call.recv().await?.unwrap_or_default();
    call.answer(&message).await
}
