//! One end of a measurement: `peer server STACK`, `peer client STACK ...` or `peer spin SECONDS`.
//! `peer json` measures JSON alone.
//!
//! A server says `listening ADDRESS` and ends with its standard input, or after ten minutes. A client prints one line of
//! `name=value` pairs.

mod cpu;
mod histogram;
mod json;
mod load;
mod messages;
mod settings;
mod stacks;

use std::io::{Read as _, Write as _};
use std::time::{Duration, Instant};

use settings::{Settings, Stack};

/// The messages, and rmicro's stubs and handlers.
pub mod pb {
    rmicro_runtime::include_proto!("bench.v1");
}

/// tonic's stubs and handlers for the same messages.
pub mod tonic_pb {
    include!(concat!(env!("OUT_DIR"), "/tonic/bench.v1.rs"));
}

type Failure = Box<dyn std::error::Error + Send + Sync>;
type Outcome<T> = Result<T, Failure>;

const SERVER_LIFE: Duration = Duration::from_secs(600);

fn main() -> Outcome<()> {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = args.iter().map(String::as_str).collect();
    match words[..] {
        ["server", stack] => runtime()?.block_on(serve(stack.parse()?, 1)),
        ["server", stack, slower] => runtime()?.block_on(serve(stack.parse()?, slower.parse()?)),
        ["client", ref rest @ ..] => {
            let settings = Settings::parse(rest)?;
            let line = runtime()?.block_on(stacks::call(&settings))?;
            println!("{line}");
            Ok(())
        }
        ["spin", seconds] => {
            spin(Duration::from_secs(seconds.parse()?));
            Ok(())
        }
        ["json"] => json::measure(),
        ["sizes"] => {
            println!("{}", messages::sizes());
            Ok(())
        }
        _ => Err(USAGE.into()),
    }
}

const USAGE: &str = "peer server STACK [TIMES_SLOWER] | peer client STACK case=CASE c=N conns=N address=HOST:PORT server_pid=PID \
    [requests=N] | peer spin SECONDS | peer json | peer sizes";

/// What a user of tokio gets by default, with as many workers as there are processors for this process.
fn runtime() -> std::io::Result<tokio::runtime::Runtime> {
    let workers = std::thread::available_parallelism()?.get();
    tokio::runtime::Builder::new_multi_thread()
        .worker_threads(workers)
        .enable_all()
        .build()
}

/// Serves in a world that is so many times slower than it looks.
async fn serve(stack: Stack, slower: u32) -> Outcome<()> {
    let serving = stacks::serve(stack, slower).await?;
    let mut stdout = std::io::stdout();
    writeln!(stdout, "listening {}", serving.address)?;
    stdout.flush()?;
    // A thread of its own: it lives as long as the process, and no runtime waits for it.
    let (ended, end) = tokio::sync::oneshot::channel();
    std::thread::spawn(move || {
        let _ = std::io::stdin().read_to_end(&mut Vec::new());
        let _ = ended.send(());
    });
    let _ = tokio::time::timeout(SERVER_LIFE, end).await;
    drop(serving);
    Ok(())
}

/// Keeps a processor from sleeping; to be run as SCHED_IDLE, so that it yields to everybody.
fn spin(life: Duration) {
    let end = Instant::now() + life;
    while Instant::now() < end {
        for _ in 0..10_000 {
            std::hint::spin_loop();
        }
    }
}
