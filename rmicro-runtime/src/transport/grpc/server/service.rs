//! What hyper calls for each request.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::Arc;

use http::{Request, Response};
use hyper::body::Incoming;

use super::accept::Shared;
use super::body::ReplyBody;
use super::inbound::Inbound;
use super::inbox::{Head, Inbox};
use super::request::{self, Refusal};
use super::respond;
use super::streaming::Streaming;
use crate::call::{BoxFuture, CallState, Guarded, Kind, Route, Routes, ServerCall};
use crate::error::Result;
use crate::seam::Clock;

/// Finds the route of a request and runs its call.
pub(super) struct CallService {
    routes: Arc<dyn Routes>,
    inbox: Inbox,
    peer: SocketAddr,
    clock: Clock,
    limit: usize,
}

/// A call on its way to its endpoint.
struct Accepted {
    route: Arc<Route>,
    state: Arc<CallState>,
    inbound: Inbound,
    inbox: Inbox,
    clock: Clock,
}

impl CallService {
    pub(super) fn new(shared: &Shared, inbox: Inbox, peer: SocketAddr) -> Self {
        let (routes, clock) = (shared.routes.clone(), shared.grpc.seam.clock);
        Self {
            routes,
            inbox,
            peer,
            clock,
            limit: shared.grpc.config.max_receive_size,
        }
    }

    fn accept(&self, request: Request<Incoming>) -> Result<Accepted, Refusal> {
        let (parts, body) = request.into_parts();
        let inbound = Inbound::new(body, &parts.headers, self.limit);
        let (route, head) = request::read(parts, &*self.routes, self.peer, &self.clock)?;
        self.inbox.announce(Head {
            route: route.clone(),
            deadline: head.deadline,
        });
        let state = Arc::new(CallState::new(head));
        Ok(Accepted {
            route,
            state,
            inbound,
            inbox: self.inbox.clone(),
            clock: self.clock,
        })
    }
}

impl hyper::service::Service<Request<Incoming>> for CallService {
    type Response = Response<ReplyBody>;
    type Error = Infallible;
    type Future = BoxFuture<'static, Result<Self::Response, Infallible>>;

    fn call(&self, request: Request<Incoming>) -> Self::Future {
        match self.accept(request) {
            Ok(accepted) if accepted.route.kind == Kind::Unary => {
                Box::pin(async { Ok(unary(accepted).await) })
            }
            Ok(accepted) => Box::pin(async { Ok(streaming(accepted).await) }),
            Err(refusal) => Box::pin(std::future::ready(Ok(refusal.response()))),
        }
    }
}

async fn unary(call: Accepted) -> Response<ReplyBody> {
    let Accepted {
        route,
        state,
        mut inbound,
        inbox,
        clock,
    } = call;
    let ended = async {
        let request = inbound.only(&clock, state.head().deadline).await?;
        let handler = route
            .endpoint
            .call(ServerCall::new(state.clone(), request, None));
        Guarded::new(handler, state.head(), clock).await
    }
    .await;
    respond::whole(ended, &state, &inbox)
}

async fn streaming(call: Accepted) -> Response<ReplyBody> {
    let Accepted {
        route,
        state,
        inbound,
        inbox,
        clock,
    } = call;
    match Streaming::new(route, state.clone(), inbound, inbox.clone(), clock).await {
        Ok(streaming) => streaming.respond().await,
        Err(error) => respond::whole(Err(error), &state, &inbox),
    }
}
