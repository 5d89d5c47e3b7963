//! Where messages arrive: the socket, and the connections of publishers.
//!
//! Invariant: a peer holds a connection only while it uses it: it has a time for its first request, for each body, and for the
//! pauses between them, and gives up its place to others before that pause is over.

use std::fmt;
use std::io;
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::sync::watch;
use tokio::task::{JoinHandle, JoinSet};

use super::aside::Aside;
use super::config::HttpConfig;
use super::crowd::Crowd;
use super::patience::Patience;
use super::receiving;
use super::seat::Seats;
use crate::error::{Error, Result};
use crate::seam::{Accept, Clock, Seam, Socket, bind};

/// How long a publisher that has lost its place may take for what is on its way.
const FAREWELL: Duration = Duration::from_secs(1);

/// A socket that is listened on; dropping it cuts its connections.
pub(super) struct Listener {
    bound: SocketAddr,
    drain: watch::Sender<bool>,
    task: JoinHandle<()>,
}

/// What every connection needs.
#[derive(Clone)]
struct Shared {
    seats: Arc<Seats>,
    config: Arc<HttpConfig>,
    clock: Clock,
    draining: watch::Receiver<bool>,
}

impl Listener {
    /// Listens where `config` says, and takes what arrives for `seats`.
    pub(super) async fn start(
        config: &Arc<HttpConfig>,
        seats: &Arc<Seats>,
        seam: &Seam,
    ) -> Result<Self> {
        let (socket, bound) = first_of(config.listens(), seam).await?;
        let (drain, draining) = watch::channel(false);
        let shared = Shared {
            seats: seats.clone(),
            config: config.clone(),
            clock: seam.clock,
            draining,
        };
        Ok(Self {
            bound,
            drain,
            task: tokio::spawn(accept(shared, socket)),
        })
    }

    /// The address that is listened on, with its real port.
    pub(super) fn bound(&self) -> SocketAddr {
        self.bound
    }

    /// Accepts nothing more and waits until the requests that are there are answered, for `limit` at most.
    pub(super) async fn drain(mut self, clock: Clock, limit: Duration) {
        self.drain.send_replace(true);
        let limit = clock.now().after(limit);
        // What is left after that is cut when this is dropped.
        let _ = clock.until(limit, &mut self.task).await;
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl fmt::Debug for Listener {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Listener({})", self.bound)
    }
}

/// Listens on the first of `addresses` where that is possible; the error is that of the last.
async fn first_of(
    addresses: impl Iterator<Item = &str>,
    seam: &Seam,
) -> Result<(Box<dyn Accept>, SocketAddr)> {
    let mut tried = Err(Error::internal("there is no address to listen on"));
    for address in addresses {
        tried = bind(&seam.net, address).await;
        if tried.is_ok() {
            break;
        }
    }
    tried
}

async fn accept(shared: Shared, socket: Box<dyn Accept>) {
    let crowd = Arc::new(Crowd::new(shared.config.max_connections, shared.clock));
    let mut draining = shared.draining.clone();
    let mut connections = JoinSet::new();
    let mut guest = None;
    loop {
        let next = async {
            if guest.is_none() {
                guest = Some(socket.accept().await?);
            }
            Ok::<_, io::Error>(crowd.place().await)
        };
        tokio::select! {
            biased;
            () = drain_begins(&mut draining) => break,
            Some(_) = connections.join_next() => {}
            place = next => match place {
                Ok(place) => if let (Some(place), Some((socket, peer))) = (place, guest.take()) {
                    let until = shared.clock.now().after(shared.config.handshake_timeout);
                    let patience = Arc::new(Patience::until(until));
                    let place = crowd.enter(place, patience.clone());
                    let serving = serve(shared.clone(), socket, peer, patience);
                    connections.spawn(async move {
                        serving.await;
                        drop(place);
                    });
                },
                Err(error) => {
                    tracing::warn!(%error, "Broker [http] a connection could not be accepted");
                    // Out of descriptors, it fails again at once.
                    shared.clock.sleep(Duration::from_millis(50)).await;
                }
            },
        }
    }
    drop(socket);
    while connections.join_next().await.is_some() {}
}

async fn drain_begins(draining: &mut watch::Receiver<bool>) {
    let _ = draining.wait_for(|draining| *draining).await;
}

/// What ends a connection before its peer does.
enum Cut {
    /// Nothing more is accepted: requests that are there are answered.
    Drained,
    /// Its place is wanted.
    Dismissed,
    /// It was silent for too long.
    Lost,
}

/// Serves one connection until it ends, or has been silent for too long.
async fn serve(shared: Shared, socket: Box<dyn Socket>, peer: SocketAddr, patience: Arc<Patience>) {
    let mut builder = http1::Builder::new();
    builder
        .header_read_timeout(None)
        // Answers are short, and one piece of memory is written faster than a list of them.
        .writev(false)
        .max_header_size(shared.config.max_header_size);
    let (clock, draining) = (shared.clock, shared.draining.clone());
    // One count of the connection's own for all that a request needs: the others are everybody's.
    let all = Arc::new((shared, patience.clone()));
    let service = service_fn(move |request| {
        let all = all.clone();
        async move {
            let (shared, patience) = &*all;
            let Shared { seats, config, .. } = shared;
            let _busy = patience.busy(clock, config.idle_timeout);
            let answer = receiving::answer(request, seats, config, clock).await;
            Ok::<_, std::convert::Infallible>(answer)
        }
    });
    let mut connection = pin!(builder.serve_connection(TokioIo::new(socket), service));
    let cut = pin!(cut(draining, &patience, clock));
    let cut = Aside::new(cut);
    let ended = tokio::select! {
        biased;
        ended = connection.as_mut() => ended,
        cut = cut => {
            connection.as_mut().graceful_shutdown();
            match cut {
                Cut::Drained => connection.await,
                Cut::Dismissed => {
                    // A peer that does not read its answers cannot stay.
                    let limit = clock.now().after(FAREWELL);
                    clock.until(limit, connection).await.unwrap_or(Ok(()))
                }
                Cut::Lost => return tracing::debug!(%peer, "Broker [http] a peer was silent for too long"),
            }
        }
    };
    if let Err(error) = ended {
        tracing::debug!(%peer, %error, "Broker [http] a connection ended");
    }
}

async fn cut(mut draining: watch::Receiver<bool>, patience: &Patience, clock: Clock) -> Cut {
    tokio::select! {
        biased;
        () = drain_begins(&mut draining) => Cut::Drained,
        () = patience.dismissed() => Cut::Dismissed,
        () = patience.lost(clock) => Cut::Lost,
    }
}
