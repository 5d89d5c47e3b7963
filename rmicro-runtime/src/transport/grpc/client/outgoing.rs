//! What a call still has to send: taken from its sender, given to h2 as far as the peer's window allows.

use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Wake, Waker};

use bytes::Bytes;
use h2::{Reason, SendStream};

use super::dirty::DirtyList;
use crate::call::SendBuffer;
use crate::error::{Code, Error, Result};
use crate::transport::grpc::encoding::pack_run;
use crate::transport::grpc::limit::check_run;

/// The sending side of one call.
///
/// It is its own waker: a message in the buffer, room in the window and a reset all put it on the dirty list, which the
/// connection task works off. So any number of messages that come before that leaves as one piece of data.
pub(super) struct Outgoing {
    buffer: SendBuffer,
    limit: usize,
    compress: bool,
    dirty: Arc<DirtyList>,
    queued: AtomicBool,
    state: Mutex<State>,
}

enum State {
    /// `rest` was taken from the buffer and did not fit into the window.
    Open {
        stream: SendStream<Bytes>,
        rest: Bytes,
    },
    /// The sender broke a limit, and the call failed with it.
    Failed(Error),
    Done,
}

/// What a send after the end of the call gives.
const ENDED: &str = "the call has ended; recv has its status";

impl Outgoing {
    /// Sends `rest` as it is and then what comes into `buffer`, whose messages may have up to `limit` bytes and leave in gzip if
    /// `compress`.
    pub(super) fn new(
        stream: SendStream<Bytes>,
        rest: Bytes,
        buffer: SendBuffer,
        limit: usize,
        compress: bool,
        dirty: Arc<DirtyList>,
    ) -> Arc<Self> {
        Arc::new(Self {
            buffer,
            limit,
            compress,
            dirty,
            queued: AtomicBool::new(false),
            state: Mutex::new(State::Open { stream, rest }),
        })
    }

    /// Gives h2 what there is, as far as the window allows; the stream puts itself on the list again when there is more to do.
    pub(super) fn pump(self: &Arc<Self>) {
        // Cleared first: what comes from here on is seen below or queues the stream again.
        self.queued.store(false, Ordering::SeqCst);
        let waker = Waker::from(Arc::clone(self));
        let mut cx = Context::from_waker(&waker);
        let mut state = self.lock();
        let State::Open { stream, rest } = &mut *state else {
            return;
        };
        let ended = match self.send(stream, rest, &mut cx) {
            Poll::Pending => return,
            Poll::Ready(Ok(())) => State::Done,
            Poll::Ready(Err(error)) => {
                stream.send_reset(Reason::CANCEL);
                State::Failed(error)
            }
        };
        *state = ended;
        drop(state);
        self.buffer.forget_reader();
    }

    /// Ends the sending side because the peer has ended the call.
    ///
    /// A peer that answers before it has heard all is told politely that nothing more comes.
    pub(super) fn finish(&self) {
        if let State::Open { mut stream, rest } = self.end() {
            if rest.is_empty() {
                // An error means that the stream is closed both ways already.
                let _ = stream.send_data(Bytes::new(), true);
            } else {
                stream.send_reset(Reason::NO_ERROR);
            }
        }
    }

    /// Ends the sending side because the call was given up, or broke; the error if it was the sender who broke it.
    pub(super) fn abandon(&self) -> Option<Error> {
        match self.end() {
            State::Failed(error) => Some(error),
            State::Open { .. } | State::Done => None,
        }
    }

    /// Tells the sender that the call has ended; touches nothing else, so that wakers may do it.
    pub(super) fn cut(&self) {
        self.buffer.close(Code::Cancelled, ENDED);
    }

    fn end(&self) -> State {
        self.cut();
        let state = std::mem::replace(&mut *self.lock(), State::Done);
        // The buffer's waker is this stream: without this they would keep each other.
        self.buffer.forget_reader();
        state
    }

    /// Ready when nothing more can be sent: all has left, or the peer takes no more.
    fn send(
        &self,
        stream: &mut SendStream<Bytes>,
        rest: &mut Bytes,
        cx: &mut Context<'_>,
    ) -> Poll<Result<()>> {
        loop {
            if rest.is_empty() {
                match self.buffer.poll_take(cx) {
                    Poll::Ready(Some(run)) => *rest = run,
                    Poll::Ready(None) => {
                        let _ = stream.send_data(Bytes::new(), true);
                        return Poll::Ready(Ok(()));
                    }
                    Poll::Pending => return self.watch_reset(stream, cx),
                }
                self.check(rest)?;
                *rest = pack_run(std::mem::take(rest), self.compress);
            }
            let Poll::Ready(room) = poll_room(stream, rest.len(), cx) else {
                return Poll::Pending;
            };
            let piece = rest.split_to(room.min(rest.len()));
            let last = rest.is_empty() && self.buffer.is_finished();
            if room == 0 || stream.send_data(piece, last).is_err() {
                self.cut();
                return Poll::Ready(Ok(()));
            }
            if last {
                return Poll::Ready(Ok(()));
            }
        }
    }

    /// While there is nothing to send, a reset of the peer still ends the sender.
    fn watch_reset(
        &self,
        stream: &mut SendStream<Bytes>,
        cx: &mut Context<'_>,
    ) -> Poll<Result<()>> {
        stream.poll_reset(cx).map(|_| {
            self.cut();
            Ok(())
        })
    }

    /// Refuses a run with a message that is too long.
    fn check(&self, run: &Bytes) -> Result<()> {
        let checked = check_run(run, self.limit);
        if checked.is_err() {
            self.buffer.close(
                Code::ResourceExhausted,
                "a message was longer than may be sent; recv has the numbers",
            );
        }
        checked.map_err(Error::of_sending)
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Wake for Outgoing {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    /// Called by h2 under its lock and by senders, so it touches neither h2 nor the state.
    fn wake_by_ref(self: &Arc<Self>) {
        if !self.queued.swap(true, Ordering::SeqCst) && !self.dirty.push(Arc::clone(self)) {
            self.cut();
        }
    }
}

impl fmt::Debug for Outgoing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Outgoing")
    }
}

/// How much of `wanted` bytes the peer takes now, waiting for at least one; 0 when it takes no more at all.
fn poll_room(stream: &mut SendStream<Bytes>, wanted: usize, cx: &mut Context<'_>) -> Poll<usize> {
    stream.reserve_capacity(wanted);
    match stream.capacity() {
        0 => match stream.poll_capacity(cx) {
            Poll::Ready(Some(Ok(room))) => Poll::Ready(room),
            Poll::Ready(_) => Poll::Ready(0),
            Poll::Pending => Poll::Pending,
        },
        room => Poll::Ready(room),
    }
}
