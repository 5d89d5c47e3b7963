//! One message on its way to one subscriber, as a request.
//!
//! Invariant: what fails before a request has left is told apart from what fails afterwards, since only the former proves that
//! nobody has the message. What seldom has to be waited for is in a box of its own, so that a delivery is small.

use std::pin::pin;
use std::sync::Arc;

use bytes::Bytes;
use http::header::{CONTENT_TYPE, HOST, HeaderValue, USER_AGENT};
use http::{Method, Request, Response, StatusCode};
use http_body::Body as _;
use hyper::body::Incoming;
use hyper::client::conn::TrySendError;

use super::body::Whole;
use super::failure::{Failure, Known};
use super::line::{Answered, Line};
use super::pool::{Place, Pool};
use super::record::Target;
use crate::call::BoxFuture;
use crate::seam::Moment;

/// How much of an answer is read.
const ANSWER: usize = 64 * 1024;

impl Pool {
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
        let (clock, limit) = (self.seam.clock, self.config.delivery_timeout);
        let begun = clock.now();
        let until = begun.after(limit);
        let _turn = match place.turns.try_acquire() {
            Ok(turn) => Ok(turn),
            Err(_) => {
                let turn = Box::pin(clock.until(until, place.turns.acquire())).await;
                let busy = || format!("no connection to it was free within {limit:?}");
                turn.ok_or_else(|| Failure::unsent(busy()))?
            }
        };
        // Pinned here, where it has its room once.
        let posting = pin!(self.post_in(&place, target, body, begun));
        let posted = clock.until(until, posting).await;
        let posted = posted.unwrap_or_else(|| {
            let why = format!("no answer within {limit:?}");
            Err(Failure::new(Known::Nothing, why))
        });
        if posted.as_ref().is_err_and(Failure::is_of_the_address) {
            place.has_failed(clock.now());
        }
        posted
    }

    async fn post_in(
        self: &Arc<Self>,
        place: &Place,
        target: &Target,
        body: Bytes,
        now: Moment,
    ) -> Result<(), Failure> {
        let request = request(target, body)?;
        let Some(mut line) = place.kept(now) else {
            return Box::pin(self.post_anew(place, target, request)).await;
        };
        // Of memory malloc has less than a kilobyte at hand, so this is apart.
        let begun = Box::pin(line.begin(request));
        let answered = line.answer(begun).await;
        self.answered(place, target, line, answered).wait().await
    }

    /// What follows an answer, or the lack of one.
    fn answered<'a>(
        self: &'a Arc<Self>,
        place: &'a Place,
        target: &'a Target,
        line: Box<Line>,
        answered: Answered,
    ) -> Then<'a> {
        match answered.map_err(unsent) {
            Ok(response) => self.settle(place, line, response),
            // The peer had closed it before the request left.
            Err(Ok(request)) => Then::Wait(Box::pin(self.post_anew(place, target, request))),
            Err(Err(failure)) => Then::Done(Err(failure)),
        }
    }

    /// Sends `request` on the first connection that takes it: one that is kept, or a new one.
    async fn post_anew(
        self: &Arc<Self>,
        place: &Place,
        target: &Target,
        mut request: Request<Whole>,
    ) -> Result<(), Failure> {
        while let Some(mut kept) = place.kept(self.seam.clock.now()) {
            let begun = pin!(kept.begin(request));
            match kept.answer(begun).await {
                Ok(response) => return self.settle(place, kept, response).wait().await,
                Err(error) => request = unsent(error)?,
            }
        }
        let mut line = self.dial(&target.address).await?;
        let begun = pin!(line.begin(request));
        let response =
            line.answer(begun)
                .await
                .map_err(|mut error| match error.take_message() {
                    Some(_) => Failure::unsent(error.into_error()),
                    None => Failure::new(Known::Nothing, error.into_error()),
                })?;
        self.settle(place, line, response).wait().await
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
    fn settle<'a>(
        self: &'a Arc<Self>,
        place: &'a Place,
        mut line: Box<Line>,
        response: Response<Incoming>,
    ) -> Then<'a> {
        let (status, body) = (response.status(), response.into_body());
        if body.is_end_stream() && line.is_ready() {
            return Then::Done(self.settled(place, Some(line), status, &[]));
        }
        Then::Wait(Box::pin(async move {
            let (text, is_whole) = rest(&mut line, body).await;
            self.settled(place, is_whole.then_some(line), status, &text)
        }))
    }

    /// An answer is there whole: its `status` and `text`, and the connection where that can take another request.
    fn settled(
        self: &Arc<Self>,
        place: &Place,
        line: Option<Box<Line>>,
        status: StatusCode,
        text: &[u8],
    ) -> Result<(), Failure> {
        let keeps = line.is_some();
        place.has_answered(line, self.seam.clock.now());
        if keeps {
            self.tend();
        }
        match status {
            status if status.is_success() => Ok(()),
            StatusCode::NOT_FOUND => Err(Failure::new(Known::Gone, "it has unsubscribed")),
            status => Err(Failure::answered(status, text)),
        }
    }
}

/// How a delivery goes on; what has to wait is rare and large, and has its room apart.
enum Then<'a> {
    Done(Result<(), Failure>),
    Wait(BoxFuture<'a, Result<(), Failure>>),
}

impl Then<'_> {
    async fn wait(self) -> Result<(), Failure> {
        match self {
            Self::Done(posted) => posted,
            Self::Wait(rest) => rest.await,
        }
    }
}

/// The body of an answer, and whether the connection can be used again after it. What cannot be read costs only the connection: the
/// status says it.
async fn rest(line: &mut Line, body: Incoming) -> (Bytes, bool) {
    match line.collect(body, ANSWER).await {
        Ok(text) => (text, line.is_ready() || line.ready().await),
        Err(_) => (Bytes::new(), false),
    }
}

/// The request that has not left; an error where it may have.
fn unsent(mut error: TrySendError<Request<Whole>>) -> Result<Request<Whole>, Failure> {
    let unsent = error.take_message();
    unsent.ok_or_else(|| Failure::new(Known::Nothing, error.into_error()))
}

/// The request that carries `body` to `target` (go-micro `broker/http.go`, `Publish`).
fn request(target: &Target, body: Bytes) -> Result<Request<Whole>, Failure> {
    const AGENT: &str = concat!("rmicro/", env!("CARGO_PKG_VERSION"));
    let Some((uri, host)) = &target.way else {
        return Err(Failure::unsent("no request can have its address or its id"));
    };
    // Piece by piece: the builder is moved at each step.
    let mut request = Request::new(Whole::new(body));
    *request.method_mut() = Method::POST;
    *request.uri_mut() = uri.clone();
    let headers = request.headers_mut();
    headers.insert(HOST, host.clone());
    headers.insert(USER_AGENT, HeaderValue::from_static(AGENT));
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    Ok(request)
}
