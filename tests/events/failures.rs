//! Handlers that fail: each failure is one attempt of one delivery.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use rmicro_runtime::broker::{Ack, Broker, Capabilities, Memory, Message, Subscription, Topic};
use rmicro_runtime::{Context, Error, Result, Running};
use rmicro_tests::{HelloReply, reply};

use crate::world::{Diary, MS, World};

/// What a handler does with a message of this name.
async fn act(diary: Diary, ctx: Context, name: String) -> Result<()> {
    diary.note(format!("{name} {}", ctx.attempt().unwrap_or_default()));
    match &*name {
        "fails" => Err(Error::unavailable("no database")),
        "panics" => panic!("on purpose"),
        "hangs" => std::future::pending().await,
        "never" => Err(Error::invalid_argument("no such account")),
        "recovers" if ctx.attempt() < Some(3) => Err(Error::unavailable("not yet")),
        _ => Ok(()),
    }
}

/// A service that acts on the events of `topic`.
async fn acting(world: &World, topic: Topic) -> (Running, Diary) {
    let (service, diary) = (world.service("actor"), Diary::new());
    let noting = diary.clone();
    let handler = move |ctx, event: HelloReply| act(noting.clone(), ctx, event.message);
    service.subscribe(topic, handler).unwrap();
    (service.start().await.unwrap(), diary)
}

async fn publish(world: &World, names: &[&str]) {
    let service = world.service("publisher");
    for name in names {
        service.publish("t", &reply(*name)).await.unwrap();
    }
}

#[tokio::test(start_paused = true)]
async fn a_failure_comes_again_after_growing_waits_and_then_no_more() {
    let world = World::default();
    let (running, diary) = acting(&world, Topic::new("t").attempts(4)).await;
    publish(&world, &["fails"]).await;
    tokio::time::sleep(60_000 * MS).await;
    let expected = [
        ("fails 1", 0),
        ("fails 2", 100),
        ("fails 3", 300),
        ("fails 4", 700),
    ];
    let expected = expected.map(|(entry, at)| (entry.to_owned(), at));
    assert_eq!(near(diary.timed()), expected);
    running.shutdown().await.unwrap();
}

/// Without the millisecond by which a paused clock may be late for each timer.
fn near(entries: Vec<(String, u128)>) -> Vec<(String, u128)> {
    let round = |(entry, at)| (entry, at / 10 * 10);
    entries.into_iter().map(round).collect()
}

#[tokio::test(start_paused = true)]
async fn a_handler_that_recovers_is_done() {
    let world = World::default();
    let (_running, diary) = acting(&world, Topic::new("t")).await;
    publish(&world, &["recovers"]).await;
    tokio::time::sleep(60_000 * MS).await;
    assert_eq!(diary.entries(), ["recovers 1", "recovers 2", "recovers 3"]);
}

#[tokio::test(start_paused = true)]
async fn what_fails_does_not_hold_up_what_is_behind_it() {
    let world = World::default();
    let (_running, diary) = acting(&world, Topic::new("t").attempts(2)).await;
    publish(&world, &["fails", "panics", "good", "well"]).await;
    tokio::time::sleep(50 * MS).await;
    assert_eq!(diary.entries(), ["fails 1", "panics 1", "good 1", "well 1"]);
    tokio::time::sleep(100 * MS).await;
    let again = diary.entries().split_off(4);
    assert_eq!(again, ["fails 2", "panics 2"]);
}

#[tokio::test(start_paused = true)]
async fn a_panic_is_a_failed_attempt_and_the_service_lives() {
    let world = World::default();
    let (_running, diary) = acting(&world, Topic::new("t").attempts(2)).await;
    publish(&world, &["panics", "good"]).await;
    tokio::time::sleep(1000 * MS).await;
    publish(&world, &["later"]).await;
    tokio::time::sleep(1000 * MS).await;
    assert_eq!(
        diary.entries(),
        ["panics 1", "good 1", "panics 2", "later 1"]
    );
}

#[tokio::test(start_paused = true)]
async fn a_handler_that_hangs_is_dropped_at_its_timeout() {
    let world = World::default();
    let topic = Topic::new("t").timeout(200 * MS).attempts(2);
    let (_running, diary) = acting(&world, topic).await;
    publish(&world, &["hangs", "good"]).await;
    tokio::time::sleep(5000 * MS).await;
    let expected = [("hangs 1", 0), ("good 1", 200), ("hangs 2", 300)];
    assert_eq!(
        near(diary.timed()),
        expected.map(|(entry, at)| (entry.to_owned(), at))
    );
}

#[tokio::test(start_paused = true)]
async fn what_can_never_succeed_is_rejected_at_once() {
    let world = World::default();
    let (_running, diary) = acting(&world, Topic::new("t")).await;
    publish(&world, &["never"]).await;
    let garbage = Message::new("\u{ff}garbage");
    world.broker.publish("t", garbage).await.unwrap();
    let xml = Message::new("<a/>").header("Content-Type", "text/xml");
    world.broker.publish("t", xml).await.unwrap();
    let json = Message::new("{}").header("Content-Type", "application/json");
    world.broker.publish("t", json).await.unwrap();
    publish(&world, &["good"]).await;
    tokio::time::sleep(60_000 * MS).await;
    assert_eq!(diary.entries(), ["never 1", "good 1"]);
}

#[tokio::test(start_paused = true)]
async fn what_is_done_on_delivery_has_one_attempt() {
    let world = World::default();
    let topic = Topic::new("t").ack(Ack::OnDelivery);
    let (_running, diary) = acting(&world, topic).await;
    publish(&world, &["fails", "panics", "good"]).await;
    tokio::time::sleep(60_000 * MS).await;
    assert_eq!(diary.entries(), ["fails 1", "panics 1", "good 1"]);
}

/// A broker that takes nothing back, loses its first subscription after a message, and is away for a while then.
#[derive(Debug)]
struct Forgetful {
    inner: Memory,
    subscribed: AtomicUsize,
    lost: Arc<Mutex<Option<tokio::sync::oneshot::Receiver<()>>>>,
}

#[async_trait]
impl Broker for Forgetful {
    fn name(&self) -> &'static str {
        "forgetful"
    }

    fn capabilities(&self) -> Capabilities {
        Capabilities::NONE
    }

    async fn publish(&self, topic: &str, message: Message) -> Result<()> {
        self.inner.publish(topic, message).await
    }

    async fn subscribe(&self, topic: &Topic) -> Result<Subscription> {
        let inner = self
            .inner
            .subscribe(&topic.clone().ack(Ack::OnDelivery))
            .await?;
        match self.subscribed.fetch_add(1, Ordering::Relaxed) {
            0 => {
                let lost = self.lost.lock().unwrap().take();
                Ok(Subscription::new(Fragile { inner, lost }))
            }
            1..=3 => Err(Error::unavailable("still away")),
            _ => Ok(inner),
        }
    }
}

/// A subscription that is lost when it is told.
struct Fragile {
    inner: Subscription,
    lost: Option<tokio::sync::oneshot::Receiver<()>>,
}

impl rmicro_runtime::broker::Source for Fragile {
    fn poll_deliveries(
        &mut self,
        cx: &mut std::task::Context<'_>,
        ready: &mut std::collections::VecDeque<rmicro_runtime::broker::Delivery>,
    ) -> std::task::Poll<Result<bool>> {
        use std::task::Poll;
        let stream = std::pin::Pin::new(&mut self.inner);
        match futures_core::Stream::poll_next(stream, cx) {
            Poll::Ready(Some(next)) => {
                ready.push_back(next?);
                return Poll::Ready(Ok(true));
            }
            Poll::Ready(None) => return Poll::Ready(Ok(false)),
            Poll::Pending => {}
        }
        match self
            .lost
            .as_mut()
            .map(|lost| std::pin::Pin::new(lost).poll(cx))
        {
            Some(Poll::Ready(_)) => Poll::Ready(Err(Error::unavailable("the connection broke"))),
            _ => Poll::Pending,
        }
    }

    fn poll_unsubscribe(&mut self, cx: &mut std::task::Context<'_>) -> std::task::Poll<Result<()>> {
        std::pin::pin!(self.inner.unsubscribe()).poll(cx)
    }
}

fn forgetful(world: &World) -> (Arc<dyn Broker>, tokio::sync::oneshot::Sender<()>) {
    let (lose, lost) = tokio::sync::oneshot::channel();
    let broker = Forgetful {
        inner: world.broker.clone(),
        subscribed: AtomicUsize::new(0),
        lost: Arc::new(Mutex::new(Some(lost))),
    };
    (Arc::new(broker), lose)
}

#[tokio::test(start_paused = true)]
async fn where_a_broker_takes_nothing_back_the_service_tries_again_itself() {
    let world = World::default();
    let (broker, _lose) = forgetful(&world);
    let (service, diary) = (
        world.builder("actor").broker(broker).build().unwrap(),
        Diary::new(),
    );
    let noting = diary.clone();
    let handler = move |ctx, event: HelloReply| act(noting.clone(), ctx, event.message);
    service
        .subscribe(Topic::new("t").attempts(3), handler)
        .unwrap();
    let running = service.start().await.unwrap();
    publish(&world, &["recovers", "fails"]).await;
    tokio::time::sleep(60_000 * MS).await;
    let expected = [
        ("recovers 1", 0),
        ("fails 1", 0),
        ("recovers 2", 100),
        ("fails 2", 100),
        ("recovers 3", 300),
        ("fails 3", 300),
    ];
    assert_eq!(
        near(diary.timed()),
        expected.map(|(entry, at)| (entry.to_owned(), at))
    );
    drop(running);
}

#[tokio::test(start_paused = true)]
async fn a_subscription_that_is_lost_is_made_again() {
    let world = World::default();
    let (broker, lose) = forgetful(&world);
    let (service, diary) = (
        world.builder("actor").broker(broker).build().unwrap(),
        Diary::new(),
    );
    let noting = diary.clone();
    let handler = move |ctx, event: HelloReply| act(noting.clone(), ctx, event.message);
    service.subscribe("t", handler).unwrap();
    let running = service.start().await.unwrap();
    publish(&world, &["before"]).await;
    diary.when(1).await;
    lose.send(()).unwrap();
    // Three tries fail, after 100, 200 and 400 ms; the fourth succeeds after 800 ms more.
    tokio::time::sleep(1600 * MS).await;
    publish(&world, &["after"]).await;
    assert_eq!(diary.when(2).await, ["before 1", "after 1"]);
    running.shutdown().await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_shutdown_waits_for_the_last_attempt_at_what_cannot_be_given_back() {
    let world = World::default();
    let (broker, _lose) = forgetful(&world);
    let service = world.builder("actor").broker(broker).build().unwrap();
    let diary = Diary::new();
    let noting = diary.clone();
    let handler = move |ctx: Context, _: HelloReply| {
        let noting = noting.clone();
        async move {
            let attempt = ctx.attempt().unwrap_or_default();
            // Long enough for the workers to have ended by the second time.
            tokio::time::sleep(30 * MS).await;
            noting.note(format!("attempt {attempt}"));
            Err(Error::unavailable("no database"))
        }
    };
    let topic = Topic::new("t").backoff(20_000 * MS).attempts(2);
    service.subscribe(topic, handler).unwrap();
    let running = service.start().await.unwrap();
    publish(&world, &["x"]).await;
    diary.when(1).await;
    tokio::time::sleep(MS).await;
    running.shutdown().await.unwrap();
    assert_eq!(diary.entries(), ["attempt 1", "attempt 2"]);
}
