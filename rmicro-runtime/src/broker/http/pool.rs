//! Connections to subscribers, kept for the next message.
//!
//! Invariant: to one address there are so many connections as the settings say; what fails before a request has left is told
//! apart from what fails afterwards, since only the former proves that nobody has the message. While connections are kept there is
//! one task, which lets go of those that have ended or that nobody wants.

use std::collections::BTreeMap;
use std::fmt;
use std::pin::pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use http::header::{CONTENT_TYPE, HOST, HeaderValue, USER_AGENT};
use http::{Request, Response, StatusCode};
use http_body::Body as _;
use hyper::body::Incoming;
use tokio::sync::Semaphore;
use tokio::task::JoinHandle;

use super::body::Whole;
use super::config::HttpConfig;
use super::failure::{Failure, Known};
use super::line::Line;
use super::record::Target;
use crate::seam::{Moment, Seam};

/// How long a connection is kept without use: less than the receivers of this broker do, so that they do not close it while a
/// message is on its way.
const KEPT: Duration = Duration::from_secs(60);
/// How often is looked which of them have ended.
const LOOK: Duration = Duration::from_secs(10);
/// For how long an address that could not be reached comes last.
const AVOIDED: Duration = Duration::from_secs(10);
/// How much of an answer is read.
const ANSWER: usize = 64 * 1024;

/// The connections to all addresses.
pub(super) struct Pool {
    seam: Seam,
    config: Arc<HttpConfig>,
    places: Mutex<BTreeMap<String, Arc<Place>>>,
    /// The task that looks after the connections that are kept, while there are any.
    tending: Mutex<Option<JoinHandle<()>>>,
}

/// One address.
struct Place {
    turns: Semaphore,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    idle: Vec<(Box<Line>, Moment)>,
    failed: Option<Moment>,
}

impl Pool {
    pub(super) fn new(seam: Seam, config: Arc<HttpConfig>) -> Self {
        Self {
            seam,
            config,
            places: Mutex::default(),
            tending: Mutex::default(),
        }
    }

    /// Posts `body` to `target`, for the delivery timeout at most; ready when it has taken the message.
    ///
    /// Dropping the future closes the connection, and the message may have been taken.
    pub(super) async fn post(
        self: &Arc<Self>,
        target: &Target,
        body: Bytes,
    ) -> Result<(), Failure> {
        if target.secure {
            return Err(Failure::unsent("it wants HTTPS, which is not there yet"));
        }
        let place = self.place(&target.address);
        let clock = self.seam.clock;
        let limit = self.config.delivery_timeout;
        // Pinned here, where it has its room once.
        let posting = pin!(self.post_in(&place, target, body));
        let posted = clock.until(clock.now().after(limit), posting).await;
        let posted = posted.unwrap_or_else(|| {
            let why = format!("no answer within {limit:?}");
            Err(Failure::new(Known::Nothing, why))
        });
        let failed = posted.as_ref().is_err_and(Failure::is_of_the_address);
        place.lock().failed = failed.then(|| clock.now());
        posted
    }

    /// Whether `address` could not be reached a moment ago.
    pub(super) fn avoids(&self, address: &str) -> bool {
        let place = self.lock().get(address).cloned();
        let failed = place.and_then(|place| place.lock().failed);
        failed.is_some_and(|failed| self.seam.clock.now().since(failed) < AVOIDED)
    }

    /// Whether a request to `address` is not answered yet.
    pub(super) fn waits_for(&self, address: &str) -> bool {
        let place = self.lock().get(address).cloned();
        place.is_some_and(|place| place.turns.available_permits() < self.turns())
    }

    /// Closes the connections that nobody uses.
    pub(super) fn clear(&self) {
        self.lock().clear();
    }

    async fn post_in(
        self: &Arc<Self>,
        place: &Place,
        target: &Target,
        body: Bytes,
    ) -> Result<(), Failure> {
        let _turn = place.turns.acquire().await;
        let mut request = request(target, body)?;
        while let Some(mut kept) = place.kept(self.seam.clock.now()) {
            let begun = pin!(kept.begin(request));
            match kept.answer(begun).await {
                Ok(response) => return self.settle(place, kept, response).await,
                // The peer had closed it before the request left.
                Err(mut error) => match error.take_message() {
                    Some(unsent) => request = unsent,
                    None => return Err(Failure::new(Known::Nothing, error.into_error())),
                },
            }
        }
        // It is rare and large, and would be part of every delivery.
        let mut line = Box::pin(self.dial(&target.address)).await?;
        let begun = pin!(line.begin(request));
        let response =
            line.answer(begun)
                .await
                .map_err(|mut error| match error.take_message() {
                    Some(_) => Failure::unsent(error.into_error()),
                    None => Failure::new(Known::Nothing, error.into_error()),
                })?;
        self.settle(place, line, response).await
    }

    async fn dial(&self, address: &str) -> Result<Box<Line>, Failure> {
        let limit = self.config.dial_timeout;
        let until = self.seam.clock.now().after(limit);
        let dialled = self.seam.clock.until(until, self.seam.net.connect(address));
        let socket = match dialled.await {
            Some(socket) => socket.map_err(|error| Failure::unreached(address, error))?,
            None => return Err(Failure::unreached(address, format!("not within {limit:?}"))),
        };
        Line::over(socket)
            .await
            .map(Box::new)
            .map_err(Failure::unsent)
    }

    /// Reads the answer to its end and keeps the connection, where that can be used again.
    async fn settle(
        self: &Arc<Self>,
        place: &Place,
        mut line: Box<Line>,
        response: Response<Incoming>,
    ) -> Result<(), Failure> {
        let (status, body) = (response.status(), response.into_body());
        // The status says it; what cannot be read costs only the connection. That is rare, and has its room where it happens.
        let text = match body.is_end_stream() {
            true => Ok(Bytes::new()),
            false => Box::pin(line.collect(body, ANSWER)).await,
        };
        let is_whole = text.is_ok() && (line.is_ready() || Box::pin(line.ready()).await);
        if is_whole && line.is_open() {
            place.lock().idle.push((line, self.seam.clock.now()));
            self.tend();
        }
        match status {
            status if status.is_success() => Ok(()),
            StatusCode::NOT_FOUND => Err(Failure::new(Known::Gone, "it has unsubscribed")),
            status => Err(Failure::answered(status, &text.unwrap_or_default())),
        }
    }

    /// Has a task look after what is kept, for as long as something is.
    fn tend(self: &Arc<Self>) {
        let mut tending = self.lock_tending();
        if tending.as_ref().is_some_and(|task| !task.is_finished()) {
            return;
        }
        let (pool, clock) = (Arc::downgrade(self), self.seam.clock);
        *tending = Some(tokio::spawn(async move {
            loop {
                clock.sleep(LOOK).await;
                let Some(pool) = pool.upgrade() else { return };
                // What is kept after this look starts the next task.
                let mut tending = pool.lock_tending();
                if !pool.prune(clock.now()) {
                    *tending = None;
                    return;
                }
            }
        }));
    }

    /// Lets go of the connections that have ended or that were kept for long enough; whether any are left.
    pub(super) fn prune(&self, now: Moment) -> bool {
        let places = self.lock();
        places.values().fold(false, |any, place| {
            let mut state = place.lock();
            let wanted = |(kept, since): &mut (Box<Line>, Moment)| {
                now.since(*since) < KEPT && kept.is_open()
            };
            state.idle.retain_mut(wanted);
            any || !state.idle.is_empty()
        })
    }

    fn place(&self, address: &str) -> Arc<Place> {
        let mut places = self.lock();
        if let Some(place) = places.get(address) {
            return place.clone();
        }
        // Addresses come and go with processes: those that have nothing any more are forgotten.
        places.retain(|_, place| Arc::strong_count(place) > 1 || place.is_used());
        let place = Arc::new(Place {
            turns: Semaphore::new(self.turns()),
            state: Mutex::default(),
        });
        places.insert(address.to_owned(), place.clone());
        place
    }

    /// How many requests go to one address at a time.
    fn turns(&self) -> usize {
        let turns = self.config.max_connections_out;
        turns.clamp(1, Semaphore::MAX_PERMITS)
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<String, Arc<Place>>> {
        self.places.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn lock_tending(&self) -> MutexGuard<'_, Option<JoinHandle<()>>> {
        self.tending.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Pool {
    fn drop(&mut self) {
        if let Some(task) = self.lock_tending().take() {
            task.abort();
        }
    }
}

impl Place {
    /// A connection that is there for the next request: the one that was used last, so that the others grow old.
    fn kept(&self, now: Moment) -> Option<Box<Line>> {
        let mut state = self.lock();
        let (kept, since) = state.idle.pop()?;
        if now.since(since) < KEPT {
            return Some(kept);
        }
        // The others are older.
        state.idle.clear();
        None
    }

    fn is_used(&self) -> bool {
        self.lock().idle.iter_mut().any(|(kept, _)| kept.is_open())
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The request that carries `body` to `target` (go-micro `broker/http.go`, `Publish`).
fn request(target: &Target, body: Bytes) -> Result<Request<Whole>, Failure> {
    const AGENT: &str = concat!("rmicro/", env!("CARGO_PKG_VERSION"));
    let Some((uri, host)) = &target.way else {
        return Err(Failure::unsent("no request can have its address or its id"));
    };
    Request::post(uri.clone())
        .header(HOST, host.clone())
        .header(USER_AGENT, HeaderValue::from_static(AGENT))
        .header(CONTENT_TYPE, HeaderValue::from_static("application/json"))
        .body(Whole::new(body))
        .map_err(Failure::unsent)
}

impl fmt::Debug for Pool {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let places = self.lock();
        f.debug_list().entries(places.keys()).finish()
    }
}
