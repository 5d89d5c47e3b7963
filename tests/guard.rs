//! Where handlers run: in the connection's task until they wait or turn out to be slow.

use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use rmicro_runtime::Server;
use rmicro_runtime::transport::GrpcConfig;
use rmicro_tests::pb::register_greeter_handler;
use rmicro_tests::{Rig, Scripted, Wire, hello, reply};
use tokio::task::Id;

/// The tasks in which a handler was seen, in order.
#[derive(Clone, Default)]
struct Seen(Arc<Mutex<Vec<Id>>>);

impl Seen {
    fn note(&self) {
        self.0.lock().unwrap().push(tokio::task::id());
    }

    fn all(&self) -> Vec<Id> {
        self.0.lock().unwrap().clone()
    }

    /// How many different tasks there were.
    fn different(&self) -> usize {
        let mut all: Vec<_> = self.all().iter().map(Id::to_string).collect();
        all.sort();
        all.dedup();
        all.len()
    }
}

/// Computes for so long without waiting.
fn compute(for_so_long: Duration) {
    let begun = Instant::now();
    while begun.elapsed() < for_so_long {
        std::hint::spin_loop();
    }
}

fn noting(seen: &Seen, computing: Duration) -> Scripted {
    let seen = seen.clone();
    Scripted::default().hello(move |_, _| {
        let seen = seen.clone();
        async move {
            seen.note();
            compute(computing);
            Ok(reply("done"))
        }
    })
}

/// A rig whose server thinks no poll slow: on a busy machine any poll may be.
async fn patient(greeter: Scripted) -> Rig {
    let patient = GrpcConfig::default().slow_after(Duration::from_secs(3600));
    Rig::grpc(patient, GrpcConfig::default(), greeter).await
}

#[tokio::test]
async fn a_call_that_does_not_wait_runs_in_the_task_of_its_connection() {
    let seen = Seen::default();
    let rig = patient(noting(&seen, Duration::ZERO)).await;
    for _ in 0..20 {
        rig.greeter.hello(hello("Ada")).await.unwrap();
    }
    assert_eq!((seen.all().len(), seen.different()), (20, 1));
}

#[tokio::test]
async fn a_slow_method_gets_tasks_of_its_own_after_its_first_call() {
    let seen = Seen::default();
    let rig = Rig::new(Wire::Grpc, noting(&seen, Duration::from_millis(5))).await;
    for _ in 0..5 {
        rig.greeter.hello(hello("Ada")).await.unwrap();
    }
    assert_eq!(seen.different(), 5);
}

#[tokio::test]
async fn a_blocking_method_gets_them_at_once() {
    let seen = Seen::default();
    let server = Server::new();
    let registration = register_greeter_handler(&server, noting(&seen, Duration::ZERO)).unwrap();
    registration.blocking("Hello").unwrap();
    let rig = Rig::serving(Wire::Grpc, server).await;
    for _ in 0..5 {
        rig.greeter.hello(hello("Ada")).await.unwrap();
    }
    assert_eq!(seen.different(), 5);
}

#[test]
fn blocking_knows_its_methods() {
    let registration = register_greeter_handler(&Server::new(), Scripted::default()).unwrap();
    let error = registration.blocking("Helo").unwrap_err();
    assert_eq!(
        error.message(),
        "greet.v1.Greeter has no method \"Helo\"; it has: Hello, HelloMany, HelloOften, Chat"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn a_method_that_computes_for_long_does_not_even_hold_the_only_worker() {
    let long = Duration::from_millis(300);
    let handler = Scripted::default().hello(move |_, request| async move {
        if request.name == "compute" {
            std::thread::sleep(long);
        }
        Ok(reply(request.name))
    });
    let rig = Rig::new(Wire::Grpc, handler).await;
    rig.greeter.hello(hello("compute")).await.unwrap();
    let begun = Instant::now();
    let computing = tokio::spawn(rig.greeter.hello(hello("compute")).into_future());
    tokio::task::yield_now().await;
    for _ in 0..5 {
        rig.greeter.hello(hello("Ada")).await.unwrap();
    }
    assert!(
        !computing.is_finished(),
        "the others took {:?}",
        begun.elapsed()
    );
    computing.await.unwrap().unwrap();
}

#[tokio::test]
async fn a_unary_call_that_waits_goes_on_in_a_task_of_its_own() {
    let seen = Seen::default();
    let noted = seen.clone();
    let waiting = Scripted::default().hello(move |_, _| {
        let noted = noted.clone();
        async move {
            noted.note();
            tokio::task::yield_now().await;
            noted.note();
            Ok(reply("done"))
        }
    });
    let rig = patient(waiting).await;
    rig.greeter.hello(hello("Ada")).await.unwrap();
    rig.greeter.hello(hello("Ada")).await.unwrap();
    let all = seen.all();
    assert_eq!(all[0], all[2], "first polls are in the connection's task");
    assert_ne!(all[0], all[1]);
    assert_ne!(all[1], all[3]);
}

#[tokio::test]
async fn a_stream_stays_in_the_task_of_its_connection() {
    let seen = Seen::default();
    let noted = seen.clone();
    let chatting = Scripted::default().chat(move |_, mut requests, mut replies| {
        let noted = noted.clone();
        async move {
            while let Some(request) = requests.recv().await? {
                noted.note();
                replies.send(reply(request.name)).await?;
            }
            Ok(())
        }
    });
    let rig = patient(chatting).await;
    for _ in 0..2 {
        let mut chat = rig.greeter.chat().await.unwrap();
        for _ in 0..5 {
            chat.send(hello("Ada")).await.unwrap();
            chat.recv().await.unwrap();
        }
    }
    assert_eq!((seen.all().len(), seen.different()), (10, 1));
}

#[tokio::test]
async fn a_stream_that_computes_for_a_message_leaves_the_task_of_its_connection() {
    let seen = Seen::default();
    let noted = seen.clone();
    let computing = Scripted::default().chat(move |_, mut requests, mut replies| {
        let noted = noted.clone();
        async move {
            while let Some(request) = requests.recv().await? {
                noted.note();
                compute(Duration::from_millis(5));
                replies.send(reply(request.name)).await?;
            }
            Ok(())
        }
    });
    let rig = Rig::new(Wire::Grpc, computing).await;
    let mut chat = rig.greeter.chat().await.unwrap();
    for _ in 0..3 {
        chat.send(hello("Ada")).await.unwrap();
        assert!(chat.recv().await.unwrap().is_some());
    }
    let all = seen.all();
    assert_ne!(all[0], all[1], "it left after its first message");
    assert_eq!(all[1], all[2], "and has one task of its own since");
}
