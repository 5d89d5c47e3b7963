//! A way to a server that can be cut: whoever connects to a second address ends every connection that there is.

use std::io;
use std::sync::Arc;

use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Notify;

/// Passes what comes at `listen` to `target` until it is killed.
pub(super) async fn run(listen: &str, target: &str, cut: &str) -> io::Result<()> {
    let (listener, cutter) = (
        TcpListener::bind(listen).await?,
        TcpListener::bind(cut).await?,
    );
    let knife = Arc::new(Notify::new());
    println!("Listening on {listen}");
    loop {
        tokio::select! {
            biased;
            cut = cutter.accept() => {
                cut?;
                knife.notify_waiters();
            }
            accepted = listener.accept() => {
                let (client, _) = accepted?;
                let (knife, target) = (knife.clone(), target.to_owned());
                tokio::spawn(async move {
                    let cut = knife.notified();
                    let passing = pass(client, &target);
                    tokio::select! {
                        biased;
                        () = cut => {}
                        _ = passing => {}
                    }
                });
            }
        }
    }
}

async fn pass(mut client: TcpStream, target: &str) -> io::Result<()> {
    let mut server = TcpStream::connect(target).await?;
    client.set_nodelay(true)?;
    server.set_nodelay(true)?;
    tokio::io::copy_bidirectional(&mut client, &mut server)
        .await
        .map(drop)
}
