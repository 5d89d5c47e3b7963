//! The main job in one command, `cargo run --example greeter`: a server in a process of its own, and a client that finds it by
//! mDNS and calls it.

use std::process::Stdio;

use rmicro_runtime::{Context, Error, Result, Service};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, BufReader};
use tokio::process::{Child, Command};

rmicro_runtime::include_proto!("greet");

struct Greeter;

impl GreeterHandler for Greeter {
    async fn greet(&self, _ctx: Context, request: Request) -> Result<Response> {
        let msg = format!("Greet {}", request.name);
        Ok(Response { msg })
    }
}

/// Tells the second process that it is the server.
const SERVE: &str = "GREETER_SERVE";

#[tokio::main]
async fn main() -> Result<()> {
    if std::env::var_os(SERVE).is_some() {
        return serve().await;
    }
    // A domain of its own, so that nobody else's greeter answers.
    let registry = format!("mdns://greeter-{}?interface=lo", std::process::id());
    let mut server = start_server(&registry).await?;
    let service = Service::builder("greeter.client")
        .registry(&*registry)
        .build()?;
    let greeter = GreeterService::new("greeter", service.client());
    let response = greeter
        .greet(Request {
            name: "John".into(),
        })
        .await?;
    println!("{}", response.msg);
    stop(&mut server).await
}

/// Serves until the other process closes this one's input.
async fn serve() -> Result<()> {
    let service = Service::new("greeter")?;
    register_greeter_handler(service.server(), Greeter)?;
    let running = service.start().await?;
    let _ = tokio::io::stdin().read_to_end(&mut Vec::new()).await;
    running.shutdown().await
}

/// Starts the server and waits until it says that it is registered.
async fn start_server(registry: &str) -> Result<Child> {
    let program = std::env::current_exe().map_err(|error| failed("this program", error))?;
    let mut server = Command::new(program)
        .env(SERVE, "1")
        .env("RMICRO_REGISTRY", registry)
        .stdin(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .map_err(|error| failed("the server", error))?;
    let stderr = server
        .stderr
        .take()
        .ok_or_else(|| Error::internal("the server has no stderr"))?;
    let mut lines = BufReader::new(stderr).lines();
    while let Some(line) = lines
        .next_line()
        .await
        .map_err(|error| failed("the server", error))?
    {
        eprintln!("{line}");
        if line.contains("Registering node") {
            tokio::spawn(async move {
                while let Ok(Some(line)) = lines.next_line().await {
                    eprintln!("{line}");
                }
            });
            return Ok(server);
        }
    }
    Err(Error::internal("the server ended before it was registered"))
}

/// Closes the server's input and waits for its end.
async fn stop(server: &mut Child) -> Result<()> {
    drop(server.stdin.take());
    let status = server
        .wait()
        .await
        .map_err(|error| failed("the server", error))?;
    if status.success() {
        return Ok(());
    }
    Err(Error::internal(format!("the server ended with {status}")))
}

fn failed(what: &str, error: std::io::Error) -> Error {
    Error::internal(format!("{what} could not be run")).source(error)
}
