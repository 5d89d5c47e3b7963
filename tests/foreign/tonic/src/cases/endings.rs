//! Calls that end otherwise: by an error, a deadline, a cancel.

use std::time::{Duration, Instant};

use prost::Message;
use tonic::{Code, Request};

use super::asking::{Outcome, ask, cancelled, feed, hello, is_well, next, sees_a_cancel};
use crate::judge::{Case, Client};
use crate::pb::HelloReply;

pub const CASES: &[Case] = crate::cases![
    every_code,
    error_beyond_ascii,
    error_details,
    error_on_a_server_stream,
    error_before_half_close,
    deadline_reaches_the_handler,
    deadline_passes,
    cancel_reaches_the_handler,
    cancel_of_a_stream_reaches_the_handler,
    cancel_in_mid_stream_50_times,
];

async fn every_code(mut client: Client) -> Outcome {
    for code in 1..=16 {
        let order = format!("fail {code} no such user");
        let status = ask(&mut client, &order).await.unwrap_err();
        assert_eq!(
            (status.code() as i32, status.message()),
            (code, "no such user")
        );
    }
    is_well(&mut client).await
}

async fn error_beyond_ascii(mut client: Client) -> Outcome {
    let text = "100% of naïve ☺ 😈\r\n\tlines";
    let status = ask(&mut client, &format!("fail 5 {text}"))
        .await
        .unwrap_err();
    assert_eq!((status.code(), status.message()), (Code::NotFound, text));
    Ok(())
}

async fn error_details(mut client: Client) -> Outcome {
    let status = ask(&mut client, "fail 9 not now").await.unwrap_err();
    let told = tonic_types::pb::Status::decode(status.details()).expect("a sound status");
    assert_eq!(
        (told.code, told.message.as_str(), told.details.len()),
        (9, "not now", 1)
    );
    assert_eq!(
        told.details[0].type_url,
        "type.googleapis.com/greet.v1.HelloReply"
    );
    let detail = HelloReply::decode(&told.details[0].value[..]).expect("a sound detail");
    assert_eq!(detail.message, "not now");
    Ok(())
}

async fn error_on_a_server_stream(mut client: Client) -> Outcome {
    let mut replies = client.hello_often(hello("fail 5 gone")).await?.into_inner();
    assert_eq!(next(&mut replies).await?, "Hello, first!");
    let status = replies.message().await.unwrap_err();
    assert_eq!((status.code(), status.message()), (Code::NotFound, "gone"));
    Ok(())
}

async fn error_before_half_close(mut client: Client) -> Outcome {
    let (requests, feed) = feed();
    let _ = requests.send(hello("fail 9 enough"));
    let status = client.hello_many(feed).await.unwrap_err();
    assert_eq!(
        (status.code(), status.message()),
        (Code::FailedPrecondition, "enough")
    );
    drop(requests);
    is_well(&mut client).await
}

async fn deadline_reaches_the_handler(mut client: Client) -> Outcome {
    let mut request = Request::new(hello("deadline"));
    request.set_timeout(Duration::from_secs(5));
    let left = client.hello(request).await?.into_inner().message;
    let left: u64 = left.parse().expect("milliseconds");
    assert!((1_000..=5_000).contains(&left), "{left} ms left of 5000");
    assert_eq!(ask(&mut client, "deadline").await?, "none");
    Ok(())
}

/// The client only tells the server here, and the server ends the call: a channel of tonic has a deadline of its own only when
/// it is made with one.
async fn deadline_passes(mut client: Client) -> Outcome {
    let before = cancelled(&mut client).await?;
    let begun = Instant::now();
    let mut request = Request::new(hello("wait"));
    request.set_timeout(Duration::from_millis(300));
    let status = client.hello(request).await.unwrap_err();
    // Whoever is first: tonic's client says CANCELLED where all others say DEADLINE_EXCEEDED.
    assert!(
        matches!(status.code(), Code::DeadlineExceeded | Code::Cancelled),
        "{status:?}"
    );
    let took = begun.elapsed().as_millis();
    assert!(
        (250..3_000).contains(&took),
        "took {took} ms instead of 300"
    );
    sees_a_cancel(&mut client, before).await
}

async fn cancel_reaches_the_handler(mut client: Client) -> Outcome {
    let before = cancelled(&mut client).await?;
    let mut waiting = client.clone();
    let call = tokio::spawn(async move { ask(&mut waiting, "wait").await });
    tokio::time::sleep(Duration::from_millis(200)).await;
    call.abort();
    sees_a_cancel(&mut client, before).await
}

async fn cancel_of_a_stream_reaches_the_handler(mut client: Client) -> Outcome {
    let before = cancelled(&mut client).await?;
    let mut replies = client.hello_often(hello("wait")).await?.into_inner();
    assert_eq!(next(&mut replies).await?, "Hello, first!");
    drop(replies);
    sees_a_cancel(&mut client, before).await
}

async fn cancel_in_mid_stream_50_times(mut client: Client) -> Outcome {
    for _ in 0..50 {
        let (requests, feed) = feed();
        let _ = requests.send(hello("Ana"));
        let mut replies = client.chat(feed).await?.into_inner();
        assert_eq!(next(&mut replies).await?, "Hello, Ana!");
        drop(replies);
    }
    is_well(&mut client).await
}
