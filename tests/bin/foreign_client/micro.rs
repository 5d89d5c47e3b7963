//! The cases for a go-micro server, which has errors of its own and no metadata on the way back. Their names are the rows of the
//! matrix that `tests/foreign/go-micro/run` prints.

use rmicro_runtime::{Code, Error, Result};
use rmicro_tests::hello;
use rmicro_tests::judge::Case;

use crate::endings::{cancel_reaches_the_handler, deadline_passes, deadline_reaches_the_handler};
use crate::kinds::{chat_in_lockstep, client_stream, server_stream, unary};
use crate::limits::{message_of_1_mib, unary_200_at_once};
use crate::peer::Peer;

pub(crate) const CASES: &[Case<Peer>] = rmicro_tests::cases![
    unary,
    client_stream,
    server_stream,
    chat_in_lockstep,
    error_is_errors_error,
    error_on_a_stream,
    metadata_reaches_the_handler,
    deadline_reaches_the_handler,
    deadline_passes,
    cancel_reaches_the_handler,
    message_of_1_mib,
    unary_200_at_once,
];

/// The codes that go-micro's errors and gRPC's have in common.
const CODES: [Code; 10] = [
    Code::InvalidArgument,
    Code::DeadlineExceeded,
    Code::NotFound,
    Code::AlreadyExists,
    Code::PermissionDenied,
    Code::FailedPrecondition,
    Code::Unimplemented,
    Code::Internal,
    Code::Unavailable,
    Code::Unauthenticated,
];

/// `errors.Error` arrives as its parts: the message is its detail and nothing else, the id that of the service.
async fn error_is_errors_error(peer: Peer) -> Result<()> {
    for code in CODES {
        let order = format!("fail {} no <such> user", code.number());
        told(code, peer.ask(&order).await.unwrap_err());
    }
    peer.must_be_well().await
}

async fn error_on_a_stream(peer: Peer) -> Result<()> {
    let order = hello("fail 5 no <such> user");
    let mut replies = peer.greeter.hello_often(order.clone()).await?;
    assert!(replies.recv().await?.is_some());
    told(Code::NotFound, replies.recv().await.unwrap_err());
    let mut chat = peer.greeter.chat().await?;
    chat.send(order).await?;
    told(Code::NotFound, chat.recv().await.unwrap_err());
    Ok(())
}

async fn metadata_reaches_the_handler(peer: Peer) -> Result<()> {
    let call = peer.greeter.hello(hello("metadata x-request-id"));
    assert_eq!(call.metadata("x-request-id", "7").await?.message, "7");
    Ok(())
}

fn told(code: Code, error: Error) {
    let got = (error.code(), error.message(), error.service_id());
    assert_eq!(got, (code, "no <such> user", Some("greeter")));
}
