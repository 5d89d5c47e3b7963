//! One request: a message for one subscription (go-micro `broker/http.go`, `ServeHTTP`).
//!
//! Invariant: it is answered when the message is in the inbox, so that whoever has the answer has what the broker confirms. What
//! becomes of the message in its handler is no business of the publisher.

use std::pin::pin;

use http::{Method, Request, Response};
use hyper::body::Incoming;

use super::answer;
use super::body::{Unread, Whole, collect};
use super::config::HttpConfig;
use super::query;
use super::seat::Seats;
use super::wire;
use crate::seam::Clock;

/// What is answered to `request`.
pub(super) async fn answer(
    request: Request<Incoming>,
    seats: &Seats,
    config: &HttpConfig,
    clock: Clock,
) -> Response<Whole> {
    if request.method() != Method::POST {
        return answer::not_allowed();
    }
    let id = query::id(request.uri().query().unwrap_or_default());
    let body = pin!(collect(request.into_body(), config.max_body()));
    let body = match clock.within(config.receive_timeout, body).await {
        Some(Ok(body)) => body,
        Some(Err(Unread::TooLong)) => return answer::too_long(config.max_body()),
        Some(Err(Unread::Broken(error))) => {
            return answer::failed("Error reading request body", error);
        }
        None => return answer::too_slow(),
    };
    let message = match wire::from_json(&body) {
        Ok(message) => message,
        Err(error) => return answer::failed("Error parsing request body", error),
    };
    if message.body.len() > config.max_message_size {
        return answer::too_long(config.max_message_size);
    }
    let topic = message.header.get(wire::TOPIC).unwrap_or_default();
    if topic.is_empty() {
        return answer::without_topic();
    }
    let seat = seats.find(&id);
    let Some(seat) = seat.filter(|seat| **seat.inbox.topic() == *topic) else {
        return answer::gone(&id);
    };
    if seat.inbox.take(message).await {
        answer::taken()
    } else {
        answer::gone(&id)
    }
}
