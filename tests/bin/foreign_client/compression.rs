//! Messages in gzip: ours always, the peer's where its server was told to.

use rmicro_runtime::Result;
use rmicro_tests::hello;
use rmicro_tests::judge::Case;

use crate::peer::Peer;

pub(crate) const CASES: &[Case<Peer>] = rmicro_tests::cases![gzip_of_a_unary_call, gzip_of_a_chat];

async fn gzip_of_a_unary_call(peer: Peer) -> Result<()> {
    let name = "x".repeat(1 << 20);
    let reply = peer.greeter.hello(hello(&name)).compress(true).await?;
    assert!(
        reply.message == format!("Hello, {name}!"),
        "the reply is damaged"
    );
    Ok(())
}

async fn gzip_of_a_chat(peer: Peer) -> Result<()> {
    let mut chat = peer.greeter.chat().compress(true).await?;
    for length in [1, 10, 100, 1_000, 10_000, 100_000] {
        let name = "x".repeat(length);
        chat.send(hello(&name)).await?;
        let reply = chat.recv().await?.expect("an answer to each");
        assert!(
            reply.message == format!("Hello, {name}!"),
            "the reply is damaged"
        );
    }
    chat.close_send();
    assert_eq!(chat.recv().await?, None);
    Ok(())
}
