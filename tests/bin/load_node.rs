//! A Greeter for the load tests, as a process of its own: it says where it listens, and ends with its standard input.
//!
//! `hello` computes when it is asked to; `hello_many` counts bytes; `chat` echoes, computes when it is asked to, and rests now and then so
//! that its sender must wait. Whoever computes says how many echoes went out meanwhile. An argument is how many calls may run on a
//! connection.

use std::io::Write as _;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use rmicro_runtime::seam::Seam;
use rmicro_runtime::transport::{Grpc, GrpcConfig, Transport};
use rmicro_runtime::{Receiver, Result, Sender, Server};
use rmicro_tests::pb::register_greeter_handler;
use rmicro_tests::{HelloReply, HelloRequest, Scripted, reply};
use tokio::time::sleep;

/// How long a call computes that is asked to.
const COMPUTING: Duration = Duration::from_millis(50);
/// After how many bytes an echo rests.
const REST_EVERY: usize = 1 << 20;
const REST: Duration = Duration::from_millis(2);
/// How many echoes went out.
static ECHOES: AtomicUsize = AtomicUsize::new(0);

#[tokio::main(worker_threads = 2)]
async fn main() -> Result<()> {
    let streams = std::env::args()
        .nth(1)
        .and_then(|streams| streams.parse().ok());
    let config = GrpcConfig::default().max_concurrent_streams(streams.unwrap_or(0));
    let server = Server::new();
    register_greeter_handler(&server, greeter())?;
    let transport = Grpc::new(Seam::default()).config(config);
    let listener = transport.listen("127.0.0.1:0", server.start()).await?;
    println!("{}", listener.address());
    // The other end of a pipe reads it while this process lives.
    let _ = std::io::stdout().flush();
    let end =
        tokio::task::spawn_blocking(|| std::io::copy(&mut std::io::stdin(), &mut std::io::sink()));
    let _ = end.await;
    Ok(())
}

fn greeter() -> Scripted {
    Scripted::default()
        .hello(|_, request| async move {
            if request.name == "compute" {
                return Ok(reply(compute().to_string()));
            }
            Ok(reply(request.name))
        })
        .hello_many(|_, mut requests| async move {
            let mut bytes = 0;
            while let Some(request) = requests.recv().await? {
                bytes += request.name.len();
            }
            Ok(reply(bytes.to_string()))
        })
        .chat(|_, requests, replies| echo(requests, replies))
}

/// Computes, and tells how many echoes went out meanwhile.
fn compute() -> usize {
    let (begun, before) = (Instant::now(), ECHOES.load(Ordering::SeqCst));
    while begun.elapsed() < COMPUTING {
        std::hint::spin_loop();
    }
    ECHOES.load(Ordering::SeqCst) - before
}

async fn echo(mut requests: Receiver<HelloRequest>, mut replies: Sender<HelloReply>) -> Result<()> {
    let mut bytes = 0;
    while let Some(request) = requests.recv().await? {
        if request.name == "compute" {
            replies.send(reply(compute().to_string())).await?;
            continue;
        }
        ECHOES.fetch_add(1, Ordering::SeqCst);
        bytes += request.name.len();
        if bytes >= REST_EVERY {
            bytes = 0;
            sleep(REST).await;
        }
        replies.send(reply(request.name)).await?;
    }
    Ok(())
}
