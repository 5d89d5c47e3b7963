//! Sizes, numbers and compression.

use std::sync::Arc;

use tokio::task::JoinSet;
use tonic::Code;

use super::asking::{Outcome, ask, feed, hello, is_well, next};
use crate::judge::{Case, Client};

pub const CASES: &[Case] = crate::cases![
    unary_200_at_once,
    chats_100_at_once,
    message_of_1_mib,
    message_above_4_mib,
    gzip_of_a_unary_call,
    gzip_of_a_chat,
];

const MIB: usize = 1 << 20;

async fn unary_200_at_once(client: Client) -> Outcome {
    let mut calls = JoinSet::new();
    for number in 0..200 {
        let mut client = client.clone();
        calls.spawn(async move {
            assert_eq!(
                ask(&mut client, &number.to_string()).await?,
                format!("Hello, {number}!")
            );
            Outcome::Ok(())
        });
    }
    all(calls).await
}

async fn chats_100_at_once(client: Client) -> Outcome {
    let barrier = Arc::new(tokio::sync::Barrier::new(100));
    let mut chats = JoinSet::new();
    for number in 0..100 {
        let (mut client, barrier) = (client.clone(), barrier.clone());
        chats.spawn(async move {
            let (requests, feed) = feed();
            let _ = requests.send(hello("first"));
            let mut replies = client.chat(feed).await?.into_inner();
            assert_eq!(next(&mut replies).await?, "Hello, first!");
            barrier.wait().await;
            let _ = requests.send(hello(&number.to_string()));
            assert_eq!(next(&mut replies).await?, format!("Hello, {number}!"));
            Outcome::Ok(())
        });
    }
    all(chats).await
}

async fn message_of_1_mib(mut client: Client) -> Outcome {
    let name = "x".repeat(MIB);
    assert!(
        ask(&mut client, &name).await? == format!("Hello, {name}!"),
        "damaged"
    );
    let mut replies = client.hello_often(hello(&name)).await?.into_inner();
    for _ in 0..3 {
        assert!(
            next(&mut replies).await? == format!("Hello, {name}!"),
            "damaged"
        );
    }
    Ok(())
}

async fn message_above_4_mib(mut client: Client) -> Outcome {
    let name = "x".repeat(4 * MIB + 1);
    let status = ask(&mut client, &name).await.unwrap_err();
    assert_eq!(status.code(), Code::ResourceExhausted, "{status:?}");
    let status = ask(&mut client, &format!("size {}", 4 * MIB + 1))
        .await
        .unwrap_err();
    assert_eq!(status.code(), Code::ResourceExhausted, "{status:?}");
    is_well(&mut client).await
}

/// For a server that compresses its replies, which tonic tells by the reply's own header.
async fn gzip_of_a_unary_call(mut client: Client) -> Outcome {
    let name = "x".repeat(MIB);
    let reply = client.hello(hello(&name)).await?;
    assert_eq!(
        reply
            .metadata()
            .get("grpc-encoding")
            .map(|value| value.as_bytes()),
        Some(&b"gzip"[..])
    );
    assert!(
        reply.get_ref().message == format!("Hello, {name}!"),
        "damaged"
    );
    Ok(())
}

async fn gzip_of_a_chat(mut client: Client) -> Outcome {
    let name = "x".repeat(1000);
    let reply = client
        .chat(tokio_stream::iter(vec![hello(&name); 100]))
        .await?;
    assert_eq!(
        reply
            .metadata()
            .get("grpc-encoding")
            .map(|value| value.as_bytes()),
        Some(&b"gzip"[..])
    );
    let mut replies = reply.into_inner();
    for _ in 0..100 {
        assert!(
            next(&mut replies).await? == format!("Hello, {name}!"),
            "damaged"
        );
    }
    assert_eq!(replies.message().await?, None);
    Ok(())
}

async fn all(mut calls: JoinSet<Outcome>) -> Outcome {
    while let Some(call) = calls.join_next().await {
        call.unwrap_or_else(|ended| std::panic::resume_unwind(ended.into_panic()))?;
    }
    Ok(())
}
