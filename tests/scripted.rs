//! A Greeter whose methods are closures.

use std::fmt;

use rmicro_runtime::call::BoxFuture;
use rmicro_runtime::{Context, Error, Receiver, Result, Sender};

use crate::pb::{GreeterHandler, HelloReply, HelloRequest};

type Requests = Receiver<HelloRequest>;
type Replies = Sender<HelloReply>;
type Method<A, O> = Box<dyn Fn(Context, A) -> BoxFuture<'static, Result<O>> + Send + Sync>;

/// A Greeter that answers what the test wrote; a method that it did not write is UNIMPLEMENTED.
pub struct Scripted {
    hello: Method<HelloRequest, HelloReply>,
    hello_many: Method<Requests, HelloReply>,
    hello_often: Method<(HelloRequest, Replies), ()>,
    chat: Method<(Requests, Replies), ()>,
}

impl Default for Scripted {
    fn default() -> Self {
        Self {
            hello: unwritten(),
            hello_many: unwritten(),
            hello_often: unwritten(),
            chat: unwritten(),
        }
    }
}

impl Scripted {
    /// Writes the unary method.
    pub fn hello<F, R>(mut self, method: F) -> Self
    where
        F: Fn(Context, HelloRequest) -> R + Send + Sync + 'static,
        R: Future<Output = Result<HelloReply>> + Send + 'static,
    {
        self.hello = Box::new(move |ctx, request| Box::pin(method(ctx, request)));
        self
    }

    /// Writes the client streaming method.
    pub fn hello_many<F, R>(mut self, method: F) -> Self
    where
        F: Fn(Context, Requests) -> R + Send + Sync + 'static,
        R: Future<Output = Result<HelloReply>> + Send + 'static,
    {
        self.hello_many = Box::new(move |ctx, requests| Box::pin(method(ctx, requests)));
        self
    }

    /// Writes the server streaming method.
    pub fn hello_often<F, R>(mut self, method: F) -> Self
    where
        F: Fn(Context, HelloRequest, Replies) -> R + Send + Sync + 'static,
        R: Future<Output = Result<()>> + Send + 'static,
    {
        self.hello_often =
            Box::new(move |ctx, (request, replies)| Box::pin(method(ctx, request, replies)));
        self
    }

    /// Writes the bidi streaming method.
    pub fn chat<F, R>(mut self, method: F) -> Self
    where
        F: Fn(Context, Requests, Replies) -> R + Send + Sync + 'static,
        R: Future<Output = Result<()>> + Send + 'static,
    {
        self.chat =
            Box::new(move |ctx, (requests, replies)| Box::pin(method(ctx, requests, replies)));
        self
    }
}

impl GreeterHandler for Scripted {
    async fn hello(&self, ctx: Context, request: HelloRequest) -> Result<HelloReply> {
        (self.hello)(ctx, request).await
    }

    async fn hello_many(&self, ctx: Context, requests: Requests) -> Result<HelloReply> {
        (self.hello_many)(ctx, requests).await
    }

    async fn hello_often(
        &self,
        ctx: Context,
        request: HelloRequest,
        replies: Replies,
    ) -> Result<()> {
        (self.hello_often)(ctx, (request, replies)).await
    }

    async fn chat(&self, ctx: Context, requests: Requests, replies: Replies) -> Result<()> {
        (self.chat)(ctx, (requests, replies)).await
    }
}

impl fmt::Debug for Scripted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Scripted")
    }
}

fn unwritten<A: Send + 'static, O: Send + 'static>() -> Method<A, O> {
    Box::new(|_, _| Box::pin(async { Err(Error::unimplemented("the test did not write this")) }))
}
