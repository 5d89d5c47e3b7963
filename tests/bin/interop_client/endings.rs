//! Calls that end otherwise: by a status, a deadline, a cancel.

use std::time::Duration;

use rmicro_runtime::{Code, Error, Result};
use rmicro_tests::judge::Case;
use rmicro_tests::protos::grpc::testing::*;

use crate::peer::{Peer, output, simple};

pub(crate) const CASES: &[Case<Peer>] = rmicro_tests::cases![
    timeout_on_sleeping_server,
    cancel_after_begin,
    cancel_after_first_response,
    status_code_and_message,
    special_status_message,
    unimplemented_method,
    unimplemented_service,
];

async fn timeout_on_sleeping_server(peer: Peer) -> Result<()> {
    let call = async {
        let call = peer
            .tester
            .full_duplex_call()
            .timeout(Duration::from_millis(1));
        let mut call = call.await?;
        // The deadline may be over before this is sent; `recv` tells it then.
        let _ = call.send(output(27_182, &[])).await;
        call.recv().await
    };
    assert_eq!(
        call.await.map_err(|error| error.code()),
        Err(Code::DeadlineExceeded)
    );
    peer.must_be_well().await
}

/// Our client cancels by dropping, after which there is nobody to be told CANCELLED; what is left to see is a sound connection.
async fn cancel_after_begin(peer: Peer) -> Result<()> {
    let call = peer.tester.streaming_input_call();
    drop(
        call.metadata("key1", "value1")
            .metadata("key2", "value2")
            .await?,
    );
    peer.must_be_well().await
}

async fn cancel_after_first_response(peer: Peer) -> Result<()> {
    let (mut requests, mut replies) = peer.tester.full_duplex_call().await?.split();
    requests.send(output(27_182, &[31_415])).await?;
    assert!(replies.recv().await?.is_some());
    drop(replies);
    while requests.send(output(8, &[])).await.is_ok() {
        tokio::task::yield_now().await;
    }
    peer.must_be_well().await
}

async fn status_code_and_message(peer: Peer) -> Result<()> {
    let status = echo("test status message");
    let request = SimpleRequest {
        response_status: status.clone(),
        ..simple(0, 0)
    };
    told(&status, peer.tester.unary_call(request).await.unwrap_err());

    let mut call = peer.tester.full_duplex_call().await?;
    let request = StreamingOutputCallRequest {
        response_status: status.clone(),
        ..output(0, &[])
    };
    call.send(request).await?;
    call.close_send();
    told(&status, call.recv().await.unwrap_err());
    Ok(())
}

async fn special_status_message(peer: Peer) -> Result<()> {
    let status = echo("\t\ntest with whitespace\r\nand Unicode BMP ☺ and non-BMP 😈\t\n");
    let request = SimpleRequest {
        response_status: status.clone(),
        ..simple(0, 0)
    };
    told(&status, peer.tester.unary_call(request).await.unwrap_err());
    Ok(())
}

async fn unimplemented_method(peer: Peer) -> Result<()> {
    let error = peer.tester.unimplemented_call(Empty {}).await.unwrap_err();
    assert_eq!(error.code(), Code::Unimplemented, "{error:?}");
    Ok(())
}

async fn unimplemented_service(peer: Peer) -> Result<()> {
    let error = peer.nobody.unimplemented_call(Empty {}).await.unwrap_err();
    assert_eq!(error.code(), Code::Unimplemented, "{error:?}");
    Ok(())
}

fn echo(message: &str) -> Option<EchoStatus> {
    Some(EchoStatus {
        code: Code::Unknown.number() as i32,
        message: message.into(),
    })
}

fn told(status: &Option<EchoStatus>, error: Error) {
    let wanted = status.as_ref().map(|status| status.message.as_str());
    assert_eq!(
        (error.code(), Some(error.message())),
        (Code::Unknown, wanted)
    );
}
