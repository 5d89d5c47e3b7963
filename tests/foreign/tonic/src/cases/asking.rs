//! How a server is asked.

use std::time::Duration;

use tokio::sync::mpsc;
use tokio_stream::wrappers::UnboundedReceiverStream;
use tonic::Status;

use crate::judge::Client;
use crate::pb::{HelloReply, HelloRequest};

/// How a case ends.
pub type Outcome = Result<(), Status>;

pub fn hello(name: &str) -> HelloRequest {
    HelloRequest {
        name: name.to_owned(),
    }
}

pub async fn ask(client: &mut Client, name: &str) -> Result<String, Status> {
    Ok(client.hello(hello(name)).await?.into_inner().message)
}

pub async fn is_well(client: &mut Client) -> Outcome {
    assert_eq!(ask(client, "Ana").await?, "Hello, Ana!");
    Ok(())
}

/// A request stream fed by hand.
pub fn feed() -> (
    mpsc::UnboundedSender<HelloRequest>,
    UnboundedReceiverStream<HelloRequest>,
) {
    let (sender, receiver) = mpsc::unbounded_channel();
    (sender, UnboundedReceiverStream::new(receiver))
}

pub async fn next(replies: &mut tonic::Streaming<HelloReply>) -> Result<String, Status> {
    Ok(replies.message().await?.expect("a reply").message)
}

pub async fn cancelled(client: &mut Client) -> Result<usize, Status> {
    Ok(ask(client, "cancelled").await?.parse().expect("a number"))
}

pub async fn sees_a_cancel(client: &mut Client, before: usize) -> Outcome {
    while cancelled(client).await? <= before {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    Ok(())
}
