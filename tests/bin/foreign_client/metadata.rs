//! Metadata and trailers: text and bytes, several values of a name, both ways.

use rmicro_runtime::{Call, Metadata, Result};
use rmicro_tests::hello;
use rmicro_tests::judge::Case;

use crate::peer::Peer;

pub(crate) const CASES: &[Case<Peer>] = rmicro_tests::cases![
    metadata_of_a_unary_call,
    metadata_of_a_stream,
    trailers_of_a_unary_call,
    trailers_of_a_stream,
    metadata_reaches_the_handler,
    metadata_of_an_error,
];

const BYTES: [&[u8]; 3] = [&[0, 1, 255], &[], b"four"];

async fn metadata_of_a_unary_call(peer: Peer) -> Result<()> {
    let reply = with_metadata(peer.greeter.hello(hello("Ana")))
        .send()
        .await?;
    assert_eq!(reply.message.message, "Hello, Ana!");
    came_back(&reply.metadata, "x-echo");
    Ok(())
}

async fn metadata_of_a_stream(peer: Peer) -> Result<()> {
    let (mut requests, mut replies) = with_metadata(peer.greeter.chat()).await?.split();
    requests.send(hello("Ana")).await?;
    came_back(replies.metadata().await?, "x-echo");
    assert!(replies.recv().await?.is_some());
    Ok(())
}

async fn trailers_of_a_unary_call(peer: Peer) -> Result<()> {
    let reply = with_metadata(peer.greeter.hello(hello("Ana")))
        .send()
        .await?;
    came_back(&reply.trailers, "x-trail");
    Ok(())
}

async fn trailers_of_a_stream(peer: Peer) -> Result<()> {
    let (mut requests, mut replies) = with_metadata(peer.greeter.chat()).await?.split();
    requests.send(hello("Ana")).await?;
    requests.close();
    assert!(replies.recv().await?.is_some());
    assert_eq!(replies.recv().await?, None);
    came_back(replies.trailers(), "x-trail");
    Ok(())
}

async fn metadata_reaches_the_handler(peer: Peer) -> Result<()> {
    let call = peer.greeter.hello(hello("metadata x-request-id"));
    let reply = call
        .metadata("X-Request-Id", "7")
        .metadata("x-request-id", "8")
        .await?;
    assert_eq!(reply.message, "7, 8");
    Ok(())
}

async fn metadata_of_an_error(peer: Peer) -> Result<()> {
    let call = with_metadata(peer.greeter.hello(hello("fail 5 no such user")));
    came_back(call.await.unwrap_err().metadata(), "x-trail");
    Ok(())
}

fn with_metadata<T>(mut call: Call<T>) -> Call<T> {
    for name in ["x-echo", "x-trail"] {
        call = call.metadata(name, "one").metadata(name, "two");
        for bytes in BYTES {
            call = call.metadata_bin(&format!("{name}-bin"), bytes);
        }
    }
    call
}

fn came_back(metadata: &Metadata, name: &str) {
    // gRPC lets a peer join the values of a name by commas; Node does.
    let values: Vec<_> = metadata.get_all(name).collect();
    assert!(
        values == ["one", "two"] || values == ["one, two"],
        "{values:?}"
    );
    let bytes: Vec<_> = metadata.get_all_bin(&format!("{name}-bin")).collect();
    assert_eq!(bytes, BYTES);
}
