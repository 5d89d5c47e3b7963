//! Connections to subscribers, kept for the next message.
//!
//! Invariant: to one address there are so many connections as the settings say; what fails before a request has left is told
//! apart from what fails afterwards, since only the former proves that nobody has the message.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use http::header::{CONTENT_TYPE, HOST, HeaderValue, USER_AGENT};
use http::{Request, Response, StatusCode};
use hyper::body::Incoming;
use hyper::client::conn::http1::{self, SendRequest};
use hyper_util::rt::TokioIo;
use tokio::sync::Semaphore;
use tokio::task::JoinSet;

use super::body::{Whole, collect};
use super::config::HttpConfig;
use super::failure::{Failure, Known};
use super::query;
use super::record::Target;
use crate::seam::{Moment, Seam};

/// How long a connection is kept without use: less than the receivers of this broker do, so that they do not close it while a
/// message is on its way.
const KEPT: Duration = Duration::from_secs(60);
/// How many connections to one address are kept without use.
const MOST_KEPT: usize = 8;
/// For how long an address that could not be reached comes last.
const AVOIDED: Duration = Duration::from_secs(10);
/// How much of an answer is read.
const ANSWER: usize = 64 * 1024;

/// The connections to all addresses.
pub(super) struct Pool {
    seam: Seam,
    config: Arc<HttpConfig>,
    places: Mutex<BTreeMap<String, Arc<Place>>>,
    /// The tasks of the connections.
    tasks: Mutex<JoinSet<()>>,
}

/// One address.
struct Place {
    turns: Semaphore,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    idle: Vec<(SendRequest<Whole>, Moment)>,
    failed: Option<Moment>,
}

impl Pool {
    pub(super) fn new(seam: Seam, config: Arc<HttpConfig>) -> Self {
        Self {
            seam,
            config,
            places: Mutex::default(),
            tasks: Mutex::default(),
        }
    }

    /// Posts `body` to `target`, for the delivery timeout at most; ready when it has taken the message.
    ///
    /// Dropping the future closes the connection, and the message may have been taken.
    pub(super) async fn post(&self, target: &Target, body: Bytes) -> Result<(), Failure> {
        if target.secure {
            return Err(Failure::unsent("it wants HTTPS, which is not there yet"));
        }
        let place = self.place(&target.address);
        let clock = self.seam.clock;
        let limit = self.config.delivery_timeout;
        let posting = self.post_in(&place, target, body);
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

    async fn post_in(&self, place: &Place, target: &Target, body: Bytes) -> Result<(), Failure> {
        let turn = place.turns.acquire().await;
        let mut request = request(target, body)?;
        while let Some(mut kept) = place.kept(self.seam.clock.now()) {
            match kept.try_send_request(request).await {
                Ok(response) => return self.settle(place, kept, response).await,
                // The peer had closed it before the request left.
                Err(mut error) => match error.take_message() {
                    Some(unsent) => request = unsent,
                    None => return Err(Failure::new(Known::Nothing, error.into_error())),
                },
            }
        }
        let mut sender = self.dial(&target.address).await?;
        let sent = sender.try_send_request(request).await;
        let response = sent.map_err(|mut error| match error.take_message() {
            Some(_) => Failure::unsent(error.into_error()),
            None => Failure::new(Known::Nothing, error.into_error()),
        })?;
        let settled = self.settle(place, sender, response).await;
        drop(turn);
        settled
    }

    async fn dial(&self, address: &str) -> Result<SendRequest<Whole>, Failure> {
        let limit = self.config.dial_timeout;
        let until = self.seam.clock.now().after(limit);
        let dialled = self.seam.clock.until(until, self.seam.net.connect(address));
        let socket = match dialled.await {
            Some(socket) => socket.map_err(|error| Failure::unreached(address, error))?,
            None => return Err(Failure::unreached(address, format!("not within {limit:?}"))),
        };
        let begun = http1::handshake(TokioIo::new(socket)).await;
        let (sender, connection) = begun.map_err(Failure::unsent)?;
        let mut tasks = self.tasks.lock().unwrap_or_else(PoisonError::into_inner);
        while tasks.try_join_next().is_some() {}
        tasks.spawn(async move {
            if let Err(error) = connection.await {
                tracing::debug!(%error, "Broker [http] a connection to a subscriber ended");
            }
        });
        Ok(sender)
    }

    /// Reads the answer to its end and keeps the connection, where that can be used again.
    async fn settle(
        &self,
        place: &Place,
        sender: SendRequest<Whole>,
        response: Response<Incoming>,
    ) -> Result<(), Failure> {
        let status = response.status();
        // The status says it; what cannot be read costs only the connection.
        let text = collect(response.into_body(), ANSWER).await;
        if text.is_ok() {
            place.keep(sender, self.seam.clock.now());
        }
        match status {
            status if status.is_success() => Ok(()),
            StatusCode::NOT_FOUND => Err(Failure::new(Known::Gone, "it has unsubscribed")),
            status => Err(Failure::answered(status, &text.unwrap_or_default())),
        }
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
}

impl Place {
    /// A connection that is there for the next request.
    fn kept(&self, now: Moment) -> Option<SendRequest<Whole>> {
        let mut state = self.lock();
        state
            .idle
            .retain(|(kept, since)| !kept.is_closed() && now.since(*since) < KEPT);
        state.idle.pop().map(|(kept, _)| kept)
    }

    fn keep(&self, sender: SendRequest<Whole>, now: Moment) {
        let mut state = self.lock();
        if !sender.is_closed() && state.idle.len() < MOST_KEPT {
            state.idle.push((sender, now));
        }
    }

    fn is_used(&self) -> bool {
        self.lock().idle.iter().any(|(kept, _)| !kept.is_closed())
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The request that carries `body` to `target` (go-micro `broker/http.go`, `Publish`).
fn request(target: &Target, body: Bytes) -> Result<Request<Whole>, Failure> {
    const AGENT: &str = concat!("rmicro/", env!("CARGO_PKG_VERSION"));
    let host = HeaderValue::from_str(&target.address);
    Request::post(query::path(&target.id))
        .header(HOST, host.map_err(Failure::unsent)?)
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
