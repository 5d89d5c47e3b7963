//! Whole streams sent at once: what `send_all` promises of errors, of the end, of back-pressure and of cancelling.

use std::collections::VecDeque;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use futures_core::Stream;
use rmicro_runtime::{Code, Error};
use rmicro_tests::{HelloRequest, Rig, Scripted, hello, on_every_wire, reply};
use tokio::time::timeout;

/// What it holds, and then the end, or nothing for ever; it counts what was taken.
#[derive(Default)]
struct Source<T> {
    items: VecDeque<T>,
    taken: Arc<AtomicUsize>,
    endless: bool,
}

impl<T> Source<T> {
    fn of(items: impl IntoIterator<Item = T>) -> Self {
        Self {
            items: items.into_iter().collect(),
            taken: Arc::default(),
            endless: false,
        }
    }

    fn endless(mut self) -> Self {
        self.endless = true;
        self
    }
}

impl<T: Unpin> Stream for Source<T> {
    type Item = T;

    fn poll_next(mut self: Pin<&mut Self>, _cx: &mut Context<'_>) -> Poll<Option<T>> {
        match self.items.pop_front() {
            Some(item) => {
                self.taken.fetch_add(1, Ordering::SeqCst);
                Poll::Ready(Some(item))
            }
            None if self.endless => Poll::Pending,
            None => Poll::Ready(None),
        }
    }
}

fn names(count: usize) -> Source<HelloRequest> {
    Source::of((0..count).map(|number| hello(&number.to_string())))
}

/// Counts what it is sent, and gives every message of a chat back in one line of code.
fn echo() -> Scripted {
    Scripted::default()
        .hello_many(|_, mut requests| async move {
            let mut count = 0;
            while requests.recv().await?.is_some() {
                count += 1;
            }
            Ok(reply(count.to_string()))
        })
        .hello_often(|_, request, mut replies| async move {
            let count = request.name.parse().unwrap_or(0);
            replies
                .send_all(Source::of(
                    (0..count).map(|number: u32| reply(number.to_string())),
                ))
                .await
        })
        .chat(|_, requests, mut replies| async move {
            let mut requests = requests;
            replies.send_all(Renamed(&mut requests)).await
        })
}

/// The requests of a chat as its replies.
struct Renamed<'a>(&'a mut rmicro_runtime::Receiver<HelloRequest>);

impl Stream for Renamed<'_> {
    type Item = rmicro_runtime::Result<rmicro_tests::HelloReply>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let next = Pin::new(&mut *self.0).poll_next(cx);
        next.map(|next| next.map(|request| request.map(|request| reply(request.name))))
    }
}

on_every_wire! {
    async fn all_of_a_stream_arrives_and_the_side_stays_open(wire: Wire) {
        let rig = Rig::new(wire, echo()).await;
        let mut many = rig.greeter.hello_many().await.unwrap();
        many.send_all(names(3000)).await.unwrap();
        many.send(hello("one more")).await.unwrap();
        assert_eq!(many.finish().await.unwrap().message, "3001");
    }

    async fn a_handler_sends_all_in_order(wire: Wire) {
        let rig = Rig::new(wire, echo()).await;
        let mut often = rig.greeter.hello_often(hello("3000")).await.unwrap();
        for number in 0..3000 {
            assert_eq!(often.recv().await.unwrap().unwrap().message, number.to_string());
        }
        assert!(often.recv().await.unwrap().is_none());
    }

    async fn both_halves_of_a_chat_go_on_at_once(wire: Wire) {
        let rig = Rig::new(wire, echo()).await;
        let (mut sender, mut receiver) = rig.greeter.chat().await.unwrap().split();
        let long = "long ".repeat(2000);
        let sending = tokio::spawn(async move {
            sender.send_all(Source::of((0..200).map(|_| hello(&long)))).await
        });
        for _ in 0..200 {
            assert_eq!(receiver.recv().await.unwrap().unwrap().message.len(), 10_000);
        }
        sending.await.unwrap().unwrap();
        // The sender went with its task, which has ended this side.
        assert!(receiver.recv().await.unwrap().is_none());
    }

    async fn the_first_error_of_the_stream_is_the_end_and_what_came_before_is_sent(wire: Wire) {
        let rig = Rig::new(wire, echo()).await;
        let mut many = rig.greeter.hello_many().await.unwrap();
        let broken = [Ok(hello("a")), Err(Error::data_loss("torn")), Ok(hello("never"))];
        let error = many.send_all(Source::of(broken)).await.unwrap_err();
        assert_eq!((error.code(), error.message()), (Code::DataLoss, "torn"));
        assert_eq!(many.finish().await.unwrap().message, "1");
    }

    async fn a_stream_is_asked_only_while_there_is_room(wire: Wire) {
        let deaf = Scripted::default().hello_many(|_, requests| async move {
            let _requests = requests;
            std::future::pending().await
        });
        let rig = Rig::new(wire, deaf).await;
        let mut many = rig.greeter.hello_many().await.unwrap();
        let kilobyte = "k".repeat(1024);
        let source = Source::of((0..20_000).map(|_| hello(&kilobyte)));
        let taken = source.taken.clone();
        let sent = timeout(Duration::from_millis(500), many.send_all(source)).await;
        assert!(sent.is_err(), "20 MiB were sent to nobody");
        assert!(taken.load(Ordering::SeqCst) < 10_000);
    }

    async fn giving_up_loses_no_message(wire: Wire) {
        let rig = Rig::new(wire, echo()).await;
        let mut many = rig.greeter.hello_many().await.unwrap();
        let kilobyte = "k".repeat(1024);
        let mut source = Source::of((0..2000).map(|_| hello(&kilobyte)));
        let mut given_up = 0;
        while timeout(Duration::ZERO, many.send_all(&mut source)).await.is_err() {
            given_up += 1;
            tokio::task::yield_now().await;
        }
        assert!(given_up > 0, "nothing had to wait");
        assert_eq!(many.finish().await.unwrap().message, "2000");
    }

    async fn the_end_of_the_call_ends_a_send_whose_stream_has_nothing(wire: Wire) {
        let early = Scripted::default()
            .chat(|_, _, _| async { Err(Error::aborted("enough")) });
        let rig = Rig::new(wire, early).await;
        let (mut sender, mut receiver) = rig.greeter.chat().await.unwrap().split();
        let sending = tokio::spawn(async move { sender.send_all(names(1).endless()).await });
        assert_eq!(receiver.recv().await.unwrap_err().message(), "enough");
        let error = sending.await.unwrap().unwrap_err();
        assert!(error.message().contains("recv"), "{error}");
    }

    async fn the_deadline_ends_a_send_whose_stream_has_nothing(wire: Wire) {
        let rig = Rig::new(wire, echo()).await;
        let call = rig.greeter.hello_many().timeout(Duration::from_millis(200));
        let mut many = call.await.unwrap();
        let error = many.send_all(names(1).endless()).await.unwrap_err();
        assert_eq!(error.code(), Code::DeadlineExceeded, "{error}");
    }
}
