//! What is left of a stream when its caller's time is over, or it has failed: nothing, whoever still holds it.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use async_trait::async_trait;
use futures_core::Stream;
use h2::Reason;
use rmicro_runtime::transport::ClientCall;
use rmicro_runtime::{Answer, ClientInterceptor, ClientNext, ClientOptions, Code, Error, Result};
use rmicro_tests::pb::GreeterService;
use rmicro_tests::{HelloRequest, Scripted, Wire, hello, on_every_wire, reply};
use tokio::sync::mpsc;
use tokio::time::{sleep, timeout};

use crate::peer::{GARBAGE, going_on};
use crate::world::World;

const SOON: Duration = Duration::from_millis(300);
const LONG: Duration = Duration::from_secs(10);

/// Keeps the deadline from the server, so that only the caller can end the call.
struct Secretive;

#[async_trait]
impl ClientInterceptor for Secretive {
    async fn intercept(&self, mut call: ClientCall, next: ClientNext<'_>) -> Result<Answer> {
        call.head.deadline = None;
        next.run(call).await
    }
}

/// Tells when it is dropped.
struct Guard(mpsc::UnboundedSender<()>);

impl Drop for Guard {
    fn drop(&mut self) {
        let _ = self.0.send(());
    }
}

/// A Greeter whose handlers know of no deadline and never end, and what tells of their end.
fn endless() -> (Scripted, mpsc::UnboundedReceiver<()>) {
    let (told, dropped) = mpsc::unbounded_channel();
    let (often, chat) = (told.clone(), told);
    let greeter = Scripted::default()
        .hello_often(move |context, _, mut replies| {
            let guard = Guard(often.clone());
            async move {
                let _guard = guard;
                assert!(context.deadline().is_none());
                replies.send(reply("one")).await?;
                std::future::pending().await
            }
        })
        .chat(move |context, mut requests, _replies| {
            let guard = Guard(chat.clone());
            async move {
                let _guard = guard;
                assert!(context.deadline().is_none());
                while requests.recv().await?.is_some() {}
                std::future::pending().await
            }
        });
    (greeter, dropped)
}

/// A stream of one message.
struct Once(Option<HelloRequest>);

impl Stream for Once {
    type Item = HelloRequest;

    fn poll_next(mut self: Pin<&mut Self>, _cx: &mut Context<'_>) -> Poll<Option<HelloRequest>> {
        Poll::Ready(self.0.take())
    }
}

fn secretive(world: &World) -> GreeterService {
    let mut options = ClientOptions::default();
    options.interceptors.push(Arc::new(Secretive));
    world.greeter_with(options)
}

fn assert_late(error: &Error, stage: &str) {
    assert_eq!(error.code(), Code::DeadlineExceeded, "{error:?}");
    assert!(error.message().starts_with(stage), "{error:?}");
    assert!(error.message().contains("at node node"), "{error:?}");
}

on_every_wire! {
    async fn at_the_callers_deadline_the_handler_is_dropped_while_the_receiver_is_held(wire: Wire) {
        let world = World::new(wire);
        let (handler, mut dropped) = endless();
        let node = world.serve(handler).await;
        world.announce("node", node.address()).await;
        let greeter = secretive(&world);

        let mut often = greeter.hello_often(hello("Ada")).timeout(SOON).await.unwrap();
        assert_eq!(often.recv().await.unwrap().unwrap().message, "one");
        assert_late(&often.recv().await.unwrap_err(), "wait: the deadline passed; called");
        timeout(LONG, dropped.recv()).await.expect("the handler of hello_often is dropped");
        assert!(often.recv().await.unwrap().is_none());

        let (mut sender, mut receiver) = greeter.chat().timeout(SOON).await.unwrap().split();
        sender.send(hello("Ada")).await.unwrap();
        assert_late(&receiver.recv().await.unwrap_err(), "wait: the deadline passed; called");
        timeout(LONG, dropped.recv()).await.expect("the handler of chat is dropped");
        let error = sender.send(hello("Bob")).await.unwrap_err();
        assert_late(&error, "send: the deadline passed, and recv has the status; called");
        drop((often, receiver));
    }

    async fn waiting_for_the_metadata_ends_the_call_at_the_deadline_too_and_recv_says_so(wire: Wire) {
        let world = World::new(wire);
        let silent = Scripted::default().hello_often(|_, _, _| std::future::pending());
        let node = world.serve(silent).await;
        world.announce("node", node.address()).await;
        let mut often = secretive(&world).hello_often(hello("Ada")).timeout(SOON).await.unwrap();
        assert_late(&often.metadata().await.unwrap_err(), "wait: ");
        assert_late(&often.recv().await.unwrap_err(), "wait: ");
        assert!(often.recv().await.unwrap().is_none());
        let mut many = secretive(&world).hello_many().await.unwrap();
        // In memory the status comes by itself, over a network with the metadata.
        let _ = many.metadata().await;
        let error = many.finish().await.unwrap_err();
        assert_eq!(error.code(), Code::Unimplemented, "{error:?}");
    }

    async fn nothing_is_sent_after_the_deadline_though_nobody_receives(wire: Wire) {
        let world = World::new(wire);
        let (handler, _dropped) = endless();
        let node = world.serve(handler).await;
        world.announce("node", node.address()).await;
        let mut chat = secretive(&world).chat().timeout(SOON).await.unwrap();
        chat.send(hello("Ada")).await.unwrap();
        sleep(SOON).await;
        let told = "send: the deadline passed, and recv has the status; called";
        assert_late(&chat.send(hello("Bob")).await.unwrap_err(), told);
        assert_late(&chat.send_all(Once(Some(hello("Cleo")))).await.unwrap_err(), told);
        assert_late(&chat.recv().await.unwrap_err(), "wait: ");
    }

    async fn a_peer_that_never_pauses_does_not_outlast_the_deadline(wire: Wire) {
        let world = World::new(wire);
        let flood = Scripted::default().hello_often(|_, _, mut replies| async move {
            loop {
                replies.send(reply("more")).await?;
            }
        });
        let node = world.serve(flood).await;
        world.announce("node", node.address()).await;
        let mut often = secretive(&world).hello_often(hello("Ada")).timeout(SOON).await.unwrap();
        let reading = async {
            loop {
                if let Err(error) = often.recv().await {
                    return error;
                }
            }
        };
        let error = timeout(LONG, reading).await.expect("it has an end");
        assert_late(&error, "wait: ");
    }
}

#[tokio::test]
async fn a_call_whose_reply_cannot_be_decoded_is_reset_while_the_receiver_is_held() {
    let (world, (peer, mut resets)) = (World::new(Wire::Grpc), going_on(GARBAGE).await);
    world.announce("odd", &peer.address).await;
    let (mut sender, mut receiver) = world.greeter().chat().await.unwrap().split();
    sender.send(hello("Ada")).await.unwrap();
    let error = receiver.recv().await.unwrap_err();
    assert_eq!(error.code(), Code::Internal, "{error:?}");
    let reason = timeout(LONG, resets.recv()).await.expect("it is reset");
    assert_eq!(reason, Some(Reason::CANCEL));
    let error = sender.send(hello("Bob")).await.unwrap_err();
    assert_eq!(error.message(), "the call has ended; recv has its status");
    assert!(receiver.recv().await.unwrap().is_none());
}

#[tokio::test]
async fn at_the_deadline_a_peer_is_told_cancel() {
    let (world, (peer, mut resets)) = (World::new(Wire::Grpc), going_on(&[]).await);
    world.announce("node", &peer.address).await;
    let mut often = world
        .greeter()
        .hello_often(hello("Ada"))
        .timeout(SOON)
        .await
        .unwrap();
    assert_late(&often.recv().await.unwrap_err(), "wait: ");
    let reason = timeout(LONG, resets.recv()).await.expect("it is reset");
    assert_eq!(reason, Some(Reason::CANCEL));
    drop(often);
}
