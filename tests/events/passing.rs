//! What an event passes on its way: interceptors and deadlines.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use rmicro_runtime::broker::{Broker, Memory, Message, Topic};
use rmicro_runtime::seam::Clock;
use rmicro_runtime::transport::ClientCall;
use rmicro_runtime::{
    Answer, ClientInterceptor, ClientNext, Code, Context, Error, Result, ServerCall,
    ServerInterceptor, ServerNext,
};
use rmicro_tests::{HelloReply, reply};

use crate::world::{Diary, MS, World};

/// Writes down what passes, on either side.
struct Noting(&'static str, Diary);

#[async_trait]
impl ClientInterceptor for Noting {
    async fn intercept(&self, mut call: ClientCall, next: ClientNext<'_>) -> Result<Answer> {
        let head = &mut call.head;
        self.1
            .note(format!("{} {} {}", self.0, head.endpoint, head.service));
        head.metadata.insert("from", self.0)?;
        next.run(call).await
    }
}

#[async_trait]
impl ServerInterceptor for Noting {
    async fn intercept(&self, call: ServerCall, next: ServerNext<'_>) -> Result<()> {
        let context = call.context();
        let (endpoint, from) = (
            context.endpoint().to_owned(),
            context
                .metadata()
                .get("from")
                .unwrap_or("nobody")
                .to_owned(),
        );
        self.1.note(format!(
            "{} {endpoint} {:?} from {from}",
            self.0,
            context.topic()
        ));
        context.set(from);
        let ended = next.run(call).await;
        self.1.note(format!("{} out {}", self.0, ended.is_ok()));
        ended
    }
}

#[tokio::test]
async fn interceptors_of_both_sides_run_around_an_event() {
    let (world, diary) = (World::default(), Diary::new());
    let noting = |name| Noting(name, diary.clone());
    let audit = world
        .builder("audit")
        .server_interceptor(noting("s1"))
        .server_interceptor(noting("s2"))
        .build()
        .unwrap();
    let handling = diary.clone();
    let handler = move |ctx: Context, event: HelloReply| {
        let from: String = ctx.get().unwrap_or_default();
        handling.note(format!("{} from {from}", event.message));
        std::future::ready(Ok(()))
    };
    audit.subscribe("t", handler).unwrap();
    let _running = audit.start().await.unwrap();
    let greeter = world
        .builder("greeter")
        .client_interceptor(noting("c1"))
        .client_interceptor(noting("c2"));
    greeter
        .build()
        .unwrap()
        .publish("t", &reply("hi"))
        .await
        .unwrap();
    let expected = [
        "c1 publish t",
        "c2 publish t",
        "s1 receive Some(\"t\") from c2",
        "s2 receive Some(\"t\") from c2",
        "hi from c2",
        "s2 out true",
        "s1 out true",
    ];
    assert_eq!(diary.when(7).await, expected);
}

/// Publishes nothing.
struct Refusing;

#[async_trait]
impl ClientInterceptor for Refusing {
    async fn intercept(&self, _call: ClientCall, _next: ClientNext<'_>) -> Result<Answer> {
        Err(Error::permission_denied("not today"))
    }
}

#[tokio::test]
async fn an_interceptor_may_refuse_to_publish() {
    let world = World::default();
    let mut raw = world.broker.subscribe(&"t".into()).await.unwrap();
    let greeter = world
        .builder("greeter")
        .client_interceptor(Refusing)
        .build()
        .unwrap();
    let error = greeter.publish("t", &reply("hi")).await.unwrap_err();
    assert_eq!(
        (error.code(), error.message()),
        (Code::PermissionDenied, "not today")
    );
    world
        .broker
        .publish("t", Message::new("first"))
        .await
        .unwrap();
    assert_eq!(raw.next().await.unwrap().unwrap().message().body, "first");
}

/// A broker whose only subscriber takes nothing more.
async fn full() -> (World, rmicro_runtime::broker::Subscription) {
    let world = World {
        broker: Memory::new().backlog(1),
        ..World::default()
    };
    let stuck = world
        .broker
        .subscribe(&Topic::new("t").in_flight(1))
        .await
        .unwrap();
    for _ in 0..2 {
        world.broker.publish("t", Message::new("x")).await.unwrap();
    }
    (world, stuck)
}

#[tokio::test(start_paused = true)]
async fn publishing_waits_for_room_until_its_deadline() {
    let (world, mut stuck) = full().await;
    let service = world.service("greeter");
    let (begun, event) = (tokio::time::Instant::now(), reply("late"));
    let error = service
        .publish("t", &event)
        .timeout(700 * MS)
        .await
        .unwrap_err();
    assert_eq!(error.code(), Code::DeadlineExceeded);
    assert_eq!(
        error.message(),
        "publish: topic \"t\" at broker memory: the deadline passed; a subscription or a queue of the topic has its backlog full"
    );
    assert_eq!(begun.elapsed(), 700 * MS);
    let begun = tokio::time::Instant::now();
    service.publish("t", &event).await.unwrap_err();
    assert_eq!(begun.elapsed(), Duration::from_secs(30));
    let (published, ()) = tokio::join!(service.publish("t", &reply("in time")), async {
        tokio::time::sleep(100 * MS).await;
        stuck.next().await.unwrap().unwrap().ack().await.unwrap();
    });
    published.unwrap();
    stuck.next().await.unwrap().unwrap().ack().await.unwrap();
    let last = stuck.next().await.unwrap().unwrap();
    assert_eq!(last.message().body, &b"\x0a\x07in time"[..]);
    last.ack().await.unwrap();
}

/// Writes down how long an event may take to be published.
struct Patience(Diary);

#[async_trait]
impl ClientInterceptor for Patience {
    async fn intercept(&self, call: ClientCall, next: ClientNext<'_>) -> Result<Answer> {
        let left = call
            .head
            .deadline
            .map(|at| at.since(Clock::default().now()));
        self.0.note(format!("{} {left:?}", call.head.service));
        next.run(call).await
    }
}

#[tokio::test(start_paused = true)]
async fn an_event_that_an_interceptor_holds_up_says_so() {
    struct Stuck(Duration, Duration);

    #[async_trait]
    impl ClientInterceptor for Stuck {
        async fn intercept(&self, call: ClientCall, next: ClientNext<'_>) -> Result<Answer> {
            tokio::time::sleep(self.0).await;
            let answer = next.run(call).await;
            tokio::time::sleep(self.1).await;
            answer
        }
    }

    let (none, long) = (Duration::ZERO, 100 * MS);
    for stuck in [Stuck(long, none), Stuck(none, long)] {
        let builder = World::default()
            .builder("greeter")
            .client_interceptor(stuck);
        let (service, event) = (builder.build().unwrap(), reply("late"));
        let publishing = service.publish("t", &event).timeout(50 * MS);
        assert_eq!(
            publishing.await.unwrap_err().message(),
            "publish: topic \"t\" at broker memory: the deadline passed; an interceptor had not come to an end"
        );
    }
}

#[tokio::test(start_paused = true)]
async fn a_handler_that_publishes_has_its_own_deadline() {
    let (world, diary) = (World::default(), Diary::new());
    let builder = world
        .builder("relay")
        .client_interceptor(Patience(diary.clone()));
    let service = builder.build().unwrap();
    let publisher = service.publisher().clone();
    let handler = move |ctx: Context, event: HelloReply| {
        let publisher = publisher.clone();
        async move {
            assert_eq!(ctx.time_left(), Some(50 * MS));
            publisher.publish("out", &event).await?;
            publisher.publish("hurry", &event).timeout(20 * MS).await
        }
    };
    service
        .subscribe(Topic::new("in").timeout(50 * MS), handler)
        .unwrap();
    let _running = service.start().await.unwrap();
    service.publish("in", &reply("x")).await.unwrap();
    let expected = ["in Some(30s)", "out Some(50ms)", "hurry Some(20ms)"];
    assert_eq!(diary.when(3).await, expected);
}

#[tokio::test]
async fn an_interceptor_of_the_server_may_refuse_an_event() {
    struct Door(Arc<Mutex<u32>>);

    #[async_trait]
    impl ServerInterceptor for Door {
        async fn intercept(&self, _call: ServerCall, _next: ServerNext<'_>) -> Result<()> {
            *self.0.lock().unwrap() += 1;
            Err(Error::invalid_argument("no token"))
        }
    }

    let (world, refused, diary) = (World::default(), Arc::new(Mutex::new(0)), Diary::new());
    let service = world
        .builder("audit")
        .server_interceptor(Door(refused.clone()))
        .build()
        .unwrap();
    let noting = diary.clone();
    let handler = move |_: Context, event: HelloReply| {
        noting.note(event.message);
        std::future::ready(Ok(()))
    };
    service.subscribe("t", handler).unwrap();
    let running = service.start().await.unwrap();
    service.publish("t", &reply("x")).await.unwrap();
    running.shutdown().await.unwrap();
    assert_eq!((*refused.lock().unwrap(), diary.entries().len()), (1, 0));
}
