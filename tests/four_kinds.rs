//! The four kinds of calls over real sockets and in memory: what a user sees, sentence by sentence of the design.

use std::sync::Arc;
use std::time::Duration;

use rmicro_runtime::{Code, Error, Result};
use rmicro_tests::{Rig, Scripted, Wire, hello, on_every_wire, reply};
use tokio::sync::{Notify, oneshot};

/// A Greeter that greets by all four kinds.
fn polite() -> Scripted {
    Scripted::default()
        .hello(|_, request| async move { Ok(reply(format!("Hello, {}!", request.name))) })
        .hello_many(|_, mut requests| async move {
            let mut names = Vec::new();
            while let Some(request) = requests.recv().await? {
                names.push(request.name);
            }
            Ok(reply(format!("Hello, {}!", names.join(" and "))))
        })
        .hello_often(|_, request, mut replies| async move {
            for _ in 0..3 {
                replies
                    .send(reply(format!("Hello, {}!", request.name)))
                    .await?;
            }
            Ok(())
        })
        .chat(|_, mut requests, mut replies| async move {
            while let Some(request) = requests.recv().await? {
                replies
                    .send(reply(format!("Hello, {}!", request.name)))
                    .await?;
            }
            Ok(())
        })
}

/// Sends to `dropped` when it goes.
struct Dropped(Option<oneshot::Sender<()>>);

impl Drop for Dropped {
    fn drop(&mut self) {
        if let Some(dropped) = self.0.take() {
            let _ = dropped.send(());
        }
    }
}

/// A value that tells when it is dropped, given away once, and what it tells.
fn drop_flag() -> (
    Arc<std::sync::Mutex<Option<Dropped>>>,
    oneshot::Receiver<()>,
) {
    let (tell, told) = oneshot::channel();
    (
        Arc::new(std::sync::Mutex::new(Some(Dropped(Some(tell))))),
        told,
    )
}

on_every_wire! {
    async fn each_kind_greets(wire: Wire) {
        let rig = Rig::new(wire, polite()).await;
        assert_eq!(rig.greeter.hello(hello("Ada")).await.unwrap().message, "Hello, Ada!");

        let mut many = rig.greeter.hello_many().await.unwrap();
        many.send(hello("Ada")).await.unwrap();
        many.send(hello("Grace")).await.unwrap();
        assert_eq!(many.finish().await.unwrap().message, "Hello, Ada and Grace!");

        let mut often = rig.greeter.hello_often(hello("Ada")).await.unwrap();
        for _ in 0..3 {
            assert_eq!(often.recv().await.unwrap().unwrap().message, "Hello, Ada!");
        }
        assert!(often.recv().await.unwrap().is_none());

        let mut chat = rig.greeter.chat().await.unwrap();
        for name in ["Ada", "Grace"] {
            chat.send(hello(name)).await.unwrap();
            let answer = chat.recv().await.unwrap().unwrap();
            assert_eq!(answer.message, format!("Hello, {name}!"));
        }
        chat.close_send();
        assert!(chat.recv().await.unwrap().is_none());
    }

    async fn a_stream_begins_without_waiting_for_the_server(wire: Wire) {
        let silent = Scripted::default()
            .hello_often(|_, _, _replies| std::future::pending())
            .chat(|_, _requests, _replies| std::future::pending());
        let rig = Rig::new(wire, silent).await;
        let _often = rig.greeter.hello_often(hello("Ada")).await.unwrap();
        let mut chat = rig.greeter.chat().await.unwrap();
        chat.send(hello("Ada")).await.unwrap();
    }

    async fn a_refusal_shows_at_the_first_recv_or_finish(wire: Wire) {
        let rig = Rig::new(wire, Scripted::default()).await;
        let mut often = rig.greeter.hello_often(hello("Ada")).await.unwrap();
        assert_eq!(often.recv().await.unwrap_err().code(), Code::Unimplemented);
        assert!(often.recv().await.unwrap().is_none());
        let many = rig.greeter.hello_many().await.unwrap();
        assert_eq!(many.finish().await.unwrap_err().code(), Code::Unimplemented);
    }

    async fn all_seventeen_codes_arrive_with_their_text(wire: Wire) {
        let failing = Scripted::default().hello(|_, request| async move {
            match request.name.parse::<u32>() {
                Ok(0) => Ok(reply("fine")),
                Ok(number) => Err(Error::new(Code::from_number(number), format!("naïve {number} % \n"))),
                Err(_) => Err(Error::internal("no number")),
            }
        });
        let rig = Rig::new(wire, failing).await;
        assert_eq!(rig.greeter.hello(hello("0")).await.unwrap().message, "fine");
        for number in 1..17 {
            let error = rig.greeter.hello(hello(&number.to_string())).await.unwrap_err();
            assert_eq!(error.code().number(), number);
            assert_eq!(error.message(), format!("naïve {number} % \n"));
        }
    }

    async fn metadata_and_trailers_travel_both_ways(wire: Wire) {
        let echoing = Scripted::default().hello(|ctx, _| async move {
            let trace = ctx.metadata().get("trace").unwrap_or("none").to_owned();
            ctx.reply_metadata().insert("head", &trace)?;
            ctx.trailers().insert("tail", &trace)?;
            Ok(reply(trace))
        });
        let rig = Rig::new(wire, echoing).await;
        let whole = rig.greeter.hello(hello("Ada")).metadata("Trace", "7").send().await.unwrap();
        assert_eq!(whole.message.message, "7");
        assert_eq!(whole.metadata.get("head"), Some("7"));
        assert_eq!(whole.trailers.get("tail"), Some("7"));
    }

    async fn every_kind_gives_its_metadata_and_trailers(wire: Wire) {
        let told = |ctx: &rmicro_runtime::Context| {
            ctx.reply_metadata().insert("head", "1")?;
            ctx.trailers().insert("tail", "2")
        };
        let telling = Scripted::default()
            .hello_many(move |ctx, mut requests| async move {
                told(&ctx)?;
                while requests.recv().await?.is_some() {}
                Ok(reply("many"))
            })
            .hello_often(move |ctx, _, mut replies| async move {
                told(&ctx)?;
                replies.send(reply("often")).await
            })
            .chat(move |ctx, mut requests, mut replies| async move {
                told(&ctx)?;
                requests.recv().await?;
                replies.send(reply("chat")).await
            });
        let rig = Rig::new(wire, telling).await;

        let mut many = rig.greeter.hello_many().await.unwrap();
        assert_eq!(many.metadata().await.unwrap().get("head"), Some("1"));
        let whole = many.reply().await.unwrap();
        assert_eq!(whole.message.message, "many");
        assert_eq!((whole.metadata.get("head"), whole.trailers.get("tail")), (Some("1"), Some("2")));

        let mut often = rig.greeter.hello_often(hello("Ada")).await.unwrap();
        assert_eq!(often.metadata().await.unwrap().get("head"), Some("1"));
        while often.recv().await.unwrap().is_some() {}
        assert_eq!(often.trailers().get("tail"), Some("2"));

        let mut chat = rig.greeter.chat().await.unwrap();
        assert_eq!(chat.metadata().await.unwrap().get("head"), Some("1"));
        chat.send(hello("Ada")).await.unwrap();
        while chat.recv().await.unwrap().is_some() {}
        assert_eq!(chat.trailers().get("tail"), Some("2"));
    }

    async fn trailers_come_with_an_error_too(wire: Wire) {
        let failing = Scripted::default().hello(|ctx, _| async move {
            ctx.trailers().insert("tail", "1")?;
            Err(Error::not_found("nobody"))
        });
        let rig = Rig::new(wire, failing).await;
        let error = rig.greeter.hello(hello("Ada")).await.unwrap_err();
        assert_eq!((error.code(), error.message()), (Code::NotFound, "nobody"));
        assert_eq!(error.metadata().get("tail"), Some("1"));
    }

    async fn headers_of_a_bidi_stream_leave_when_the_handler_first_waits(wire: Wire) {
        let late = Arc::new(Notify::new());
        let told = late.clone();
        let waiting = Scripted::default().chat(move |ctx, mut requests, mut replies| {
            let told = told.clone();
            async move {
                ctx.reply_metadata().insert("early", "1")?;
                requests.recv().await?;
                let refused = ctx.reply_metadata().insert("late", "1").unwrap_err();
                replies.send(reply(refused.message())).await?;
                told.notified().await;
                Ok(())
            }
        });
        let rig = Rig::new(wire, waiting).await;
        let (mut sender, mut receiver) = rig.greeter.chat().await.unwrap().split();
        assert_eq!(receiver.metadata().await.unwrap().get("early"), Some("1"));
        sender.send(hello("Ada")).await.unwrap();
        let refused = receiver.recv().await.unwrap().unwrap();
        assert!(refused.message.contains("too late"), "{}", refused.message);
        late.notify_one();
    }

    async fn headers_of_a_server_stream_leave_with_the_first_reply(wire: Wire) {
        let go = Arc::new(Notify::new());
        let gone = go.clone();
        let slow = Scripted::default().hello_often(move |ctx, _, mut replies| {
            let gone = gone.clone();
            async move {
                gone.notified().await;
                ctx.reply_metadata().insert("still-in-time", "1")?;
                replies.send(reply("at last")).await
            }
        });
        let rig = Rig::new(wire, slow).await;
        let mut often = rig.greeter.hello_often(hello("Ada")).await.unwrap();
        go.notify_one();
        assert_eq!(often.metadata().await.unwrap().get("still-in-time"), Some("1"));
        assert_eq!(often.recv().await.unwrap().unwrap().message, "at last");
    }

    async fn what_was_sent_leaves_when_the_handler_next_waits(wire: Wire) {
        let once = Scripted::default().hello_often(|_, _, mut replies| async move {
            replies.send(reply("now")).await?;
            std::future::pending().await
        });
        let rig = Rig::new(wire, once).await;
        let mut often = rig.greeter.hello_often(hello("Ada")).await.unwrap();
        assert_eq!(often.recv().await.unwrap().unwrap().message, "now");
    }

    async fn a_handler_that_nobody_reads_stands_still(wire: Wire) {
        let sent = Arc::new(std::sync::atomic::AtomicUsize::new(0));
        let counted = sent.clone();
        let flood = Scripted::default().hello_often(move |_, _, mut replies| {
            let counted = counted.clone();
            async move {
                let kilobyte = "k".repeat(1024);
                loop {
                    replies.send(reply(kilobyte.clone())).await?;
                    counted.fetch_add(1, std::sync::atomic::Ordering::SeqCst);
                }
            }
        });
        let rig = Rig::new(wire, flood).await;
        let mut often = rig.greeter.hello_often(hello("Ada")).await.unwrap();
        often.recv().await.unwrap().unwrap();
        let mut last = 0;
        loop {
            tokio::time::sleep(Duration::from_millis(50)).await;
            let now = sent.load(std::sync::atomic::Ordering::SeqCst);
            if now == last {
                break;
            }
            last = now;
        }
        let most = match wire { Wire::Grpc => 4 * 1024, _ => 256 };
        assert!(last <= most, "{last} KiB were sent to nobody");
        for _ in 0..last {
            often.recv().await.unwrap().unwrap();
        }
    }

    async fn the_end_of_the_handler_is_the_end_of_the_call(wire: Wire) {
        let (kept, get) = (Arc::new(std::sync::Mutex::new(None)), Arc::new(Notify::new()));
        let (keep, got) = (kept.clone(), get.clone());
        let leaving = Scripted::default().hello_often(move |_, _, mut replies| {
            let (keep, got) = (keep.clone(), got.clone());
            async move {
                replies.send(reply("last words")).await?;
                *keep.lock().unwrap() = Some(replies);
                got.notify_one();
                Ok(())
            }
        });
        let rig = Rig::new(wire, leaving).await;
        let mut often = rig.greeter.hello_often(hello("Ada")).await.unwrap();
        assert_eq!(often.recv().await.unwrap().unwrap().message, "last words");
        assert!(often.recv().await.unwrap().is_none());
        get.notified().await;
        let mut sender = kept.lock().unwrap().take().unwrap();
        assert_eq!(sender.send(reply("too late")).await.unwrap_err().code(), Code::Cancelled);
    }

    async fn after_the_end_a_clients_send_points_to_recv(wire: Wire) {
        let leaving = Scripted::default()
            .chat(|_, _requests, _replies| async { Err(Error::aborted("no time")) });
        let rig = Rig::new(wire, leaving).await;
        let mut chat = rig.greeter.chat().await.unwrap();
        let error = loop {
            if let Err(error) = chat.send(hello("Ada")).await {
                break error;
            }
            tokio::task::yield_now().await;
        };
        assert!(error.message().contains("recv"), "{error}");
        let status = chat.recv().await.unwrap_err();
        assert_eq!((status.code(), status.message()), (Code::Aborted, "no time"));
    }

    async fn a_client_stream_may_be_answered_early(wire: Wire) {
        let quick = Scripted::default().hello_many(|_, mut requests| async move {
            requests.recv().await?;
            Ok(reply("enough"))
        });
        let rig = Rig::new(wire, quick).await;
        let mut many = rig.greeter.hello_many().await.unwrap();
        while many.send(hello("Ada")).await.is_ok() {
            tokio::task::yield_now().await;
        }
        assert_eq!(many.finish().await.unwrap().message, "enough");
    }

    async fn after_half_close_replies_go_on(wire: Wire) {
        let patient = Scripted::default().chat(|_, mut requests, mut replies| async move {
            let mut count = 0;
            while requests.recv().await?.is_some() {
                count += 1;
            }
            for _ in 0..count {
                replies.send(reply("after the end")).await?;
            }
            Ok(())
        });
        let rig = Rig::new(wire, patient).await;
        let mut chat = rig.greeter.chat().await.unwrap();
        for _ in 0..5 {
            chat.send(hello("Ada")).await.unwrap();
        }
        chat.close_send();
        for _ in 0..5 {
            assert!(chat.recv().await.unwrap().is_some());
        }
        assert!(chat.recv().await.unwrap().is_none());
        assert!(chat.send(hello("Ada")).await.is_err());
    }

    async fn dropping_a_call_drops_its_handler(wire: Wire) {
        let (flag, dropped) = drop_flag();
        let begun = Arc::new(Notify::new());
        let begin = begun.clone();
        let waiting = Scripted::default().hello(move |_, _| {
            let (held, begin) = (flag.lock().unwrap().take(), begin.clone());
            async move {
                let _held = held;
                begin.notify_one();
                std::future::pending::<Result<_>>().await
            }
        });
        let rig = Rig::new(wire, waiting).await;
        let call = tokio::spawn(rig.greeter.hello(hello("Ada")).into_future());
        begun.notified().await;
        call.abort();
        dropped.await.unwrap();
    }

    async fn dropping_a_stream_drops_its_handler(wire: Wire) {
        let (flag, dropped) = drop_flag();
        let waiting = Scripted::default().chat(move |_, mut requests, mut replies| {
            let held = flag.lock().unwrap().take();
            async move {
                let _held = held;
                requests.recv().await?;
                replies.send(reply("here")).await?;
                std::future::pending().await
            }
        });
        let rig = Rig::new(wire, waiting).await;
        let mut chat = rig.greeter.chat().await.unwrap();
        chat.send(hello("Ada")).await.unwrap();
        chat.recv().await.unwrap().unwrap();
        drop(chat);
        dropped.await.unwrap();
    }

    async fn the_deadline_ends_both_sides(wire: Wire) {
        let (flag, dropped) = drop_flag();
        let waiting = Scripted::default().hello(move |ctx, _| {
            let held = flag.lock().unwrap().take();
            async move {
                let _held = held;
                assert!(ctx.deadline().is_some());
                std::future::pending().await
            }
        });
        let rig = Rig::new(wire, waiting).await;
        let call = rig.greeter.hello(hello("Ada")).timeout(Duration::from_millis(100));
        assert_eq!(call.await.unwrap_err().code(), Code::DeadlineExceeded);
        dropped.await.unwrap();
    }

    async fn the_deadline_ends_a_stream(wire: Wire) {
        let (flag, dropped) = drop_flag();
        let waiting = Scripted::default().hello_often(move |_, _, mut replies| {
            let held = flag.lock().unwrap().take();
            async move {
                let _held = held;
                replies.send(reply("one")).await?;
                std::future::pending().await
            }
        });
        let rig = Rig::new(wire, waiting).await;
        let call = rig.greeter.hello_often(hello("Ada")).timeout(Duration::from_millis(200));
        let mut often = call.await.unwrap();
        often.recv().await.unwrap().unwrap();
        assert_eq!(often.recv().await.unwrap_err().code(), Code::DeadlineExceeded);
        dropped.await.unwrap();
    }

    async fn a_panic_is_internal_and_the_server_lives(wire: Wire) {
        let shaky = Scripted::default()
            .hello(|_, request| async move {
                if request.name == "boo" {
                    panic!("on purpose");
                }
                Ok(reply("alive"))
            })
            .hello_often(|_, _, mut replies| async move {
                replies.send(reply("before")).await?;
                tokio::task::yield_now().await;
                panic!("on purpose");
            });
        let rig = Rig::new(wire, shaky).await;
        assert_eq!(rig.greeter.hello(hello("boo")).await.unwrap_err().code(), Code::Internal);
        let mut often = rig.greeter.hello_often(hello("Ada")).await.unwrap();
        assert_eq!(often.recv().await.unwrap().unwrap().message, "before");
        assert_eq!(often.recv().await.unwrap_err().code(), Code::Internal);
        assert_eq!(rig.greeter.hello(hello("Ada")).await.unwrap().message, "alive");
    }

    async fn large_and_empty_messages_pass(wire: Wire) {
        let rig = Rig::new(wire, polite()).await;
        let long = "x".repeat(1 << 20);
        let answer = rig.greeter.hello(hello(&long)).await.unwrap();
        assert_eq!(answer.message.len(), long.len() + 8);
        let mut chat = rig.greeter.chat().await.unwrap();
        for name in [long.as_str(), "", long.as_str()] {
            chat.send(hello(name)).await.unwrap();
            assert_eq!(chat.recv().await.unwrap().unwrap().message.len(), name.len() + 8);
        }
    }

    async fn metadata_that_cannot_travel_fails_the_call(wire: Wire) {
        let rig = Rig::new(wire, polite()).await;
        let error = rig.greeter.hello(hello("Ada")).metadata("grpc-x", "1").await.unwrap_err();
        assert_eq!(error.code(), Code::InvalidArgument);
        assert!(error.message().contains("grpc-x"), "{error}");
    }

    async fn a_receiver_is_a_stream(wire: Wire) {
        use futures_core::Stream;
        let rig = Rig::new(wire, polite()).await;
        let mut often = rig.greeter.hello_often(hello("Ada")).await.unwrap();
        let mut count = 0;
        while let Some(next) =
            std::future::poll_fn(|cx| std::pin::Pin::new(&mut often).poll_next(cx)).await
        {
            assert_eq!(next.unwrap().message, "Hello, Ada!");
            count += 1;
        }
        assert_eq!(count, 3);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn calls_that_nobody_reads_hold_up_no_other_call() {
    const HELD: usize = 32;
    fn piece() -> String {
        "x".repeat(256 << 10)
    }
    let held = Scripted::default()
        .hello(|_, request| async move { Ok(reply(request.name)) })
        .hello_many(|_, requests| async move {
            let _unread = requests;
            std::future::pending().await
        })
        .hello_often(move |_, _, mut replies| async move {
            loop {
                replies.send(reply(piece())).await?;
            }
        });
    let rig = Rig::new(Wire::Grpc, held).await;
    let (full, mut fills) = tokio::sync::mpsc::unbounded_channel();
    let mut unread = Vec::new();
    for _ in 0..HELD {
        unread.push(rig.greeter.hello_often(hello("Ada")).await.unwrap());
        let (mut call, full) = (rig.greeter.hello_many().await.unwrap(), full.clone());
        tokio::spawn(async move {
            // A stream's window of 1 MiB and more, so that the rest never leaves.
            while tokio::time::timeout(Duration::from_millis(500), call.send(hello(&piece())))
                .await
                .is_ok()
            {}
            full.send(()).unwrap();
            std::future::pending::<()>().await;
            drop(call);
        });
    }
    for _ in 0..HELD {
        fills.recv().await.unwrap();
    }
    let call = rig
        .greeter
        .hello(hello(&piece()))
        .timeout(Duration::from_secs(10));
    assert_eq!(call.await.unwrap().message.len(), piece().len());
}
