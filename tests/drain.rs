//! Nodes that leave while calls run: nothing is lost.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use rmicro_runtime::Code;
use rmicro_runtime::registry::{Node, Registry, ServiceInfo};
use rmicro_tests::{Rig, Scripted, Wire, hello, reply};
use tokio::sync::Notify;
use tokio::time::{sleep, timeout};

fn slow(begun: Arc<Notify>) -> Scripted {
    Scripted::default()
        .hello(move |_, request| {
            let begun = begun.clone();
            async move {
                begun.notify_one();
                sleep(Duration::from_millis(100)).await;
                Ok(reply(request.name))
            }
        })
        .chat(|_, mut requests, mut replies| async move {
            while let Some(request) = requests.recv().await? {
                replies.send(reply(request.name)).await?;
            }
            Ok(())
        })
}

#[tokio::test]
async fn a_drain_lets_running_calls_finish_and_takes_no_new_ones() {
    let begun = Arc::new(Notify::new());
    let rig = Rig::new(Wire::Grpc, slow(begun.clone())).await;
    let running = tokio::spawn(rig.greeter.hello(hello("Ada")).into_future());
    begun.notified().await;
    assert_eq!(rig.listener.drain(Duration::from_secs(5)).await, 0);
    assert_eq!(running.await.unwrap().unwrap().message, "Ada");
    let error = rig.greeter.hello(hello("Ada")).await.unwrap_err();
    assert_eq!(error.code(), Code::Unavailable, "{error:?}");
}

#[tokio::test]
async fn a_drain_waits_for_streams_too() {
    let rig = Rig::new(Wire::Grpc, slow(Arc::default())).await;
    let mut chat = rig.greeter.chat().await.unwrap();
    chat.send(hello("one")).await.unwrap();
    chat.recv().await.unwrap().unwrap();
    let draining = rig.listener.drain(Duration::from_secs(5));
    let talking = async {
        sleep(Duration::from_millis(50)).await;
        for _ in 0..3 {
            chat.send(hello("more")).await.unwrap();
            assert!(chat.recv().await.unwrap().is_some());
        }
        chat.close_send();
        assert!(chat.recv().await.unwrap().is_none());
    };
    assert_eq!(tokio::join!(draining, talking).0, 0);
}

#[tokio::test]
async fn what_is_left_at_the_limit_is_cut_and_counted() {
    let rig = Rig::new(Wire::Grpc, slow(Arc::default())).await;
    let mut chat = rig.greeter.chat().await.unwrap();
    chat.send(hello("one")).await.unwrap();
    chat.recv().await.unwrap().unwrap();
    assert_eq!(rig.listener.drain(Duration::from_millis(100)).await, 1);
    let error = timeout(Duration::from_secs(5), chat.recv())
        .await
        .unwrap()
        .unwrap_err();
    assert_eq!(error.code(), Code::Unavailable, "{error:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_client_of_two_nodes_does_not_notice_that_one_leaves() {
    let echo = || {
        Scripted::default().hello(|_, request| async move {
            tokio::task::yield_now().await;
            Ok(reply(request.name))
        })
    };
    let stays = Rig::new(Wire::Grpc, echo()).await;
    let leaves = Rig::new(Wire::Grpc, echo()).await;
    let both = ServiceInfo::new("greeter", "latest")
        .node(Node::new("greeter-1", stays.listener.address()))
        .node(Node::new("greeter-2", leaves.listener.address()));
    let ttl = Duration::from_secs(60);
    stays.registry().register(&both, ttl).await.unwrap();
    let calls = Arc::new(AtomicUsize::new(0));
    let callers: Vec<_> = (0..8)
        .map(|_| {
            let (greeter, calls) = (stays.greeter.clone(), calls.clone());
            tokio::spawn(async move {
                for _ in 0..400 {
                    greeter.hello(hello("Ada")).await?;
                    calls.fetch_add(1, Ordering::SeqCst);
                }
                Ok::<_, rmicro_runtime::Error>(())
            })
        })
        .collect();
    while calls.load(Ordering::SeqCst) < 400 {
        tokio::task::yield_now().await;
    }
    // No goodbye first: the client learns of it by GOAWAY alone, in the middle of its calls.
    assert_eq!(leaves.listener.drain(Duration::from_secs(5)).await, 0);
    for caller in callers {
        caller.await.unwrap().expect("no call is lost");
    }
    assert_eq!(calls.load(Ordering::SeqCst), 3200);
}
