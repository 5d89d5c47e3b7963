//! Where messages arrive: the socket, and the connections of publishers.
//!
//! Invariant: a peer holds a connection only while it uses it: it has a time for its first request, for each body, and for the
//! pauses between them.

use std::fmt;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::sync::{Semaphore, watch};
use tokio::task::{JoinHandle, JoinSet};

use super::config::HttpConfig;
use super::receiving;
use super::seat::Seats;
use crate::error::{Error, Result};
use crate::seam::{Accept, Clock, Moment, Seam, Socket, bind};

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
    let places = Arc::new(Semaphore::new(shared.config.max_connections.max(1)));
    let mut draining = shared.draining.clone();
    let mut connections = JoinSet::new();
    loop {
        let next = async {
            let place = places.clone().acquire_owned().await;
            (place, socket.accept().await)
        };
        tokio::select! {
            biased;
            () = drain_begins(&mut draining) => break,
            Some(_) = connections.join_next() => {}
            (place, accepted) = next => match accepted {
                Ok((socket, peer)) => {
                    let serving = serve(shared.clone(), socket, peer);
                    connections.spawn(async move {
                        serving.await;
                        drop(place);
                    });
                }
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

/// Serves one connection until it ends, or has been silent for too long.
async fn serve(shared: Shared, socket: Box<dyn Socket>, peer: SocketAddr) {
    let Shared {
        seats,
        config,
        clock,
        mut draining,
    } = shared;
    let patience = Arc::new(Patience::until(clock.now().after(config.handshake_timeout)));
    let mut builder = http1::Builder::new();
    builder
        .header_read_timeout(None)
        .max_header_size(config.max_header_size);
    let answering = patience.clone();
    let service = service_fn(move |request| {
        let (seats, config, patience) = (seats.clone(), config.clone(), answering.clone());
        async move {
            let _busy = patience.busy(clock, config.idle_timeout);
            let answer = receiving::answer(request, &seats, &config, clock).await;
            Ok::<_, std::convert::Infallible>(answer)
        }
    });
    let mut connection = std::pin::pin!(builder.serve_connection(TokioIo::new(socket), service));
    let ended = tokio::select! {
        biased;
        ended = connection.as_mut() => ended,
        () = drain_begins(&mut draining) => {
            connection.as_mut().graceful_shutdown();
            connection.await
        }
        () = patience.lost(clock) => return tracing::debug!(%peer, "Broker [http] a peer was silent for too long"),
    };
    if let Err(error) = ended {
        tracing::debug!(%peer, %error, "Broker [http] a connection ended");
    }
}

/// How long a peer may be silent: until a moment, or for as long as its request is being answered.
struct Patience(Mutex<Option<Moment>>);

impl Patience {
    fn until(moment: Moment) -> Self {
        Self(Mutex::new(Some(moment)))
    }

    /// A request is there; when the value that is returned is dropped, a pause of `idle` begins.
    fn busy(&self, clock: Clock, idle: Duration) -> impl Drop {
        struct Busy<'a>(&'a Patience, Clock, Duration);
        impl Drop for Busy<'_> {
            fn drop(&mut self) {
                self.0.set(Some(self.1.now().after(self.2)));
            }
        }
        self.set(None);
        Busy(self, clock, idle)
    }

    /// Waits until it is lost.
    async fn lost(&self, clock: Clock) {
        // How often is looked while a request is answered, which has times of its own.
        const LOOK: Duration = Duration::from_secs(1);
        loop {
            let (now, until) = (clock.now(), self.get());
            match until {
                Some(moment) if moment <= now => return,
                Some(moment) => clock.sleep_until(moment).await,
                None => clock.sleep(LOOK).await,
            }
        }
    }

    fn get(&self) -> Option<Moment> {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn set(&self, moment: Option<Moment>) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = moment;
    }
}
