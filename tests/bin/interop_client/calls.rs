//! Calls of every kind that go well.

use rmicro_runtime::Result;
use rmicro_tests::judge::Case;
use rmicro_tests::protos::grpc::testing::*;

use crate::peer::{Peer, REQUESTS, RESPONSES, output, payload, simple, size};

pub(crate) const CASES: &[Case<Peer>] = rmicro_tests::cases![
    empty_unary,
    large_unary,
    client_streaming,
    server_streaming,
    ping_pong,
    empty_stream,
    custom_metadata,
    pick_first_unary,
];

async fn empty_unary(peer: Peer) -> Result<()> {
    peer.tester.empty_call(Empty {}).await.map(drop)
}

async fn large_unary(peer: Peer) -> Result<()> {
    peer.large().await.map(drop)
}

async fn client_streaming(peer: Peer) -> Result<()> {
    let mut call = peer.tester.streaming_input_call().await?;
    for size in REQUESTS {
        let payload = payload(size);
        call.send(StreamingInputCallRequest { payload }).await?;
    }
    assert_eq!(call.finish().await?.aggregated_payload_size, 74_922);
    Ok(())
}

async fn server_streaming(peer: Peer) -> Result<()> {
    let mut replies = peer
        .tester
        .streaming_output_call(output(0, &RESPONSES))
        .await?;
    let mut sizes = Vec::new();
    while let Some(reply) = replies.recv().await? {
        sizes.push(size(&reply.payload));
    }
    assert_eq!(sizes, RESPONSES);
    Ok(())
}

async fn ping_pong(peer: Peer) -> Result<()> {
    let mut call = peer.tester.full_duplex_call().await?;
    for (request, response) in REQUESTS.into_iter().zip(RESPONSES) {
        call.send(output(request, &[response])).await?;
        let reply = call.recv().await?.expect("an answer to each request");
        assert_eq!(size(&reply.payload), response);
    }
    call.close_send();
    assert_eq!(call.recv().await?, None);
    Ok(())
}

async fn empty_stream(peer: Peer) -> Result<()> {
    let mut call = peer.tester.full_duplex_call().await?;
    call.close_send();
    assert_eq!(call.recv().await?, None);
    Ok(())
}

const INITIAL: (&str, &str) = ("x-grpc-test-echo-initial", "test_initial_metadata_value");
const TRAILING: (&str, [u8; 3]) = ("x-grpc-test-echo-trailing-bin", [0xab; 3]);

async fn custom_metadata(peer: Peer) -> Result<()> {
    let call = peer.tester.unary_call(simple(1, 1));
    let call = call
        .metadata(INITIAL.0, INITIAL.1)
        .metadata_bin(TRAILING.0, TRAILING.1);
    let reply = call.send().await?;
    assert_eq!(reply.metadata.get(INITIAL.0), Some(INITIAL.1));
    assert_eq!(
        reply.trailers.get_bin(TRAILING.0).as_deref(),
        Some(&TRAILING.1[..])
    );

    let call = peer.tester.full_duplex_call();
    let call = call
        .metadata(INITIAL.0, INITIAL.1)
        .metadata_bin(TRAILING.0, TRAILING.1);
    let (mut requests, mut replies) = call.await?.split();
    requests.send(output(1, &[1])).await?;
    assert_eq!(replies.metadata().await?.get(INITIAL.0), Some(INITIAL.1));
    assert!(replies.recv().await?.is_some());
    requests.close();
    assert_eq!(replies.recv().await?, None);
    assert_eq!(
        replies.trailers().get_bin(TRAILING.0).as_deref(),
        Some(&TRAILING.1[..])
    );
    Ok(())
}

/// Every call reaches the same server.
async fn pick_first_unary(peer: Peer) -> Result<()> {
    let mut servers = Vec::new();
    for _ in 0..100 {
        let request = SimpleRequest {
            fill_server_id: true,
            ..simple(1, 1)
        };
        servers.push(peer.tester.unary_call(request).await?.server_id);
    }
    servers.dedup();
    assert!(
        servers.len() == 1 && !servers[0].is_empty(),
        "server ids: {servers:?}"
    );
    Ok(())
}
