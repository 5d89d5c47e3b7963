//! What one side of a call has sent and the connection has not taken yet.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};

use bytes::{Bytes, BytesMut};

use super::frames::write_frame;
use crate::error::{Code, Error, Result};

/// How many bytes may wait to leave before a sender has to wait; the message that passes the limit is still taken whole.
pub const SEND_LIMIT: usize = 32 * 1024;

/// A run of frames between a sender, which waits while it is full, and a connection, which takes all of it at once.
///
/// Many small messages so leave as one piece of data. Clones are the same buffer. There is at most one waiter on each side.
#[derive(Clone, Debug, Default)]
pub struct SendBuffer(Arc<Mutex<Inner>>);

#[derive(Debug, Default)]
struct Inner {
    frames: BytesMut,
    ended: bool,
    closed: Option<(Code, &'static str)>,
    /// Waits for room.
    writer: Option<Waker>,
    /// Waits for something else, and would hear of the end.
    watcher: Option<Waker>,
    reader: Option<Waker>,
}

impl SendBuffer {
    /// An empty buffer.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds one frame, or waits for room; nothing was added while it is pending, so giving up sends nothing.
    pub fn poll_push(
        &self,
        cx: &mut Context<'_>,
        encode: impl FnOnce(&mut BytesMut) -> Result<()>,
    ) -> Poll<Result<()>> {
        let mut inner = self.lock();
        if let Some(error) = inner.refusal() {
            return Poll::Ready(Err(error));
        }
        if inner.frames.len() >= SEND_LIMIT {
            store(&mut inner.writer, cx);
            return Poll::Pending;
        }
        let written = write_frame(&mut inner.frames, encode);
        let reader = inner.reader.take();
        drop(inner);
        if let Some(reader) = reader {
            reader.wake();
        }
        Poll::Ready(written)
    }

    /// Waits until a push would not have to wait: for room, or for the error that it would give.
    pub fn poll_ready(&self, cx: &mut Context<'_>) -> Poll<Result<()>> {
        let mut inner = self.lock();
        if let Some(error) = inner.refusal() {
            return Poll::Ready(Err(error));
        }
        if inner.frames.len() >= SEND_LIMIT {
            store(&mut inner.writer, cx);
            return Poll::Pending;
        }
        Poll::Ready(Ok(()))
    }

    /// Waits until a push could only fail; ready with its error.
    pub fn poll_refusal(&self, cx: &mut Context<'_>) -> Poll<Error> {
        let mut inner = self.lock();
        if let Some(error) = inner.refusal() {
            return Poll::Ready(error);
        }
        store(&mut inner.watcher, cx);
        Poll::Pending
    }

    /// Says that nothing more will be sent; what waits still leaves.
    pub fn end(&self) {
        let mut inner = self.lock();
        inner.ended = true;
        let reader = inner.reader.take();
        drop(inner);
        if let Some(reader) = reader {
            reader.wake();
        }
    }

    /// Ends the buffer from the connection's side: every later send fails with `code` and `message`, what waits is kept.
    pub fn close(&self, code: Code, message: &'static str) {
        let mut inner = self.lock();
        inner.closed.get_or_insert((code, message));
        inner.ended = true;
        let waiters = [inner.writer.take(), inner.watcher.take()];
        drop(inner);
        waiters.into_iter().flatten().for_each(Waker::wake);
    }

    /// Takes all that waits, or waits for it; `None` when the sender has ended and nothing is left.
    pub fn poll_take(&self, cx: &mut Context<'_>) -> Poll<Option<Bytes>> {
        let mut inner = self.lock();
        if !inner.frames.is_empty() {
            let run = inner.frames.split().freeze();
            let writer = inner.writer.take();
            drop(inner);
            if let Some(writer) = writer {
                writer.wake();
            }
            return Poll::Ready(Some(run));
        }
        if inner.ended {
            return Poll::Ready(None);
        }
        store(&mut inner.reader, cx);
        Poll::Pending
    }

    /// Whether nothing waits to leave.
    pub fn is_empty(&self) -> bool {
        self.lock().frames.is_empty()
    }

    /// Whether the sender has ended and nothing waits.
    pub fn is_finished(&self) -> bool {
        let inner = self.lock();
        inner.ended && inner.frames.is_empty()
    }

    /// Forgets who waits to take, so that sends which happen while the taker itself runs do not wake it.
    pub fn forget_reader(&self) {
        self.lock().reader = None;
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Inner {
    /// The error of a send now; `None` while more may be sent.
    fn refusal(&self) -> Option<Error> {
        if let Some((code, message)) = self.closed {
            return Some(Error::new(code, message));
        }
        let finished = || Error::failed_precondition("this side of the call has finished sending");
        self.ended.then(finished)
    }
}

fn store(slot: &mut Option<Waker>, cx: &Context<'_>) {
    match slot {
        Some(waker) => waker.clone_from(cx.waker()),
        None => *slot = Some(cx.waker().clone()),
    }
}

#[cfg(test)]
mod tests {
    use std::future::poll_fn;
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::task::Wake;

    use bytes::BufMut;

    use super::*;

    /// Counts how often it is woken.
    #[derive(Default)]
    struct Woken(AtomicUsize);

    impl Woken {
        fn count(&self) -> usize {
            self.0.load(Ordering::SeqCst)
        }
    }

    impl Wake for Woken {
        fn wake(self: Arc<Self>) {
            self.0.fetch_add(1, Ordering::SeqCst);
        }
    }

    fn push(buffer: &SendBuffer, length: usize) -> Poll<Result<()>> {
        let mut cx = Context::from_waker(Waker::noop());
        buffer.poll_push(&mut cx, |bytes| {
            bytes.put_bytes(7, length);
            Ok(())
        })
    }

    #[tokio::test]
    async fn many_messages_leave_as_one_run() {
        let buffer = SendBuffer::new();
        for _ in 0..3 {
            assert!(push(&buffer, 10).is_ready());
        }
        let run = poll_fn(|cx| buffer.poll_take(cx)).await.unwrap();
        assert_eq!(run.len(), 45);
    }

    #[tokio::test]
    async fn a_sender_waits_only_while_the_buffer_is_full() {
        let buffer = SendBuffer::new();
        assert!(push(&buffer, SEND_LIMIT).is_ready());
        assert!(push(&buffer, 1).is_pending());
        poll_fn(|cx| buffer.poll_take(cx)).await.unwrap();
        assert!(push(&buffer, 1).is_ready());
    }

    #[tokio::test]
    async fn what_waits_leaves_before_the_end_is_seen() {
        let buffer = SendBuffer::new();
        assert!(push(&buffer, 1).is_ready());
        buffer.end();
        assert!(poll_fn(|cx| buffer.poll_take(cx)).await.is_some());
        assert!(poll_fn(|cx| buffer.poll_take(cx)).await.is_none());
        assert!(matches!(push(&buffer, 1), Poll::Ready(Err(_))));
    }

    #[tokio::test]
    async fn who_waits_for_something_else_hears_of_the_end_and_of_nothing_before() {
        let buffer = SendBuffer::new();
        let woken = Arc::new(Woken::default());
        let waker = Waker::from(woken.clone());
        let watch = || buffer.poll_refusal(&mut Context::from_waker(&waker));
        assert!(watch().is_pending());
        assert!(push(&buffer, 1).is_ready());
        poll_fn(|cx| buffer.poll_take(cx)).await.unwrap();
        assert_eq!(woken.count(), 0);
        buffer.close(Code::Cancelled, "the call has ended");
        assert_eq!(woken.count(), 1);
        assert!(watch().is_ready());
    }

    #[test]
    fn a_closed_buffer_says_why() {
        let buffer = SendBuffer::new();
        buffer.close(Code::Cancelled, "the call has ended");
        let Poll::Ready(Err(error)) = push(&buffer, 1) else {
            panic!("it was taken")
        };
        assert_eq!(
            (error.code(), error.message()),
            (Code::Cancelled, "the call has ended")
        );
    }
}
