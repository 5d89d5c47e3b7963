//! The callers of the load tests, as a process of its own: `load_caller SCENARIO ADDRESS [OTHER]` prints what came of it in one line of
//! `name=number`. Some scenarios compare the node at ADDRESS with that at OTHER.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use rmicro_runtime::{ClientOptions, Result};
use rmicro_tests::hello;
use rmicro_tests::pb::GreeterService;
use rmicro_tests::tally::{Tally, greeter_at, memory_now, memory_peak, percentile, sockets};
use tokio::sync::Barrier;
use tokio::task::JoinSet;
use tokio::time::sleep;

#[tokio::main(worker_threads = 2)]
async fn main() -> Result<()> {
    let mut arguments = std::env::args().skip(1);
    let scenario = arguments.next().unwrap_or_default();
    let address = arguments.next().unwrap_or_default();
    let other = arguments.next().unwrap_or_default();
    let tally = match scenario.as_str() {
        "gibibyte" => gibibyte(&address).await?,
        "streams" => streams(&address).await?,
        "connections" => connections(&address).await?,
        "calls" => fairness(&address, &other, Computing::Calls).await?,
        "stream" => fairness(&address, &other, Computing::Stream).await?,
        _ => return Err(rmicro_runtime::Error::invalid_argument("unknown scenario")),
    };
    println!("{tally}");
    Ok(())
}

const PIECE: usize = 64 << 10;
const PIECES: usize = (1 << 30) / PIECE;

/// Sends 1 GiB and reads it back, resting now and then.
async fn gibibyte(address: &str) -> Result<Tally> {
    let greeter = greeter_at(address, ClientOptions::default()).await;
    greeter.hello(hello("warm")).await?;
    let (before, begun) = (memory_now(), Instant::now());
    let (mut sender, mut receiver) = greeter.chat().await?.split();
    let sending = tokio::spawn(async move {
        let piece = hello(&"p".repeat(PIECE));
        for _ in 0..PIECES {
            sender.send(piece.clone()).await?;
        }
        Ok::<_, rmicro_runtime::Error>(())
    });
    let mut received = 0;
    while let Some(reply) = receiver.recv().await? {
        assert_eq!(reply.message.len(), PIECE);
        received += 1;
        if received % 16 == 0 {
            sleep(Duration::from_millis(2)).await;
        }
    }
    sending.await.expect("it does not panic")?;
    Ok(Tally::new(PIECES, received, begun).and("growth", memory_peak() - before))
}

const STREAMS: usize = 10_000;

/// Holds 10,000 chats at once, each of which gets two answers.
async fn streams(address: &str) -> Result<Tally> {
    let greeter = greeter_at(address, ClientOptions::default()).await;
    let (begun, all) = (Instant::now(), Arc::new(Barrier::new(STREAMS)));
    let mut chats = JoinSet::new();
    for number in 0..STREAMS {
        let (greeter, all) = (greeter.clone(), all.clone());
        chats.spawn(async move { chat_twice(&greeter, number, &all).await });
    }
    let mut answered = 0;
    while let Some(chat) = chats.join_next().await {
        answered += chat.expect("it does not panic")?;
    }
    Ok(Tally::new(2 * STREAMS, answered, begun))
}

async fn chat_twice(greeter: &GreeterService, number: usize, all: &Barrier) -> Result<usize> {
    let call = greeter.chat().timeout(Duration::from_secs(120));
    let mut chat = call.await?;
    let name = number.to_string();
    let mut answered = 0;
    for _ in 0..2 {
        chat.send(hello(&name)).await?;
        let answer = chat.recv().await?;
        answered += usize::from(answer.is_some_and(|answer| answer.message == name));
        // Nobody goes on before every chat is open.
        all.wait().await;
    }
    chat.close_send();
    assert!(chat.recv().await?.is_none());
    Ok(answered)
}

const CONNECTIONS: usize = 1000;

/// Calls on 1,000 connections, each in turn, all at once.
async fn connections(address: &str) -> Result<Tally> {
    let mut options = ClientOptions::default();
    options.connections = CONNECTIONS;
    let greeter = greeter_at(address, options).await;
    greeter.hello(hello("warm")).await?;
    let begun = Instant::now();
    // Each call begins the attempt whose turn it is.
    while sockets() < CONNECTIONS {
        greeter.hello(hello("one more")).await?;
    }
    let answered = Arc::new(AtomicUsize::new(0));
    let mut calls = JoinSet::new();
    for _ in 0..10 * CONNECTIONS {
        let (greeter, answered) = (greeter.clone(), answered.clone());
        calls.spawn(async move {
            greeter.hello(hello("Ada")).await?;
            answered.fetch_add(1, Ordering::SeqCst);
            Ok::<_, rmicro_runtime::Error>(())
        });
    }
    for call in calls.join_all().await {
        call?;
    }
    let tally = Tally::new(10 * CONNECTIONS, answered.load(Ordering::SeqCst), begun);
    Ok(tally.and("connections", sockets()))
}

/// How many streams share the connection with the one that computes.
const OTHERS: usize = 64;
/// How many rounds are good or bad until the judgement is made: the median of at most 15.
const JUDGES: usize = 8;
const ASKED: usize = 40;

/// Chats on 64 streams while a call, or another stream, computes for 50 ms again and again on the same connection.
///
/// It tells the median of the rounds' 99th percentiles, in microseconds, and that of rounds at `quiet`, where nobody ever computes: what
/// the machine does by itself. `beside` is the median of how many answers went out while one call computed.
async fn fairness(address: &str, quiet: &str, computing: Computing) -> Result<Tally> {
    let greeter = greeter_at(address, ClientOptions::default()).await;
    let at_rest = greeter_at(quiet, ClientOptions::default()).await;
    // The first calls show that the method is slow.
    for _ in 0..3 {
        greeter.hello(hello("compute")).await?;
    }
    let (begun, mut sent, mut answered) = (Instant::now(), 0, 0);
    let (mut busy, mut quiet) = (Vec::new(), Vec::new());
    let beside = Beside::default();
    while !is_judged(&busy) {
        for (greeter, computing, into) in [
            (&at_rest, Computing::Nobody, &mut quiet),
            (&greeter, computing, &mut busy),
        ] {
            let times = round(greeter, computing, &beside).await?;
            sent += OTHERS * ASKED;
            answered += times.len();
            into.push(percentile(times, 99));
        }
    }
    let micros = |times| percentile(times, 50).as_micros() as usize;
    let tally = Tally::new(sent, answered, begun);
    let tally = tally.and("p99", micros(busy)).and("quiet", micros(quiet));
    Ok(tally.and("beside", beside.median()))
}

/// How many answers went out while others computed, each time.
#[derive(Clone, Default)]
struct Beside(Arc<Mutex<Vec<usize>>>);

impl Beside {
    /// Takes note of what the one that computed says.
    fn note(&self, said: &str) {
        let count = said.parse().expect("it says a number");
        let mut counts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        counts.push(count);
    }

    fn median(&self) -> usize {
        let mut counts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        counts.sort_unstable();
        counts.get(counts.len() / 2).copied().unwrap_or_default()
    }
}

/// Who computes.
#[derive(Clone, Copy)]
enum Computing {
    Nobody,
    Calls,
    Stream,
}

fn is_judged(rounds: &[Duration]) -> bool {
    let good = rounds
        .iter()
        .filter(|round| **round < Duration::from_millis(20))
        .count();
    good >= JUDGES || rounds.len() - good >= JUDGES
}

async fn round(
    greeter: &GreeterService,
    computing: Computing,
    beside: &Beside,
) -> Result<Vec<Duration>> {
    let computing = tokio::spawn(compute(greeter.clone(), computing, beside.clone()));
    let mut chats = JoinSet::new();
    for _ in 0..OTHERS {
        chats.spawn(chat(greeter.clone()));
    }
    let mut times = Vec::new();
    while let Some(chat) = chats.join_next().await {
        times.extend(chat.expect("it does not panic")?);
    }
    computing.abort();
    Ok(times)
}

async fn compute(greeter: GreeterService, computing: Computing, beside: Beside) -> Result<()> {
    match computing {
        Computing::Nobody => Ok(()),
        Computing::Calls => loop {
            beside.note(&greeter.hello(hello("compute")).await?.message);
        },
        Computing::Stream => {
            let mut chat = greeter.chat().await?;
            loop {
                chat.send(hello("compute")).await?;
                let said = chat.recv().await?.unwrap_or_default();
                beside.note(&said.message);
            }
        }
    }
}

/// How long each answer took.
async fn chat(greeter: GreeterService) -> Result<Vec<Duration>> {
    let (mut chat, mut times) = (greeter.chat().await?, Vec::new());
    for _ in 0..ASKED {
        let begun = Instant::now();
        chat.send(hello("Ada")).await?;
        chat.recv().await?;
        times.push(begun.elapsed());
        sleep(Duration::from_millis(10)).await;
    }
    Ok(times)
}
