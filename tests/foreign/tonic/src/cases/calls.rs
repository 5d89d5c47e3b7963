//! The four kinds and their metadata.

use tonic::Request;
use tonic::metadata::{MetadataMap, MetadataValue};

use super::asking::{Outcome, ask, feed, hello, next};
use crate::judge::{Case, Client};

pub const CASES: &[Case] = crate::cases![
    unary,
    client_stream,
    server_stream,
    chat_in_lockstep,
    chat_in_one_burst,
    metadata_of_a_unary_call,
    metadata_of_a_stream,
    metadata_reaches_the_handler,
    metadata_of_an_error,
];

const BYTES: [&[u8]; 3] = [&[0, 1, 255], b"", b"four"];

async fn unary(mut client: Client) -> Outcome {
    assert_eq!(ask(&mut client, "约翰 Zoë").await?, "Hello, 约翰 Zoë!");
    assert_eq!(ask(&mut client, "").await?, "Hello, !");
    Ok(())
}

async fn client_stream(mut client: Client) -> Outcome {
    let reply = client
        .hello_many(tokio_stream::iter([hello("Ana"), hello("Bob")]))
        .await?;
    assert_eq!(reply.get_ref().message, "Hello, Ana and Bob!");
    Ok(())
}

async fn server_stream(mut client: Client) -> Outcome {
    let mut replies = client.hello_often(hello("Ana")).await?.into_inner();
    for _ in 0..3 {
        assert_eq!(next(&mut replies).await?, "Hello, Ana!");
    }
    assert_eq!(replies.message().await?, None);
    Ok(())
}

async fn chat_in_lockstep(mut client: Client) -> Outcome {
    let (requests, feed) = feed();
    let mut replies = client.chat(feed).await?.into_inner();
    for name in ["Ana", "Bob", "Eve"] {
        let _ = requests.send(hello(name));
        assert_eq!(next(&mut replies).await?, format!("Hello, {name}!"));
    }
    drop(requests);
    assert_eq!(replies.message().await?, None);
    Ok(())
}

async fn chat_in_one_burst(mut client: Client) -> Outcome {
    let requests = (0..1000).map(|number: usize| hello(&number.to_string()));
    let mut replies = client
        .chat(tokio_stream::iter(requests))
        .await?
        .into_inner();
    for number in 0..1000 {
        assert_eq!(next(&mut replies).await?, format!("Hello, {number}!"));
    }
    assert_eq!(replies.message().await?, None);
    Ok(())
}

/// tonic gives the trailers of a unary call among its metadata.
async fn metadata_of_a_unary_call(mut client: Client) -> Outcome {
    let reply = client.hello(with_metadata(hello("Ana"))).await?;
    came_back(reply.metadata(), "x-echo", "x-echo-bin");
    came_back(reply.metadata(), "x-trail", "x-trail-bin");
    Ok(())
}

async fn metadata_of_a_stream(mut client: Client) -> Outcome {
    let reply = client
        .chat(with_metadata(tokio_stream::iter([hello("Ana")])))
        .await?;
    came_back(reply.metadata(), "x-echo", "x-echo-bin");
    let mut replies = reply.into_inner();
    assert_eq!(next(&mut replies).await?, "Hello, Ana!");
    let trailers = replies.trailers().await?.expect("trailers");
    came_back(&trailers, "x-trail", "x-trail-bin");
    Ok(())
}

async fn metadata_reaches_the_handler(mut client: Client) -> Outcome {
    let mut request = Request::new(hello("metadata x-request-id"));
    request
        .metadata_mut()
        .append("x-request-id", MetadataValue::from_static("7"));
    request
        .metadata_mut()
        .append("x-request-id", MetadataValue::from_static("8"));
    assert_eq!(client.hello(request).await?.get_ref().message, "7, 8");
    Ok(())
}

async fn metadata_of_an_error(mut client: Client) -> Outcome {
    let status = client
        .hello(with_metadata(hello("fail 5 gone")))
        .await
        .unwrap_err();
    came_back(status.metadata(), "x-trail", "x-trail-bin");
    Ok(())
}

fn with_metadata<T>(message: T) -> Request<T> {
    let mut request = Request::new(message);
    for (text, bytes) in [("x-echo", "x-echo-bin"), ("x-trail", "x-trail-bin")] {
        let metadata = request.metadata_mut();
        metadata.append(text, MetadataValue::from_static("one"));
        metadata.append(text, MetadataValue::from_static("two"));
        for value in BYTES {
            metadata.append_bin(bytes, MetadataValue::from_bytes(value));
        }
    }
    request
}

fn came_back(metadata: &MetadataMap, text: &str, bytes: &str) {
    let texts: Vec<_> = metadata
        .get_all(text)
        .iter()
        .map(|value| value.as_bytes())
        .collect();
    assert_eq!(texts, [b"one", b"two"]);
    let values: Vec<_> = metadata
        .get_all_bin(bytes)
        .iter()
        .map(|value| value.to_bytes())
        .collect();
    assert_eq!(
        values
            .into_iter()
            .map(|value| value.expect("base64"))
            .collect::<Vec<_>>(),
        BYTES
    );
}
