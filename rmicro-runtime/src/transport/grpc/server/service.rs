//! What hyper calls for each request.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::Arc;

use http::request::Parts;
use http::{Request, Response};
use hyper::body::Incoming;

use super::accept::Shared;
use super::answering::Answering;
use super::body::ReplyBody;
use super::inbound::Inbound;
use super::inbox::{Head, Inbox};
use super::request;
use super::respond;
use super::said::Said;
use super::streaming::Streaming;
use crate::call::{BoxFuture, CallState, Guarded, Kind, Route, Routes, ServerCall};
use crate::error::Result;
use crate::seam::Clock;
use crate::transport::grpc::GrpcConfig;
use crate::transport::grpc::encoding::Encoding;

/// Finds the route of a request and runs its call.
pub(super) struct CallService {
    routes: Arc<dyn Routes>,
    inbox: Inbox,
    peer: SocketAddr,
    clock: Clock,
    config: Arc<GrpcConfig>,
}

/// A call on its way to its endpoint.
pub(super) struct Accepted {
    pub(super) route: Arc<Route>,
    pub(super) state: Arc<CallState>,
    pub(super) inbound: Inbound,
    pub(super) answering: Answering,
    pub(super) inbox: Inbox,
    pub(super) clock: Clock,
}

impl CallService {
    pub(super) fn new(shared: &Shared, inbox: Inbox, peer: SocketAddr) -> Self {
        Self {
            routes: shared.routes.clone(),
            inbox,
            peer,
            clock: shared.grpc.seam.clock,
            config: shared.grpc.config.clone(),
        }
    }

    fn accept(
        &self,
        parts: Parts,
        said: Said,
        body: Incoming,
        answering: Answering,
    ) -> Result<Accepted, Box<Response<ReplyBody>>> {
        let encoding = Encoding::of(said.encoding.as_ref());
        let read = request::check(&said, &encoding, &self.config)
            .and_then(|()| request::read(parts, &said, &*self.routes, self.peer, &self.clock));
        let (route, head) = match read {
            Ok(read) => read,
            Err(refusal) => return Err(Box::new(refusal.response(&answering, &said))),
        };
        self.inbox.announce(Head {
            route: route.clone(),
            deadline: head.deadline,
        });
        Ok(Accepted {
            route,
            state: Arc::new(CallState::new(head)),
            inbound: Inbound::new(body, encoding, self.config.max_receive_size),
            answering,
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
        let (mut parts, body) = request.into_parts();
        let said = Said::take(&mut parts.headers);
        let answering = Answering::new(&said, &self.config, &*self.routes);
        match self.accept(parts, said, body, answering) {
            Ok(mut accepted) if accepted.route.kind == Kind::Unary => {
                Box::pin(async move { Ok(unary(&mut accepted).await) })
            }
            Ok(accepted) => Box::pin(async { Ok(streaming(accepted).await) }),
            Err(refused) => Box::pin(std::future::ready(Ok(*refused))),
        }
    }
}

/// Serves a call that stays where it is: by value, the call's future would have room for it twice.
async fn unary(call: &mut Accepted) -> Response<ReplyBody> {
    let ended = async {
        let deadline = call.state.head().deadline;
        let request = call.inbound.only(&call.clock, deadline).await?;
        let counted = call.route.tally.begin();
        let server_call = ServerCall::new(call.state.clone(), request, None);
        let handler = call.route.endpoint.call(server_call);
        counted.end(Guarded::new(handler, call.state.head(), call.clock).await)
    }
    .await;
    respond::whole(ended, &call.state, &call.answering, &call.inbox)
}

async fn streaming(mut call: Accepted) -> Response<ReplyBody> {
    let request = if call.route.kind.client_streams() {
        None
    } else {
        let deadline = call.state.head().deadline;
        match call.inbound.first(&call.clock, deadline).await {
            Ok(first) => Some(first),
            Err(error) => {
                return respond::whole(Err(error), &call.state, &call.answering, &call.inbox);
            }
        }
    };
    Streaming::new(call, request).respond().await
}
