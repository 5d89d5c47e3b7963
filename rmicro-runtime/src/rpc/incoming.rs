//! A call on its way into a handler: what the generated `match` works with.

use std::sync::Arc;

use crate::call::{BoxFuture, CallState, FrameStream, OneFrame, Request, SendBuffer, ServerCall};
use crate::context::Context;
use crate::error::{Error, Result};
use crate::rpc::{Coding, Codings, Receiver, Sender, decode_only};

/// A call that has not reached its handler.
#[derive(Debug)]
pub struct Incoming {
    call: ServerCall,
    codings: Codings,
}

impl Incoming {
    pub(crate) fn new(call: ServerCall, codings: Codings) -> Self {
        Self { call, codings }
    }

    /// The name of the method in the proto.
    pub fn method(&self) -> &str {
        &self.call.state.head().endpoint
    }

    /// Serves the call with a method that takes one message and gives one.
    pub fn unary<'a, H, I, O, F, R>(self, handler: &'a H, method: F) -> BoxFuture<'a, Result<()>>
    where
        H: Sync,
        I: prost::Message + Default + 'static,
        O: prost::Message + Default + 'static,
        F: FnOnce(&'a H, Context, I) -> R + Send + 'a,
        R: Future<Output = Result<O>> + Send + 'a,
    {
        let (Self { call, codings }, state) = self.with_state();
        Box::pin(async move {
            let request = only(&codings.request, call.request).await?;
            let mut reply = method(handler, Context::new(state.clone()), request).await?;
            state.set_message(codings.reply.run(&mut reply)?);
            Ok(())
        })
    }

    /// Serves the call with a method that takes many messages and gives one.
    pub fn client_streaming<'a, H, I, O, F, R>(
        self,
        handler: &'a H,
        method: F,
    ) -> BoxFuture<'a, Result<()>>
    where
        H: Sync,
        I: prost::Message + Default + 'static,
        O: prost::Message + Default + 'static,
        F: FnOnce(&'a H, Context, Receiver<I>) -> R + Send + 'a,
        R: Future<Output = Result<O>> + Send + 'a,
    {
        let (Self { call, codings }, state) = self.with_state();
        Box::pin(async move {
            let requests = Receiver::new(many(call.request), codings.request, None);
            let mut reply = method(handler, Context::new(state.clone()), requests).await?;
            state.set_message(codings.reply.run(&mut reply)?);
            Ok(())
        })
    }

    /// Serves the call with a method that takes one message and gives many.
    pub fn server_streaming<'a, H, I, O, F, R>(
        self,
        handler: &'a H,
        method: F,
    ) -> BoxFuture<'a, Result<()>>
    where
        H: Sync,
        I: prost::Message + Default + 'static,
        O: prost::Message + Default + 'static,
        F: FnOnce(&'a H, Context, I, Sender<O>) -> R + Send + 'a,
        R: Future<Output = Result<()>> + Send + 'a,
    {
        let (Self { call, codings }, state) = self.with_state();
        Box::pin(async move {
            let replies = Sender::of_handler(buffer(call.replies)?, codings.reply);
            let request = only(&codings.request, call.request).await?;
            method(handler, Context::new(state), request, replies).await
        })
    }

    /// Serves the call with a method that takes many messages and gives many.
    pub fn bidi_streaming<'a, H, I, O, F, R>(
        self,
        handler: &'a H,
        method: F,
    ) -> BoxFuture<'a, Result<()>>
    where
        H: Sync,
        I: prost::Message + Default + 'static,
        O: prost::Message + Default + 'static,
        F: FnOnce(&'a H, Context, Receiver<I>, Sender<O>) -> R + Send + 'a,
        R: Future<Output = Result<()>> + Send + 'a,
    {
        let (Self { call, codings }, state) = self.with_state();
        Box::pin(async move {
            let replies = Sender::of_handler(buffer(call.replies)?, codings.reply);
            let requests = Receiver::new(many(call.request), codings.request, None);
            method(handler, Context::new(state), requests, replies).await
        })
    }

    /// Answers that the method is not served here.
    pub fn unimplemented<'a>(self) -> BoxFuture<'a, Result<()>> {
        let head = self.call.state.head();
        let error = Error::unimplemented(format!(
            "unknown method {} of service {}",
            head.endpoint, head.service
        ));
        Box::pin(std::future::ready(Err(error)))
    }

    fn with_state(self) -> (Self, Arc<CallState>) {
        let state = self.call.state.clone();
        (self, state)
    }
}

async fn only<I: prost::Message + Default + 'static>(
    coding: &Coding,
    request: Request,
) -> Result<I> {
    match request {
        Request::One(message) => coding.decode(message),
        Request::Stream(mut frames) => decode_only(coding, &mut *frames).await,
    }
}

fn many(request: Request) -> Box<dyn FrameStream> {
    match request {
        Request::One(message) => Box::new(OneFrame::new(message)),
        Request::Stream(frames) => frames,
    }
}

fn buffer(replies: Option<SendBuffer>) -> Result<SendBuffer> {
    replies.ok_or_else(|| Error::internal("the transport gave no buffer for the replies"))
}
