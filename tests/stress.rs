//! Everything at once on one connection: all four kinds, long messages through narrow windows, slow readers, cancels.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use rmicro_runtime::{Code, Result};
use rmicro_tests::pb::GreeterService;
use rmicro_tests::{HelloRequest, Rig, Scripted, Wire, hello, reply};
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};

const TASKS: usize = 256;
const ROUNDS: usize = 4;
const LONG: usize = 1 << 20;

/// How many handlers run: it must be zero in the end.
#[derive(Clone, Default)]
struct Running(Arc<AtomicUsize>);

impl Running {
    fn enter(&self) -> Self {
        self.0.fetch_add(1, Ordering::SeqCst);
        self.clone()
    }
}

/// Counts a handler out when it is dropped, however that comes.
struct Guard(Running);

impl Drop for Guard {
    fn drop(&mut self) {
        self.0.0.fetch_sub(1, Ordering::SeqCst);
    }
}

fn handler(running: Running) -> Scripted {
    let greeter = Scripted::default();
    streaming(unary_kinds(greeter, &running), &running)
}

fn unary_kinds(greeter: Scripted, running: &Running) -> Scripted {
    let (one, many) = (running.clone(), running.clone());
    greeter
        .hello(move |_, request| {
            let guard = Guard(one.enter());
            async move {
                let _guard = guard;
                if request.name.len().is_multiple_of(3) {
                    tokio::task::yield_now().await;
                }
                Ok(reply(request.name))
            }
        })
        .hello_many(move |_, mut requests| {
            let guard = Guard(many.enter());
            async move {
                let _guard = guard;
                let mut total = 0;
                while let Some(request) = requests.recv().await? {
                    total += request.name.len();
                }
                Ok(reply(total.to_string()))
            }
        })
}

fn streaming(greeter: Scripted, running: &Running) -> Scripted {
    let (often, chat) = (running.clone(), running.clone());
    greeter
        .hello_often(move |_, request, mut replies| {
            let guard = Guard(often.enter());
            async move {
                let _guard = guard;
                for _ in 0..8 {
                    replies.send(reply(request.name.clone())).await?;
                }
                Ok(())
            }
        })
        .chat(move |_, mut requests, mut replies| {
            let guard = Guard(chat.enter());
            async move {
                let _guard = guard;
                while let Some(request) = requests.recv().await? {
                    sleep(Duration::from_micros(request.name.len() as u64 % 300)).await;
                    replies.send(reply(request.name)).await?;
                }
                Ok(())
            }
        })
}

/// The name that task `task` sends in round `round`: one in 32 is long.
fn name(task: usize, round: usize) -> String {
    let length = if (task + round * 7).is_multiple_of(32) {
        LONG
    } else {
        task * 13 % 5000
    };
    "n".repeat(length)
}

async fn unary(greeter: &GreeterService, name: &str) -> Result<()> {
    let answer = greeter
        .hello(hello(name))
        .timeout(Duration::from_secs(60))
        .await?;
    assert!(answer.message == name, "a unary reply is not what was sent");
    Ok(())
}

async fn client_stream(greeter: &GreeterService, name: &str) -> Result<()> {
    let mut many = greeter.hello_many().await?;
    for _ in 0..8 {
        many.send(hello(name)).await?;
    }
    assert_eq!(many.finish().await?.message, (8 * name.len()).to_string());
    Ok(())
}

/// Reads slowly, so that the handler stands still in between.
async fn server_stream(greeter: &GreeterService, name: &str) -> Result<()> {
    let mut often = greeter.hello_often(hello(name)).await?;
    let mut count = 0;
    while let Some(answer) = often.recv().await? {
        assert!(
            answer.message == name,
            "a streamed reply is not what was sent"
        );
        count += 1;
        sleep(Duration::from_millis(1)).await;
    }
    assert_eq!(count, 8);
    Ok(())
}

async fn bidi(greeter: &GreeterService, name: &str) -> Result<()> {
    let (mut sender, mut receiver) = greeter.chat().await?.split();
    let request = HelloRequest { name: name.into() };
    let sending = tokio::spawn(async move {
        for _ in 0..8 {
            sender.send(request.clone()).await?;
        }
        Ok(())
    });
    for _ in 0..8 {
        let answer = receiver.recv().await?.expect("eight replies");
        assert!(answer.message == name, "a chat reply is not what was sent");
    }
    assert!(receiver.recv().await?.is_none());
    sending.await.expect("it does not panic")
}

/// Gives a chat up in the middle of what it sends and reads.
async fn cancelled(greeter: &GreeterService, name: &str) -> Result<()> {
    let mut chat = greeter.chat().await?;
    chat.send(hello(name)).await?;
    let _ = timeout(Duration::from_micros(name.len() as u64 % 2000), chat.recv()).await;
    Ok(())
}

/// Lets the deadline pass while the handler waits for more.
async fn late(greeter: &GreeterService, name: &str) -> Result<()> {
    let call = greeter.chat().timeout(Duration::from_millis(20));
    let mut chat = match call.await {
        Err(error) if error.code() == Code::DeadlineExceeded => return Ok(()),
        chat => chat?,
    };
    loop {
        let step = match chat.send(hello(name)).await {
            Ok(()) => chat.recv().await.map(drop),
            Err(_) => chat.recv().await.map(drop),
        };
        match step {
            Err(error) if error.code() == Code::DeadlineExceeded => return Ok(()),
            Err(error) if error.code() == Code::Cancelled => return Ok(()),
            step => step?,
        }
    }
}

async fn task(greeter: GreeterService, task: usize) -> Result<()> {
    for round in 0..ROUNDS {
        let name = name(task, round);
        match (task + round) % 6 {
            0 => unary(&greeter, &name).await?,
            1 => client_stream(&greeter, &name).await?,
            2 => server_stream(&greeter, &name).await?,
            3 => bidi(&greeter, &name).await?,
            4 => cancelled(&greeter, &name).await?,
            _ => late(&greeter, &name).await?,
        }
    }
    Ok(())
}

async fn stress(wire: Wire) {
    let running = Running::default();
    let rig = Rig::new(wire, handler(running.clone())).await;
    let mut tasks = JoinSet::new();
    for number in 0..TASKS {
        tasks.spawn(task(rig.greeter.clone(), number));
    }
    let all = async {
        while let Some(ended) = tasks.join_next().await {
            ended.expect("no task panics").expect("no call fails");
        }
    };
    timeout(Duration::from_secs(120), all)
        .await
        .expect("the calls stall");
    let gone = async {
        while running.0.load(Ordering::SeqCst) > 0 {
            sleep(Duration::from_millis(5)).await;
        }
    };
    timeout(Duration::from_secs(10), gone)
        .await
        .expect("handlers are left behind");
    unary(&rig.greeter, "still alive")
        .await
        .expect("the connection lives");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn one_connection_carries_it_all_with_one_worker() {
    stress(Wire::NarrowGrpc).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_connection_carries_it_all_with_two_workers() {
    stress(Wire::NarrowGrpc).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn memory_carries_it_all() {
    stress(Wire::Memory).await;
}
