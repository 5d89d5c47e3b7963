//! Handlers that are closures, and what they may do with a call.

use std::future::poll_fn;
use std::sync::Arc;

use bytes::Bytes;

use super::pair::{SERVICE, frame, name, push};
use super::probe::{Probe, Running};
use crate::call::{
    BoxFuture, CallState, Endpoint, Kind, Request, Route, Routes, SendBuffer, ServerCall,
};
use crate::error::{Error, Result};

/// The handler's end of a call.
pub(super) struct Served {
    pub(super) state: Arc<CallState>,
    pub(super) request: Request,
    pub(super) replies: Option<SendBuffer>,
    pub(super) probe: Probe,
    _running: Running,
}

impl Served {
    pub(super) async fn recv(&mut self) -> Result<Option<Bytes>> {
        match &mut self.request {
            Request::One(message) => Ok(Some(std::mem::take(message))),
            Request::Stream(requests) => poll_fn(|cx| requests.poll_frame(cx)).await.transpose(),
        }
    }

    // Neither future borrows the call: its request cannot be shared between threads.
    pub(super) fn send<'m>(
        &self,
        message: &'m [u8],
    ) -> impl Future<Output = Result<()>> + Send + use<'m> {
        let replies = self.replies.clone();
        async move { push(&replies.expect("the method streams replies"), message).await }
    }

    /// Replies once, in the way of the method's kind.
    pub(super) fn answer<'m>(
        &self,
        message: &'m [u8],
    ) -> impl Future<Output = Result<()>> + Send + use<'m> {
        let (state, replies) = (Arc::clone(&self.state), self.replies.clone());
        async move {
            match replies {
                Some(replies) => push(&replies, message).await,
                None => {
                    state.set_message(frame(message));
                    Ok(())
                }
            }
        }
    }

    /// Sets the only reply.
    pub(super) fn reply(&self, message: &[u8]) {
        self.state.set_message(frame(message));
    }
}

/// A method of the checks.
pub(super) struct Method {
    kind: Kind,
    handler: Handler,
}

type Handler = Box<dyn Fn(Served) -> BoxFuture<'static, Result<()>> + Send + Sync>;

/// The method of `kind`, served by `handler`.
pub(super) fn on<F, R>(kind: Kind, handler: F) -> Method
where
    F: Fn(Served) -> R + Send + Sync + 'static,
    R: Future<Output = Result<()>> + Send + 'static,
{
    Method {
        kind,
        handler: Box::new(move |call| Box::pin(handler(call))),
    }
}

/// Routes to `methods` and to `Echo`.
pub(super) fn table(methods: Vec<Method>, probe: &Probe) -> Arc<dyn Routes> {
    let route = |name: &'static str, kind, endpoint: Arc<dyn Endpoint>| {
        Arc::new(Route::new(SERVICE, name, kind, endpoint))
    };
    let mut routes = vec![route("Echo", Kind::Unary, Arc::new(Echo))];
    for Method { kind, handler } in methods {
        let probe = probe.clone();
        routes.push(route(
            name(kind),
            kind,
            Arc::new(Closure { handler, probe }),
        ));
    }
    Arc::new(Table(routes))
}

struct Table(Vec<Arc<Route>>);

impl Routes for Table {
    fn route(&self, path: &str) -> Result<Arc<Route>> {
        self.0
            .iter()
            .find(|route| path == format!("/{}/{}", route.service, route.method))
            .cloned()
            .ok_or_else(|| Error::unimplemented(format!("{path} is not served here")))
    }
}

struct Closure {
    handler: Handler,
    probe: Probe,
}

impl Endpoint for Closure {
    fn call<'a>(&'a self, call: ServerCall) -> BoxFuture<'a, Result<()>> {
        (self.handler)(Served {
            state: call.state,
            request: call.request,
            replies: call.replies,
            probe: self.probe.clone(),
            _running: self.probe.enter(),
        })
    }
}

/// Gives the message back, without a probe, so that it stands beside what a check counts.
struct Echo;

impl Endpoint for Echo {
    fn call<'a>(&'a self, call: ServerCall) -> BoxFuture<'a, Result<()>> {
        Box::pin(async move {
            if let Request::One(message) = call.request {
                call.state.set_message(frame(&message));
            }
            Ok(())
        })
    }
}
