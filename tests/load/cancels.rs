//! 100,000 calls of every kind, every tenth given up at a random moment: nothing of them is left.

use std::future::poll_fn;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::Poll;
use std::time::{Duration, Instant};

use rmicro_runtime::registry::{Cached, Memory, Node, Registry, ServiceInfo};
use rmicro_runtime::seam::{Chance, Seam};
use rmicro_runtime::selector::RoundRobin;
use rmicro_runtime::transport::{Grpc, GrpcConfig, Listener, Transport};
use rmicro_runtime::{Client, ClientOptions, Result, Server};
use rmicro_tests::pb::{GreeterService, register_greeter_handler};
use rmicro_tests::tally::Tally;
use rmicro_tests::{Scripted, hello, reply};
use tokio::runtime::Handle;
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};

const CALLS: usize = 100_000;
const CALLERS: usize = 256;
/// How many calls may run at a time, fewer than there are callers.
const STREAMS: u32 = 100;
/// The smallest windows that there are: a few bytes lost with each call that is given up would be felt.
const WINDOW: u32 = 65_535;

/// Counts handlers that run, however they end.
#[derive(Clone, Default)]
struct Running(Arc<AtomicUsize>);

struct Run(Running);

impl Running {
    fn enter(&self) -> Run {
        self.0.fetch_add(1, Ordering::SeqCst);
        Run(self.clone())
    }
}

impl Drop for Run {
    fn drop(&mut self) {
        self.0.0.fetch_sub(1, Ordering::SeqCst);
    }
}

fn greeter(running: &Running) -> Scripted {
    let [one, many] = [(); 2].map(|()| running.clone());
    streaming(Scripted::default(), running)
        .hello(move |_, request| {
            let run = one.enter();
            async move {
                let _run = run;
                if request.name.len().is_multiple_of(2) {
                    sleep(Duration::from_millis(1)).await;
                }
                Ok(reply(request.name))
            }
        })
        .hello_many(move |_, mut requests| {
            let run = many.enter();
            async move {
                let (_run, mut bytes) = (run, 0);
                while let Some(request) = requests.recv().await? {
                    bytes += request.name.len();
                }
                Ok(reply(bytes.to_string()))
            }
        })
}

fn streaming(greeter: Scripted, running: &Running) -> Scripted {
    let [often, chat] = [(); 2].map(|()| running.clone());
    greeter
        .hello_often(move |_, request, mut replies| {
            let run = often.enter();
            async move {
                let _run = run;
                for _ in 0..4 {
                    replies.send(reply(request.name.clone())).await?;
                }
                Ok(())
            }
        })
        .chat(move |_, mut requests, mut replies| {
            let run = chat.enter();
            async move {
                let _run = run;
                while let Some(request) = requests.recv().await? {
                    replies.send(reply(request.name)).await?;
                }
                Ok(())
            }
        })
}

async fn serve(running: &Running) -> (Box<dyn Listener>, GreeterService) {
    let server = Server::new();
    register_greeter_handler(&server, greeter(running)).unwrap();
    let seam = Seam::default();
    let config = GrpcConfig::default()
        .stream_window(WINDOW)
        .connection_window(WINDOW);
    let transport =
        Arc::new(Grpc::new(seam.clone()).config(config.max_concurrent_streams(STREAMS)));
    let listener = transport
        .listen("127.0.0.1:0", server.start())
        .await
        .unwrap();
    let registry = Memory::new();
    let service = ServiceInfo::new("greeter", "latest").node(Node::new("n", listener.address()));
    registry
        .register(&service, Duration::from_secs(600))
        .await
        .unwrap();
    let cached = Arc::new(Cached::new(Arc::new(registry), seam.clone()));
    let selector = Arc::new(RoundRobin::new(&seam.chance));
    let options = ClientOptions::default();
    let client = Client::new(seam, cached, selector, transport, options);
    (listener, GreeterService::new("greeter", &client))
}

/// One call of a kind that goes by `number`; `true` when its answer was right.
async fn call(greeter: &GreeterService, number: usize) -> Result<bool> {
    let name = "n".repeat(number * 31 % 3000);
    Ok(match number % 8 {
        0 => {
            let mut often = greeter.hello_often(hello(&name)).await?;
            let mut count = 0;
            while let Some(answer) = often.recv().await? {
                count += usize::from(answer.message == name);
            }
            count == 4
        }
        1 => {
            let mut many = greeter.hello_many().await?;
            for _ in 0..4 {
                many.send(hello(&name)).await?;
            }
            many.finish().await?.message == (4 * name.len()).to_string()
        }
        2 => {
            let mut chat = greeter.chat().await?;
            chat.send(hello(&name)).await?;
            let answer = chat.recv().await?;
            chat.close_send();
            answer.is_some_and(|answer| answer.message == name) && chat.recv().await?.is_none()
        }
        _ => greeter.hello(hello(&name)).await?.message == name,
    })
}

/// Gives a call up after some polls, or after some milliseconds.
async fn give_up(greeter: &GreeterService, number: usize, chance: &Chance) {
    if number.is_multiple_of(20) {
        let limit = Duration::from_millis(chance.below(4) as u64);
        let _ = timeout(limit, call(greeter, chance.below(8))).await;
        return;
    }
    let (mut call, mut left) = (pin!(call(greeter, chance.below(8))), chance.below(6));
    poll_fn(|cx| {
        if left == 0 {
            return Poll::Ready(());
        }
        left -= 1;
        call.as_mut().poll(cx).map(drop)
    })
    .await;
}

/// Makes the calls of one caller; how many were answered and given up.
async fn caller(greeter: GreeterService, first: usize) -> Result<(usize, usize)> {
    let chance = Chance::from_seed(first as u64);
    let (mut answered, mut given_up) = (0, 0);
    for number in (first..CALLS).step_by(CALLERS) {
        if number.is_multiple_of(10) {
            give_up(&greeter, number, &chance).await;
            given_up += 1;
        } else if call(&greeter, number).await? {
            answered += 1;
        }
    }
    Ok((answered, given_up))
}

/// Waits until `count` gives `expected`.
async fn until(expected: usize, what: &str, count: impl Fn() -> usize) {
    let waiting = async {
        while count() != expected {
            sleep(Duration::from_millis(5)).await;
        }
    };
    if timeout(Duration::from_secs(20), waiting).await.is_err() {
        panic!("{} {what} where there were {expected}", count());
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_is_left_of_100_000_calls_of_which_every_tenth_was_given_up() {
    let _together = crate::LOAD.read().await;
    let running = Running::default();
    let (_listener, greeter) = serve(&running).await;
    assert!(call(&greeter, 3).await.unwrap());
    let tasks = || Handle::current().metrics().num_alive_tasks();
    // The task of the call itself may take a moment to end.
    until(0, "handlers", || running.0.load(Ordering::SeqCst)).await;
    sleep(Duration::from_millis(50)).await;
    let (before, begun) = (tasks(), Instant::now());
    let mut callers = JoinSet::new();
    for first in 0..CALLERS {
        callers.spawn(caller(greeter.clone(), first));
    }
    let (mut answered, mut given_up) = (0, 0);
    while let Some(caller) = callers.join_next().await {
        let (more, fewer) = caller.unwrap().expect("no call fails");
        answered += more;
        given_up += fewer;
    }
    let tally = Tally::new(CALLS - given_up, answered, begun).and("given_up", given_up);
    println!("100,000 calls: {tally}");
    assert_eq!((tally.get("lost"), given_up), (0, CALLS / 10), "{tally}");
    until(0, "handlers", || running.0.load(Ordering::SeqCst)).await;
    until(before, "tasks", tasks).await;
    streams_are_free(&greeter).await;
    windows_are_open(&greeter).await;
}

/// As many calls as may run at a time do so.
async fn streams_are_free(greeter: &GreeterService) {
    let mut chats = Vec::new();
    for number in 0..STREAMS {
        let opening = async {
            let mut chat = greeter.chat().await?;
            chat.send(hello("Ada")).await?;
            chat.recv().await?;
            Ok::<_, rmicro_runtime::Error>(chat)
        };
        let chat = timeout(Duration::from_secs(10), opening).await;
        chats.push(
            chat.unwrap_or_else(|_| panic!("{number} of {STREAMS} streams are free"))
                .unwrap(),
        );
    }
}

/// Sixteen windows pass each way.
async fn windows_are_open(greeter: &GreeterService) {
    let long = "w".repeat(WINDOW as usize);
    let (mut sender, mut receiver) = greeter.chat().await.unwrap().split();
    let sending = tokio::spawn(async move {
        for _ in 0..16 {
            sender.send(hello(&long)).await.unwrap();
        }
    });
    for number in 0..16 {
        let answer = timeout(Duration::from_secs(10), receiver.recv()).await;
        let answer = answer.unwrap_or_else(|_| panic!("the window is used up after {number}"));
        assert_eq!(answer.unwrap().unwrap().message.len(), WINDOW as usize);
    }
    sending.await.unwrap();
}
