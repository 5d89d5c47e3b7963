//! Streaming calls: one task a call, and a buffer each way between it and the client.

use std::future::poll_fn;
use std::pin::pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker, ready};

use bytes::Bytes;
use tokio::task::AbortHandle;

use super::node::Ticket;
use super::outcome::{Outcome, cut};
use crate::call::{
    CallHead, CallState, FrameStream, Guarded, OneFrame, Request, Route, SendBuffer, ServerCall,
    split_frame,
};
use crate::error::{Code, Error, Result};
use crate::metadata::Metadata;
use crate::transport::Body;

/// What a send after the end of the call gives.
const ENDED: &str = "the call has ended; recv has its status";

/// Starts a call of `route` in a task of its own and gives what comes back.
pub(super) fn start(route: Arc<Route>, head: CallHead, body: Body, ticket: Ticket) -> Replies {
    let shared = Arc::new(Shared {
        state: Arc::new(CallState::new(head)),
        requests: match &body {
            Body::One(_) => None,
            Body::Stream(buffer) => Some(buffer.clone()),
        },
        replies: SendBuffer::new(),
        progress: Mutex::default(),
    });
    let runtime = ticket.node().runtime().clone();
    let task = runtime.spawn(serve(route, body, ticket, End(Arc::clone(&shared))));
    Replies {
        shared,
        run: Bytes::new(),
        metadata: Metadata::new(),
        trailers: Metadata::new(),
        last: None,
        ended: false,
        task: task.abort_handle(),
    }
}

/// What the task and the client share.
struct Shared {
    state: Arc<CallState>,
    requests: Option<SendBuffer>,
    replies: SendBuffer,
    progress: Mutex<Progress>,
}

#[derive(Default)]
struct Progress {
    metadata: Option<Metadata>,
    outcome: Option<Outcome>,
    client: Option<Waker>,
}

impl Shared {
    /// Hands the reply's metadata to the client, once.
    fn open(&self) {
        let mut progress = self.lock();
        if progress.metadata.is_none() {
            progress.metadata = Some(self.state.take_metadata());
            wake(progress);
        }
    }

    /// Ends the call, once: what was sent is still delivered, and whoever sends from now on learns that it is over.
    fn end(&self, result: Result<()>) {
        let mut progress = self.lock();
        if progress.outcome.is_some() {
            return;
        }
        let mut outcome = Outcome::new(result, self.state.finish());
        progress
            .metadata
            .get_or_insert_with(|| std::mem::take(&mut outcome.metadata));
        progress.outcome = Some(outcome);
        wake(progress);
        self.refuse_requests(ENDED);
        self.replies.close(Code::Cancelled, "the call has ended");
        // Last, because it lets the client see the end: by then nobody can send any more.
        self.replies.end();
    }

    fn refuse_requests(&self, why: &'static str) {
        if let Some(requests) = &self.requests {
            requests.close(Code::Cancelled, why);
        }
    }

    fn lock(&self) -> MutexGuard<'_, Progress> {
        self.progress.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Wakes the client, outside the lock.
fn wake(mut progress: MutexGuard<'_, Progress>) {
    let client = progress.client.take();
    drop(progress);
    if let Some(client) = client {
        client.wake();
    }
}

/// Ends the call when its task goes away, whatever made it go.
struct End(Arc<Shared>);

impl Drop for End {
    fn drop(&mut self) {
        self.0.end(Err(cut()));
    }
}

/// Runs the handler to its end, its deadline or the listener's.
async fn serve(route: Arc<Route>, body: Body, ticket: Ticket, end: End) {
    let shared = &*end.0;
    let eager = route.kind.client_streams();
    let (state, replies) = (&shared.state, &shared.replies);
    let handler = Box::pin(async {
        let request = request(&route, body).await?;
        let replies = route.kind.server_streams().then(|| replies.clone());
        let call = ServerCall::new(Arc::clone(state), request, replies);
        route.serve(call).await
    });
    let mut handler = Guarded::new(handler, state.head(), ticket.node().clock());
    let mut cut_off = pin!(ticket.cut());
    let result = poll_fn(|cx| {
        if let Poll::Ready(result) = pin!(&mut handler).poll(cx) {
            return Poll::Ready(result);
        }
        // A peer may wait for the metadata before it sends anything, so the metadata cannot wait for a reply.
        if eager || !replies.is_empty() {
            shared.open();
        }
        cut_off.as_mut().poll(cx).map(|()| Err(cut()))
    })
    .await;
    drop(handler);
    shared.end(result);
}

/// The request as the server's kind wants it.
async fn request(route: &Route, body: Body) -> Result<Request> {
    let mut requests: Box<dyn FrameStream> = match body {
        Body::Stream(buffer) => Box::new(Requests::new(buffer)),
        Body::One(mut run) => match split_frame(&mut run) {
            Some((_, message)) => Box::new(OneFrame::new(message)),
            None => return Err(Error::internal("the body of the call is no frame")),
        },
    };
    if route.kind.client_streams() {
        return Ok(Request::Stream(requests));
    }
    // The handler starts at the first message: a peer may end its side later, or never.
    match poll_fn(|cx| requests.poll_frame(cx)).await {
        Some(message) => Ok(Request::One(message?)),
        None => Err(Error::unimplemented(format!(
            "/{}/{} takes one message, and none came",
            route.service, route.method
        ))),
    }
}

/// What the client sends, as the handler reads it.
struct Requests {
    buffer: SendBuffer,
    run: Bytes,
    nothing: Metadata,
}

impl Requests {
    fn new(buffer: SendBuffer) -> Self {
        Self {
            buffer,
            run: Bytes::new(),
            nothing: Metadata::new(),
        }
    }
}

impl FrameStream for Requests {
    fn poll_metadata(&mut self, _cx: &mut Context<'_>) -> Poll<Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_frame(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Bytes>>> {
        poll_run(&self.buffer, &mut self.run, cx).map(|frame| frame.map(Ok))
    }

    fn metadata(&mut self) -> &mut Metadata {
        &mut self.nothing
    }

    fn trailers(&mut self) -> &mut Metadata {
        &mut self.nothing
    }
}

/// What the handler sends, as the client reads it; dropping it stops the handler.
pub(super) struct Replies {
    shared: Arc<Shared>,
    run: Bytes,
    metadata: Metadata,
    trailers: Metadata,
    /// What comes after the last run, once the call has ended.
    last: Option<Result<Bytes>>,
    ended: bool,
    task: AbortHandle,
}

impl FrameStream for Replies {
    fn poll_metadata(&mut self, cx: &mut Context<'_>) -> Poll<Result<()>> {
        let mut progress = self.shared.lock();
        match &mut progress.metadata {
            // It stays `Some`, as the mark that the metadata has left.
            Some(metadata) if !metadata.is_empty() => self.metadata = std::mem::take(metadata),
            Some(_) => {}
            None => {
                progress.client = Some(cx.waker().clone());
                return Poll::Pending;
            }
        }
        Poll::Ready(Ok(()))
    }

    fn poll_frame(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Bytes>>> {
        if !self.ended {
            if let Some(frame) = ready!(poll_run(&self.shared.replies, &mut self.run, cx)) {
                self.shared.open();
                return Poll::Ready(Some(Ok(frame)));
            }
            // Whoever ends the buffer has left the outcome before.
            let outcome = self.shared.lock().outcome.take().unwrap_or_default();
            self.trailers = outcome.trailers;
            self.last = outcome.error.map(Err).or(outcome.message.map(Ok));
            self.ended = true;
        }
        Poll::Ready(self.last.take())
    }

    fn metadata(&mut self) -> &mut Metadata {
        &mut self.metadata
    }

    fn trailers(&mut self) -> &mut Metadata {
        &mut self.trailers
    }
}

impl Drop for Replies {
    fn drop(&mut self) {
        self.task.abort();
        self.shared.refuse_requests(ENDED);
    }
}

/// The next frame of `run`, which is filled from `buffer` when it is empty.
fn poll_run(buffer: &SendBuffer, run: &mut Bytes, cx: &mut Context<'_>) -> Poll<Option<Bytes>> {
    loop {
        if let Some((_, frame)) = split_frame(run) {
            return Poll::Ready(Some(frame));
        }
        match ready!(buffer.poll_take(cx)) {
            Some(next) => *run = next,
            None => return Poll::Ready(None),
        }
    }
}
