//! How each kind of call starts.

use crate::call::{BoxFuture, SendBuffer};
use crate::client::outgoing::Outgoing;
use crate::error::Result;
use crate::rpc::{BidiStream, ClientStream, Receiver, Sender};
use crate::transport::Body;

type Started<T> = BoxFuture<'static, Result<T>>;

pub(in crate::client) fn unary<O>(mut outgoing: Outgoing) -> Started<O>
where
    O: prost::Message + Default + 'static,
{
    Box::pin(async move { outgoing.ask().await.map(|reply| reply.message) })
}

pub(in crate::client) fn server_streaming<O>(mut outgoing: Outgoing) -> Started<Receiver<O>>
where
    O: prost::Message + Default + 'static,
{
    Box::pin(async move {
        let coding = outgoing.codings().reply.clone();
        let (frames, caller) = outgoing.open(None).await?;
        Ok(Receiver::new(frames, coding, Some(caller)))
    })
}

pub(in crate::client) fn client_streaming<I, O>(outgoing: Outgoing) -> Started<ClientStream<I, O>>
where
    I: prost::Message + Default + 'static,
    O: prost::Message + Default + 'static,
{
    Box::pin(async move {
        let (sender, receiver) = open_both(outgoing).await?;
        Ok(ClientStream::new(sender, receiver))
    })
}

pub(in crate::client) fn bidi_streaming<I, O>(outgoing: Outgoing) -> Started<BidiStream<I, O>>
where
    I: prost::Message + Default + 'static,
    O: prost::Message + Default + 'static,
{
    Box::pin(async move {
        let (sender, receiver) = open_both(outgoing).await?;
        Ok(BidiStream::new(sender, receiver))
    })
}

async fn open_both<I, O>(mut outgoing: Outgoing) -> Result<(Sender<I>, Receiver<O>)>
where
    I: prost::Message + Default + 'static,
    O: prost::Message + Default + 'static,
{
    let (codings, buffer) = (outgoing.codings().clone(), SendBuffer::new());
    let (frames, caller) = outgoing.open(Some(Body::Stream(buffer.clone()))).await?;
    Ok((
        Sender::of_caller(buffer, codings.request, caller.clone()),
        Receiver::new(frames, codings.reply, Some(caller)),
    ))
}
