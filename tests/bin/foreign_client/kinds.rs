//! The four kinds: what is said, and when it flows.

use rmicro_runtime::Result;
use rmicro_tests::hello;
use rmicro_tests::judge::Case;

use crate::peer::Peer;

pub(crate) const CASES: &[Case<Peer>] = rmicro_tests::cases![
    unary,
    unary_without_a_word,
    client_stream,
    server_stream,
    chat_in_lockstep,
    chat_in_one_burst,
    chat_without_a_word,
];

pub(crate) async fn unary(peer: Peer) -> Result<()> {
    assert_eq!(peer.ask("约翰 Zoë").await?, "Hello, 约翰 Zoë!");
    Ok(())
}

/// The request is no bytes at all.
async fn unary_without_a_word(peer: Peer) -> Result<()> {
    assert_eq!(peer.ask("").await?, "Hello, !");
    Ok(())
}

pub(crate) async fn client_stream(peer: Peer) -> Result<()> {
    let mut call = peer.greeter.hello_many().await?;
    for name in ["Ana", "Bob", "Eve"] {
        call.send(hello(name)).await?;
    }
    assert_eq!(call.finish().await?.message, "Hello, Ana and Bob and Eve!");
    Ok(())
}

pub(crate) async fn server_stream(peer: Peer) -> Result<()> {
    let mut replies = peer.greeter.hello_often(hello("Ana")).await?;
    let mut count = 0;
    while let Some(reply) = replies.recv().await? {
        assert_eq!(reply.message, "Hello, Ana!");
        count += 1;
    }
    assert_eq!(count, 3);
    Ok(())
}

pub(crate) async fn chat_in_lockstep(peer: Peer) -> Result<()> {
    let mut chat = peer.greeter.chat().await?;
    for name in ["Ana", "Bob", "Eve"] {
        chat.send(hello(name)).await?;
        let reply = chat.recv().await?.expect("an answer to each");
        assert_eq!(reply.message, format!("Hello, {name}!"));
    }
    chat.close_send();
    assert_eq!(chat.recv().await?, None);
    Ok(())
}

async fn chat_in_one_burst(peer: Peer) -> Result<()> {
    let (mut requests, mut replies) = peer.greeter.chat().await?.split();
    let sending = tokio::spawn(async move {
        for number in 0..1000 {
            requests.send(hello(&number.to_string())).await?;
        }
        Result::Ok(())
    });
    for number in 0..1000 {
        let reply = replies.recv().await?.expect("an answer to each");
        assert_eq!(reply.message, format!("Hello, {number}!"));
    }
    assert_eq!(replies.recv().await?, None);
    sending.await.expect("sending does not panic")
}

async fn chat_without_a_word(peer: Peer) -> Result<()> {
    let mut chat = peer.greeter.chat().await?;
    chat.close_send();
    assert_eq!(chat.recv().await?, None);
    Ok(())
}
