//! Checks of how a call fails.

use super::pair::{KINDS, Pair, frame, head};
use super::served::{Served, on};
use crate::call::{CallHead, Kind};
use crate::error::{Code, Detail, Error};
use crate::metadata::Metadata;
use crate::transport::{Body, Transport};

/// All codes but OK are errors; their messages are any text.
pub async fn every_code_comes_back_with_its_message<T: Transport>(transport: &T) {
    let fail = |mut call: Served| async move {
        let number = call.recv().await?.unwrap_or_default();
        match number.first().map_or(0, |number| u32::from(*number)) {
            0 => call.answer(b"well").await,
            number => Err(Error::new(Code::from_number(number), text(number))),
        }
    };
    let pair = Pair::new(
        transport,
        vec![on(Kind::Unary, fail), on(Kind::ServerStreaming, fail)],
    )
    .await;
    for kind in [Kind::Unary, Kind::ServerStreaming] {
        for code in Code::ALL {
            let number = code.number();
            let mut call = pair.one(kind, &[number as u8]).await;
            let (replies, end) = call.rest().await;
            let Err(error) = end else {
                assert_eq!((code, replies.len()), (Code::Ok, 1), "{kind:?}");
                continue;
            };
            assert_eq!(
                (error.code(), error.message()),
                (code, &*text(number)),
                "{kind:?}"
            );
            assert!(replies.is_empty(), "{kind:?}");
        }
    }
}

/// Details keep their order, and trailers come with the error whether the handler set them or the error has them.
pub async fn details_and_metadata_come_back_with_an_error<T: Transport>(transport: &T) {
    let fail = |call: Served| async move {
        call.state.insert_trailer("x-trailer", "set")?;
        let mut metadata = Metadata::new();
        metadata.insert("x-error", "had")?;
        Err(Error::aborted("with everything")
            .detail(detail("one", &[1, 0, 255]))
            .detail(detail("two", &[]))
            .with_metadata(metadata))
    };
    let pair = Pair::new(transport, KINDS.map(|kind| on(kind, fail)).into()).await;
    for kind in KINDS {
        let error = pair.any(head(kind), kind).await.error().await;
        assert_eq!(error.code(), Code::Aborted, "{kind:?}: {error}");
        let details = [detail("one", &[1, 0, 255]), detail("two", &[])];
        assert_eq!(error.details(), details, "{kind:?}");
        assert_eq!(error.metadata().get("x-error"), Some("had"), "{kind:?}");
        assert_eq!(error.metadata().get("x-trailer"), Some("set"), "{kind:?}");
    }
}

/// The proof that a call was not processed is about one call; a handler that passes such an error on has run.
pub async fn what_a_handler_did_not_reach_says_nothing_about_its_own_call<T: Transport>(
    transport: &T,
) {
    let fail =
        |_call: Served| async { Err(Error::unavailable("the next node is gone").unprocessed()) };
    let pair = Pair::new(transport, KINDS.map(|kind| on(kind, fail)).into()).await;
    for kind in KINDS {
        let error = pair.any(head(kind), kind).await.error().await;
        assert_eq!(error.code(), Code::Unavailable, "{kind:?}: {error}");
        assert!(!error.is_unprocessed(), "{kind:?}: {error}");
    }
}

/// What nobody serves is said as UNIMPLEMENTED, and the connection stays.
pub async fn an_unknown_method_is_unimplemented<T: Transport>(transport: &T) {
    let pair = Pair::new(transport, vec![]).await;
    for kind in KINDS {
        let head = CallHead::new("conformance.v1.Transport", "Nothing");
        let error = pair.any(head, kind).await.error().await;
        assert_eq!(error.code(), Code::Unimplemented, "{kind:?}: {error}");
    }
    let head = CallHead::new("nobody.Knows", "It");
    let mut call = pair.start(head, Kind::Unary, Body::One(frame(b""))).await;
    assert_eq!(call.error().await.code(), Code::Unimplemented);
    pair.echo().await;
}

/// A panic ends its own call alone.
pub async fn a_panic_is_internal_and_the_server_lives<T: Transport>(transport: &T) {
    let panics = |call: Served| async move {
        assert!(
            call.probe.sent_so_far() > 0,
            "on purpose, for a conformance check"
        );
        Ok(())
    };
    let pair = Pair::new(transport, KINDS.map(|kind| on(kind, panics)).into()).await;
    for kind in KINDS {
        let error = pair.any(head(kind), kind).await.error().await;
        assert_eq!(error.code(), Code::Internal, "{kind:?}: {error}");
        pair.echo().await;
    }
}

/// What was sent before a panic still arrives.
pub async fn a_panic_in_mid_stream_delivers_what_was_sent<T: Transport>(transport: &T) {
    let panics = |call: Served| async move {
        for reply in [b"1", b"2"] {
            call.send(reply).await?;
        }
        panic!("on purpose, for a conformance check")
    };
    let pair = Pair::new(transport, vec![on(Kind::BidiStreaming, panics)]).await;
    let mut call = pair.stream(Kind::BidiStreaming).await;
    let (replies, end) = call.rest().await;
    assert_eq!(replies, ["1", "2"]);
    assert_eq!(end.unwrap_err().code(), Code::Internal);
    pair.echo().await;
}

fn text(number: u32) -> String {
    format!("the code {number}: 100 % größer,\nand \"quoted\"")
}

fn detail(name: &str, value: &'static [u8]) -> Detail {
    Detail::new(format!("type.googleapis.com/conformance.{name}"), value)
}
