//! What the server does not make for a call that does not wait.

use std::future::poll_fn;
use std::sync::Arc;
use std::time::Duration;

use bytes::{BufMut, Bytes, BytesMut};

use crate::call::{
    BoxFuture, CallHead, Endpoint, Kind, Request, Route, Routes, ServerCall, write_frame,
};
use crate::error::{Error, Result};
use crate::seam::{Clock, Seam, TIMERS};
use crate::transport::{Body, ClientCall, Connection, Grpc, Transport};

/// Answers at once with what it was asked.
struct Echo;

impl Endpoint for Echo {
    fn call<'a>(&'a self, call: ServerCall) -> BoxFuture<'a, Result<()>> {
        Box::pin(async move {
            let Request::One(message) = call.request else {
                return Err(Error::internal("it has one message"));
            };
            match call.replies {
                None => call.state.set_message(run(&message)),
                Some(replies) => poll_fn(|cx| replies.poll_push(cx, put(&message))).await?,
            }
            Ok(())
        })
    }
}

struct One(Arc<Route>);

impl Routes for One {
    fn route(&self, _path: &str) -> Result<Arc<Route>> {
        Ok(self.0.clone())
    }
}

fn put(message: &Bytes) -> impl FnOnce(&mut BytesMut) -> Result<()> + use<'_> {
    |buffer| {
        buffer.put_slice(message);
        Ok(())
    }
}

fn run(message: &Bytes) -> Bytes {
    let mut buffer = BytesMut::new();
    write_frame(&mut buffer, put(message)).expect("it is short");
    buffer.freeze()
}

/// Makes one call with a deadline and reads its reply to the end; the client's half has no timers of its own here.
async fn call(connection: &dyn Connection, kind: Kind) {
    let mut head = CallHead::new("a.B", "C");
    head.deadline = Some(Clock::default().now().after(Duration::from_secs(60)));
    let body = Body::One(run(&Bytes::from_static(b"hello")));
    let mut frames = connection
        .start(ClientCall::new(head, kind, body))
        .expect("it is open");
    let reply = poll_fn(|cx| frames.poll_frame(cx))
        .await
        .expect("one message");
    assert_eq!(reply.expect("it is good"), "hello");
    assert!(poll_fn(|cx| frames.poll_frame(cx)).await.is_none());
}

#[tokio::test]
async fn a_call_that_does_not_wait_makes_no_timer_although_it_has_a_deadline() {
    for kind in [Kind::Unary, Kind::ServerStreaming] {
        let grpc = Grpc::new(Seam::default());
        let route = Arc::new(Route::new("a.B", "C", kind, Arc::new(Echo)));
        let listener = grpc
            .listen("127.0.0.1:0", Arc::new(One(route)))
            .await
            .unwrap();
        let connection = grpc.dial(listener.address()).await.unwrap();
        call(&*connection, kind).await;
        let before = TIMERS.get();
        for _ in 0..50 {
            call(&*connection, kind).await;
        }
        assert_eq!(TIMERS.get() - before, 0, "{kind:?}");
    }
}
