//! How long things may take: by default, for a client, for a call.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use rmicro_runtime::seam::Seam;
use rmicro_runtime::transport::ClientCall;
use rmicro_runtime::{
    Answer, ClientInterceptor, ClientNext, ClientOptions, Code, Error, Result, Service,
};
use rmicro_tests::pb::GreeterService;
use rmicro_tests::{Rig, Scripted, Wire, hello, reply};
use tokio::time::Instant;

use crate::line::{Line, never};
use crate::raw::{Act, Raw};
use crate::world::World;

const SECOND: Duration = Duration::from_secs(1);

/// A world whose only node never answers.
async fn silent() -> World {
    let world = World::new(Wire::Memory);
    let handler = Scripted::default().hello(|_, _| std::future::pending());
    let node = world.serve(handler).await;
    world.announce("silent", node.address()).await;
    std::mem::forget(node);
    world
}

#[tokio::test(start_paused = true)]
async fn a_request_may_take_30_s_or_what_the_client_or_the_call_says() {
    let world = silent().await;
    let mut own = ClientOptions::default();
    own.request_timeout = 3 * SECOND;
    for (options, timeout, expected) in [
        (ClientOptions::default(), None, 30),
        (own.clone(), None, 3),
        (own.clone(), Some(2 * SECOND), 2),
        (own, Some(50 * SECOND), 50),
    ] {
        let greeter = world.greeter_with(options);
        let call = greeter.hello(hello("Ada"));
        let call = match timeout {
            Some(timeout) => call.timeout(timeout),
            None => call,
        };
        let begun = Instant::now();
        let error = call.await.unwrap_err();
        assert_eq!(error.code(), Code::DeadlineExceeded);
        assert_eq!(begun.elapsed(), expected * SECOND);
    }
}

/// Brings the deadline of a call to two seconds from now.
struct Hurry;

#[async_trait]
impl ClientInterceptor for Hurry {
    async fn intercept(&self, mut call: ClientCall, next: ClientNext<'_>) -> Result<Answer> {
        call.head.deadline = Some(Seam::default().clock.now().after(2 * SECOND));
        next.run(call).await
    }
}

#[tokio::test(start_paused = true)]
async fn an_interceptor_may_bring_the_deadline_forward_and_not_put_it_off() {
    let world = silent().await;
    let mut options = ClientOptions::default();
    options.interceptors.push(Arc::new(Hurry));
    let greeter = world.greeter_with(options);
    for (timeout, expected) in [(9, 2), (1, 1)] {
        let begun = Instant::now();
        let error = greeter
            .hello(hello("Ada"))
            .timeout(timeout * SECOND)
            .await
            .unwrap_err();
        assert_eq!(error.code(), Code::DeadlineExceeded, "{error}");
        assert_eq!(begun.elapsed(), expected * SECOND);
    }
}

#[tokio::test(start_paused = true)]
async fn the_clients_limits_come_from_the_builder_and_the_flag_too() {
    let world = silent().await;
    let builder = || {
        Service::builder("caller")
            .registry(world.registry.clone())
            .transport(world.transport.clone())
            .client_request_timeout(3 * SECOND)
    };
    let by_flag = ["--client_request_timeout", "1500ms"];
    let none = || [("NOTHING", "")];
    for (service, expected) in [
        (builder().build().unwrap(), 3000),
        (builder().init_from(by_flag, none()).unwrap(), 1500),
    ] {
        let greeter = GreeterService::new("greeter", service.client());
        let begun = Instant::now();
        greeter.hello(hello("Ada")).await.unwrap_err();
        assert_eq!(begun.elapsed(), Duration::from_millis(expected));
    }
}

#[test]
fn dialing_may_take_5_s() {
    let options = ClientOptions::default();
    assert_eq!(options.dial_timeout, 5 * SECOND);
    assert_eq!(options.request_timeout, 30 * SECOND);
    assert_eq!(options.connections, 1);
}

#[tokio::test]
async fn dialing_may_take_what_the_client_or_the_call_says() {
    let (world, mute) = (World::new(Wire::Grpc), Raw::listen(Act::Mute).await);
    world.announce("mute", &mute.address).await;
    let mut options = ClientOptions::default();
    options.dial_timeout = SECOND / 5;
    let error = world
        .greeter_with(options)
        .hello(hello("Ada"))
        .await
        .unwrap_err();
    assert_eq!(error.code(), Code::Unavailable);
    assert!(
        error.message().contains("did not answer within 200ms"),
        "{error}"
    );
    let call = world
        .greeter()
        .hello(hello("Ada"))
        .dial_timeout(SECOND / 10);
    let error = call.await.unwrap_err();
    assert_eq!(error.code(), Code::Unavailable);
    assert!(
        error.message().contains("did not answer within 100ms"),
        "{error}"
    );
}

/// How long a call waits for a node that does not answer.
async fn waits(greeter: GreeterService, limit: Option<Duration>) -> Duration {
    let mut call = greeter.hello(hello("Ada"));
    if let Some(limit) = limit {
        call = call.dial_timeout(limit);
    }
    let begun = Instant::now();
    let error = call.await.unwrap_err();
    assert_eq!(error.code(), Code::Unavailable, "{error:?}");
    let told = "did not answer within";
    assert!(error.message().contains(told), "{error:?}");
    begun.elapsed()
}

#[tokio::test(start_paused = true)]
async fn every_call_waits_for_a_connection_as_long_as_it_may_itself_whoever_dials() {
    let ms = Duration::from_millis;
    for (first, later, second) in [
        // The one with time begins: the others take none of it, and do not wait for it.
        (Some(4000), 50, None),
        (Some(4000), 50, Some(100)),
        (Some(4000), 150, Some(100)),
        // The one with time comes later.
        (None, 100, Some(4000)),
        (Some(20), 10, Some(4000)),
        (Some(500), 150, Some(4000)),
    ] {
        let world = World::on(Line::Silent);
        world.announce("silent", "n:1").await;
        let mut options = ClientOptions::default();
        options.dial_timeout = ms(200);
        let greeter = world.greeter_with(options);
        let one = tokio::spawn(waits(greeter.clone(), first.map(ms)));
        tokio::time::sleep(ms(later)).await;
        let case = format!("{first:?}, and {second:?} after {later}");
        let waited = waits(greeter, second.map(ms)).await;
        assert_eq!(waited, ms(second.unwrap_or(200)), "the second of {case}");
        let waited = one.await.unwrap();
        assert_eq!(waited, ms(first.unwrap_or(200)), "the first of {case}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_stream_keeps_the_deadline_that_an_interceptor_brought_forward() {
    let world = World::on(Line::Waits);
    world.announce("slow", "n:1").await;
    let mut options = ClientOptions::default();
    options.interceptors.push(Arc::new(Hurry));
    let greeter = world.greeter_with(options);
    for (own, expected) in [(None, 2), (Some(9), 2), (Some(1), 1)] {
        let begun = Instant::now();
        let mut call = greeter.hello_often(hello("Ada"));
        if let Some(own) = own {
            call = call.timeout(own * SECOND);
        }
        let mut often = call.await.unwrap();
        let ended = tokio::time::timeout(100 * SECOND, often.recv()).await;
        let error = ended.expect("it has an end").unwrap_err();
        assert_eq!(error.code(), Code::DeadlineExceeded, "{error:?}");
        assert_eq!(begun.elapsed(), expected * SECOND);
    }
}

/// Answers with a stream on which nothing comes.
struct Teasing;

#[async_trait]
impl ClientInterceptor for Teasing {
    async fn intercept(&self, _call: ClientCall, _next: ClientNext<'_>) -> Result<Answer> {
        Ok(Answer::Stream(never()))
    }
}

#[tokio::test(start_paused = true)]
async fn a_unary_call_that_an_interceptor_answers_with_a_stream_has_its_limit() {
    let world = World::on(Line::Silent);
    let mut options = ClientOptions::default();
    options.interceptors.push(Arc::new(Teasing));
    let greeter = world.greeter_with(options);
    let begun = Instant::now();
    let call = greeter.hello(hello("Ada")).timeout(2 * SECOND);
    let ended = tokio::time::timeout(100 * SECOND, call.into_future()).await;
    let error = ended.expect("it has an end").unwrap_err();
    let told = "wait: the deadline passed; called greet.v1.Greeter/Hello of \"greeter\" in registry memory";
    assert_eq!(
        (error.code(), error.message()),
        (Code::DeadlineExceeded, told)
    );
    assert_eq!(begun.elapsed(), 2 * SECOND);
}

/// A peer keeps the deadline too, and may be the first to end the call.
#[tokio::test(start_paused = true)]
async fn a_peer_that_cancels_at_the_deadline_tells_the_deadline() {
    const LIMIT: Duration = Duration::from_millis(300);
    let cancelled = || Error::cancelled("the peer was first");
    let strict = Scripted::default()
        .hello(move |_, _| async move {
            tokio::time::sleep(LIMIT).await;
            Err(cancelled())
        })
        .hello_often(move |_, _, mut replies| async move {
            replies.send(reply("one")).await?;
            Err(cancelled())
        });
    let rig = Rig::new(Wire::Memory, strict).await;
    let unary = rig
        .greeter
        .hello(hello("Ada"))
        .timeout(LIMIT)
        .await
        .unwrap_err();
    let mut often = rig
        .greeter
        .hello_often(hello("Ada"))
        .timeout(LIMIT)
        .await
        .unwrap();
    often.recv().await.unwrap();
    // In memory a stream's handler goes on when the caller looks, which it does when its time is over.
    tokio::time::sleep(LIMIT).await;
    for error in [unary, often.recv().await.unwrap_err()] {
        assert_eq!(error.code(), Code::DeadlineExceeded);
        assert!(
            format!("{error:?}").ends_with(": the peer was first"),
            "{error:?}"
        );
    }
    let earlier = rig
        .greeter
        .hello(hello("Ada"))
        .timeout(2 * LIMIT)
        .await
        .unwrap_err();
    assert_eq!(earlier.code(), Code::Cancelled);
}
