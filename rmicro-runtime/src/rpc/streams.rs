//! What a caller holds of a call that streams to the server.

use futures_core::Stream;

use crate::error::Result;
use crate::metadata::Metadata;
use crate::rpc::{IntoMessage, Receiver, Reply, Sender};

/// A client streaming call: many messages out, one back.
///
/// ```no_run
/// # use rmicro_runtime::{ClientStream, Result};
/// # async fn example<M: prost::Message + Default + 'static>(mut call: ClientStream<M, M>, ada: M) -> Result<()> {
/// call.send(ada).await?;
/// let reply = call.finish().await?; // consumes the call, so it cannot be forgotten open
/// # Ok(()) }
/// ```
#[derive(Debug)]
pub struct ClientStream<I, O> {
    sender: Sender<I>,
    receiver: Receiver<O>,
}

impl<I, O> ClientStream<I, O>
where
    I: prost::Message + Default + 'static,
    O: prost::Message + Default + 'static,
{
    pub(crate) fn new(sender: Sender<I>, receiver: Receiver<O>) -> Self {
        Self { sender, receiver }
    }

    /// Sends one message; see [`Sender::send`].
    pub async fn send(&mut self, message: I) -> Result<()> {
        self.sender.send(message).await
    }

    /// Sends every message of `messages`; see [`Sender::send_all`].
    pub async fn send_all<S>(&mut self, messages: S) -> Result<()>
    where
        S: Stream<Item: IntoMessage<I>>,
    {
        self.sender.send_all(messages).await
    }

    /// Ends this side and waits for the reply; a server that has answered before all was sent is no error.
    pub async fn finish(self) -> Result<O> {
        self.reply().await.map(|reply| reply.message)
    }

    /// Ends this side and waits for the reply with its metadata and trailers.
    pub async fn reply(self) -> Result<Reply<O>> {
        let Self {
            mut sender,
            mut receiver,
        } = self;
        sender.close();
        let message = receiver.recv().await?;
        let message = message
            .ok_or_else(|| receiver.broken("the server ended the call without its reply"))?;
        if receiver.recv().await?.is_some() {
            return Err(receiver.broken("the server sent a second reply where the method has one"));
        }
        let metadata = std::mem::take(receiver.metadata_mut());
        let trailers = std::mem::take(receiver.trailers_mut());
        Ok(Reply::new(message, metadata, trailers))
    }

    /// The server's metadata; waits for it.
    pub async fn metadata(&mut self) -> Result<&Metadata> {
        self.receiver.metadata().await
    }
}

/// A bidi streaming call: many messages each way, in any order.
///
/// ```no_run
/// # use rmicro_runtime::{BidiStream, Result};
/// # async fn example<M: prost::Message + Default + 'static>(mut chat: BidiStream<M, M>, ada: M) -> Result<()> {
/// chat.send(ada).await?;
/// let reply = chat.recv().await?;
/// chat.close_send();
/// while let Some(reply) = chat.recv().await? { /* what is still to come */ }
/// # Ok(()) }
/// ```
#[derive(Debug)]
pub struct BidiStream<I, O> {
    sender: Sender<I>,
    receiver: Receiver<O>,
}

impl<I, O> BidiStream<I, O>
where
    I: prost::Message + Default + 'static,
    O: prost::Message + Default + 'static,
{
    pub(crate) fn new(sender: Sender<I>, receiver: Receiver<O>) -> Self {
        Self { sender, receiver }
    }

    /// Sends one message; see [`Sender::send`].
    pub async fn send(&mut self, message: I) -> Result<()> {
        self.sender.send(message).await
    }

    /// Sends every message of `messages`; see [`Sender::send_all`]. Nobody receives meanwhile: where the peer answers more than
    /// its windows hold before it has heard all, [`split`](Self::split) the chat.
    pub async fn send_all<S>(&mut self, messages: S) -> Result<()>
    where
        S: Stream<Item: IntoMessage<I>>,
    {
        self.sender.send_all(messages).await
    }

    /// The next reply; see [`Receiver::recv`].
    pub async fn recv(&mut self) -> Result<Option<O>> {
        self.receiver.recv().await
    }

    /// The server's metadata; waits for it.
    pub async fn metadata(&mut self) -> Result<&Metadata> {
        self.receiver.metadata().await
    }

    /// The trailers, once the last reply was received; empty before.
    pub fn trailers(&mut self) -> &Metadata {
        self.receiver.trailers()
    }

    /// Says that nothing more will be sent; replies may still come.
    pub fn close_send(&mut self) {
        self.sender.close();
    }

    /// The two halves, for two tasks; dropping the sender ends this side, dropping the receiver cancels the call.
    pub fn split(self) -> (Sender<I>, Receiver<O>) {
        (self.sender, self.receiver)
    }
}
