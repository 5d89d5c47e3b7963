//! A tonic peer: `tonic-peer serve [gzip]` takes orders as `tests/foreign/README.md` says and prints where it listens;
//! `tonic-peer judge HOST:PORT [CASE…]` judges a server that does.

mod cases;
mod greeter;
mod judge;

use std::error::Error;

use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};
use tokio_stream::wrappers::TcpListenerStream;
use tonic::codec::CompressionEncoding::Gzip;
use tonic::transport::Server;

use pb::greeter_server::GreeterServer;

/// The generated code of `greet/v1/greeter.proto`.
pub mod pb {
    tonic::include_proto!("greet.v1");
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let args: Vec<String> = std::env::args().skip(1).collect();
    match args.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["serve"] => serve(false).await,
        ["serve", "gzip"] => serve(true).await,
        ["judge", address, ref names @ ..] => judge::run(address, names).await,
        _ => Err("tonic-peer serve [gzip], or judge HOST:PORT [CASE…]".into()),
    }
}

async fn serve(gzip: bool) -> Result<(), Box<dyn Error>> {
    let mut greeter = GreeterServer::new(greeter::Orders::default()).accept_compressed(Gzip);
    if gzip {
        greeter = greeter.send_compressed(Gzip);
    }
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    println!("Listening on {}", listener.local_addr()?);
    let mut ended = signal(SignalKind::terminate())?;
    let ended = async move {
        ended.recv().await;
    };
    let incoming = TcpListenerStream::new(listener);
    // By default it is that of one stream, so that one whose client does not read would stop all others.
    Server::builder()
        .initial_connection_window_size(4 << 20)
        .add_service(greeter)
        .serve_with_incoming_shutdown(incoming, ended)
        .await?;
    Ok(())
}
