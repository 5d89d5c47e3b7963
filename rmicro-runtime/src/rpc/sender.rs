//! The sending half of a stream.

use std::future::poll_fn;
use std::marker::PhantomData;
use std::pin::{Pin, pin};
use std::task::{Context, Poll, ready};

use futures_core::Stream;

use crate::call::SendBuffer;
use crate::error::Result;
use crate::rpc::{Caller, Coding};
use crate::seam::Clock;

/// Sends messages to the other side of a stream.
///
/// A handler's replies leave when the handler next waits; the end of the handler is the end of the stream. A client's sender ends
/// the client's side when it is dropped.
#[derive(Debug)]
pub struct Sender<T> {
    buffer: SendBuffer,
    coding: Coding,
    /// `None` in a handler.
    caller: Option<Caller>,
    messages: PhantomData<fn(T)>,
}

impl<T: prost::Message + Default + 'static> Sender<T> {
    /// The sender of a handler.
    pub(crate) fn of_handler(buffer: SendBuffer, coding: Coding) -> Self {
        Self {
            buffer,
            coding,
            caller: None,
            messages: PhantomData,
        }
    }

    /// The sender of a caller, who sends nothing after its deadline.
    pub(crate) fn of_caller(buffer: SendBuffer, coding: Coding, caller: Caller) -> Self {
        Self {
            buffer,
            coding,
            caller: Some(caller),
            messages: PhantomData,
        }
    }

    /// Sends `message`; waits only while 32 KiB or more are waiting to leave.
    ///
    /// Cancel safe: dropping the future before it is ready sends nothing. After the call has ended a handler's send is
    /// [`Code::Cancelled`](crate::Code::Cancelled), and a client's send is an error that points to `recv`, which has the status;
    /// after the deadline that is [`Code::DeadlineExceeded`](crate::Code::DeadlineExceeded).
    pub async fn send(&mut self, mut message: T) -> Result<()> {
        self.until_deadline(poll_fn(|cx| self.poll_send(cx, &mut message)))
            .await
    }

    /// Sends every message of `messages`, a stream of messages or of results of them such as a [`Receiver`](crate::Receiver).
    ///
    /// It ends with the stream, which does not end this side of the call; with the first `Err` of the stream, which it gives;
    /// and with the call, as [`send`](Self::send) does, even while the stream has nothing to give. What was sent before stays
    /// sent.
    ///
    /// Back-pressure reaches the stream: it is asked for a message only while there is room for one. So this is cancel safe:
    /// dropping the future loses no message, and a stream that was passed by `&mut` can be sent on.
    ///
    /// ```
    /// # use rmicro_runtime::{Receiver, Result, Sender};
    /// # async fn example<M: prost::Message + Default + 'static>(requests: Receiver<M>, mut replies: Sender<M>) -> Result<()> {
    /// replies.send_all(requests).await // an echo
    /// # }
    /// ```
    pub async fn send_all<S>(&mut self, messages: S) -> Result<()>
    where
        S: Stream<Item: IntoMessage<T>>,
    {
        let mut messages = pin!(messages);
        self.until_deadline(poll_fn(|cx| self.poll_send_all(cx, messages.as_mut())))
            .await
    }

    fn poll_send(&self, cx: &mut Context<'_>, message: &mut T) -> Poll<Result<()>> {
        if let Some(caller) = self.caller.as_ref().filter(|caller| caller.is_late()) {
            return Poll::Ready(Err(caller.called.late_send()));
        }
        self.buffer
            .poll_push(cx, |bytes| self.coding.encode(message, bytes))
    }

    fn poll_send_all<S>(&self, cx: &mut Context<'_>, mut messages: Pin<&mut S>) -> Poll<Result<()>>
    where
        S: Stream<Item: IntoMessage<T>>,
    {
        loop {
            ready!(self.buffer.poll_ready(cx))?;
            let Poll::Ready(next) = messages.as_mut().poll_next(cx) else {
                return self.buffer.poll_refusal(cx).map(Err);
            };
            let Some(message) = next else {
                return Poll::Ready(Ok(()));
            };
            // There is room, and nobody else sends: this does not wait.
            let mut message = sealed::Sealed::into_message(message)?;
            ready!(self.poll_send(cx, &mut message))?;
        }
    }

    async fn until_deadline(&self, sent: impl Future<Output = Result<()>>) -> Result<()> {
        let caller = self.caller.as_ref();
        let Some((deadline, caller)) = caller.and_then(|caller| caller.deadline.zip(Some(caller)))
        else {
            return sent.await;
        };
        let sent = Clock::default().until(deadline, sent).await;
        sent.unwrap_or_else(|| Err(caller.called.late_send()))
    }
}

impl<T> Sender<T> {
    /// Says that nothing more will be sent, and keeps the other direction open.
    pub fn close(&mut self) {
        self.buffer.end();
    }
}

impl<T> Drop for Sender<T> {
    fn drop(&mut self) {
        if self.caller.is_some() {
            self.buffer.end();
        }
    }
}

/// What [`Sender::send_all`] sends: a message, or a result of one.
pub trait IntoMessage<T>: sealed::Sealed<T> {}

impl<T, I: sealed::Sealed<T>> IntoMessage<T> for I {}

mod sealed {
    use crate::error::Result;

    pub trait Sealed<T> {
        /// The message to send, or why no more is sent.
        fn into_message(self) -> Result<T>;
    }

    impl<T: prost::Message> Sealed<T> for T {
        fn into_message(self) -> Result<T> {
            Ok(self)
        }
    }

    impl<T> Sealed<T> for Result<T> {
        fn into_message(self) -> Self {
            self
        }
    }
}
