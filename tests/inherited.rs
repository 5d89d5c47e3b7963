//! A call that a handler makes has the handler's deadline, whatever kind either of them is.

use std::ops::RangeInclusive;
use std::time::Duration;

use rmicro_runtime::{Context, Result};
use rmicro_tests::pb::GreeterService;
use rmicro_tests::raw::{ADA, post_with, send};
use rmicro_tests::{HelloReply, Rig, Scripted, Wire, hello, on_every_wire, reply};
use tokio::time::sleep;

/// What the outer calls have. It is less than the 30 s that a client gives a unary call by itself, and no stream has any by itself.
const OUTER: Duration = Duration::from_secs(20);
/// What the handler gives where it wants less.
const SHORTER: Duration = Duration::from_secs(5);

/// Of a call that has the outer deadline, however slow the machine is.
const INHERITED: RangeInclusive<u64> = 6..=20;

/// Says how many seconds it has left, by each kind; 0 is no deadline at all.
fn clerk() -> Scripted {
    Scripted::default()
        .hello(|ctx, _| async move { Ok(left(&ctx)) })
        .hello_many(|ctx, mut requests| async move {
            while requests.recv().await?.is_some() {}
            Ok(left(&ctx))
        })
        .hello_often(|ctx, _, mut replies| async move { replies.send(left(&ctx)).await })
        .chat(|ctx, mut requests, mut replies| async move {
            while requests.recv().await?.is_some() {}
            replies.send(left(&ctx)).await
        })
}

fn left(ctx: &Context) -> HelloReply {
    let left = ctx.time_left().map_or(0, |left| left.as_secs().max(1));
    reply(left.to_string())
}

/// What the clerk says to each kind of call, and once more to each of them that asks for less and for more time.
async fn ask(clerk: &GreeterService) -> Result<HelloReply> {
    let mut told = Vec::new();
    for timeout in [None, Some(SHORTER), Some(2 * OUTER)] {
        told.extend(ask_all_kinds(clerk, timeout).await?);
    }
    Ok(reply(told.join(" ")))
}

async fn ask_all_kinds(clerk: &GreeterService, timeout: Option<Duration>) -> Result<[String; 4]> {
    macro_rules! limited {
        ($call:expr) => {
            match timeout {
                Some(timeout) => $call.timeout(timeout),
                None => $call,
            }
        };
    }
    let one = limited!(clerk.hello(hello(""))).await?.message;
    let many = limited!(clerk.hello_many()).await?.finish().await?.message;
    let mut often = limited!(clerk.hello_often(hello(""))).await?;
    let often = often.recv().await?.unwrap_or_default().message;
    let mut chat = limited!(clerk.chat()).await?;
    chat.close_send();
    let chat = chat.recv().await?.unwrap_or_default().message;
    Ok([one, many, often, chat])
}

/// Asks the clerk from within each kind of handler: at once, and after it has waited, when another task may run it.
fn asks(clerk: &GreeterService) -> Scripted {
    let [a, b, c, d] = [(); 4].map(|()| clerk.clone());
    Scripted::default()
        .hello(move |_, _| {
            let clerk = a.clone();
            async move { ask_twice(&clerk).await }
        })
        .hello_many(move |_, mut requests| {
            let clerk = b.clone();
            async move {
                while requests.recv().await?.is_some() {}
                ask_twice(&clerk).await
            }
        })
        .hello_often(move |_, _, mut replies| {
            let clerk = c.clone();
            async move {
                let told = ask_twice(&clerk).await?;
                replies.send(told).await
            }
        })
        .chat(move |_, mut requests, mut replies| {
            let clerk = d.clone();
            async move {
                while requests.recv().await?.is_some() {
                    replies.send(ask_twice(&clerk).await?).await?;
                }
                Ok(())
            }
        })
}

async fn ask_twice(clerk: &GreeterService) -> Result<HelloReply> {
    let first = ask(clerk).await?.message;
    sleep(Duration::from_millis(5)).await;
    let second = ask(clerk).await?.message;
    Ok(reply(format!("{first} {second}")))
}

#[track_caller]
fn assert_inherited(told: &str, who: &str) {
    let told: Vec<u64> = told.split(' ').map(|left| left.parse().unwrap()).collect();
    assert_eq!(told.len(), 2 * 3 * 4, "{who}: {told:?}");
    for (index, left) in told.into_iter().enumerate() {
        let asked_for_less = index / 4 % 3 == 1;
        let bounds = if asked_for_less { 1..=5 } else { INHERITED };
        assert!(bounds.contains(&left), "{who}, {index}: {left} s left");
    }
}

on_every_wire! {
    async fn every_kind_of_handler_passes_its_deadline_on_to_every_kind_of_call(wire: Wire) {
        let inner = Rig::new(wire, clerk()).await;
        let outer = Rig::new(wire, asks(&inner.greeter)).await;
        let greeter = &outer.greeter;
        let told = greeter.hello(hello("Ada")).timeout(OUTER).await.unwrap();
        assert_inherited(&told.message, "hello");
        let many = greeter.hello_many().timeout(OUTER).await.unwrap();
        assert_inherited(&many.finish().await.unwrap().message, "hello_many");
        let mut often = greeter.hello_often(hello("Ada")).timeout(OUTER).await.unwrap();
        assert_inherited(&often.recv().await.unwrap().unwrap().message, "hello_often");
        let mut chat = greeter.chat().timeout(OUTER).await.unwrap();
        for round in ["chat", "chat again"] {
            chat.send(hello("Ada")).await.unwrap();
            assert_inherited(&chat.recv().await.unwrap().unwrap().message, round);
        }
    }

    async fn a_handler_without_a_deadline_passes_none_on(wire: Wire) {
        let inner = Rig::new(wire, clerk()).await;
        let outer = Rig::new(wire, asks(&inner.greeter)).await;
        let mut often = outer.greeter.hello_often(hello("Ada")).await.unwrap();
        let told = often.recv().await.unwrap().unwrap().message;
        let told: Vec<&str> = told.split(' ').collect();
        // The client gives a unary call 30 s of its own, and a stream nothing.
        assert!((21..=30).contains(&told[0].parse().unwrap()), "{told:?}");
        assert_eq!(told[1..4], ["0"; 3], "{told:?}");
    }

    async fn a_task_that_a_handler_spawns_is_on_its_own(wire: Wire) {
        let inner = Rig::new(wire, clerk()).await;
        let clerk = inner.greeter.clone();
        let outer = Rig::new(wire, Scripted::default().hello(move |_, _| {
            let clerk = clerk.clone();
            async move {
                let task = tokio::spawn(async move { ask_all_kinds(&clerk, None).await });
                Ok(reply(task.await.expect("it does not panic")?.join(" ")))
            }
        }))
        .await;
        let told = outer.greeter.hello(hello("Ada")).timeout(OUTER).await.unwrap().message;
        let told: Vec<&str> = told.split(' ').collect();
        assert!((21..=30).contains(&told[0].parse().unwrap()), "{told:?}");
        assert_eq!(told[1..], ["0"; 3], "{told:?}");
    }
}

#[tokio::test]
async fn go_micros_timeout_is_passed_on_as_well() {
    let inner = Rig::new(Wire::Grpc, clerk()).await;
    let outer = Rig::new(Wire::Grpc, asks(&inner.greeter)).await;
    let nanos = OUTER.as_nanos().to_string();
    for (method, header) in [
        ("Hello", ("timeout", &*nanos)),
        ("HelloOften", ("timeout", &*nanos)),
        ("HelloMany", ("timeout", &*nanos)),
        ("Chat", ("timeout", &*nanos)),
        ("Chat", ("grpc-timeout", "20S")),
    ] {
        let path = format!("/greet.v1.Greeter/{method}");
        let answer = send(&outer, post_with(&outer, &path, &[header]), &[ADA]).await;
        assert_eq!(answer.grpc_status(), "0", "{method}: {}", answer.message());
        // The prefix of the frame, and the tag and length of the text.
        let told = std::str::from_utf8(&answer.data[7..]).unwrap();
        assert_inherited(told, method);
    }
}
