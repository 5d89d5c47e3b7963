//! The Greeter that takes orders.

use std::future;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use rmicro_runtime::{Context, Receiver, Result, Sender};
use rmicro_tests::pb::{GreeterHandler, HelloReply, HelloRequest};
use rmicro_tests::reply;

use crate::order::{Order, failure};

/// The Greeter that takes orders; it counts the calls that were given up while they waited.
#[derive(Default)]
pub(crate) struct Greeter {
    cancelled: Arc<AtomicUsize>,
}

impl GreeterHandler for Greeter {
    async fn hello(&self, ctx: Context, request: HelloRequest) -> Result<HelloReply> {
        echo(&ctx)?;
        self.answer(&ctx, &request.name).await
    }

    async fn hello_many(
        &self,
        ctx: Context,
        mut requests: Receiver<HelloRequest>,
    ) -> Result<HelloReply> {
        echo(&ctx)?;
        let mut names = Vec::new();
        while let Some(request) = requests.recv().await? {
            match Order::of(&request.name) {
                Order::Done => break,
                Order::Greet => names.push(request.name),
                _ => return self.answer(&ctx, &request.name).await,
            }
        }
        Ok(greet(&names.join(" and ")))
    }

    async fn hello_often(
        &self,
        ctx: Context,
        request: HelloRequest,
        mut replies: Sender<HelloReply>,
    ) -> Result<()> {
        echo(&ctx)?;
        // An order comes after one greeting, so that it strikes a stream under way.
        if !matches!(Order::of(&request.name), Order::Greet) {
            replies.send(greet("first")).await?;
            return replies.send(self.answer(&ctx, &request.name).await?).await;
        }
        for _ in 0..3 {
            replies.send(greet(&request.name)).await?;
        }
        Ok(())
    }

    async fn chat(
        &self,
        ctx: Context,
        mut requests: Receiver<HelloRequest>,
        mut replies: Sender<HelloReply>,
    ) -> Result<()> {
        echo(&ctx)?;
        while let Some(request) = requests.recv().await? {
            replies
                .send(self.answer(&ctx, &request.name).await?)
                .await?;
        }
        Ok(())
    }
}

impl Greeter {
    async fn answer(&self, ctx: &Context, name: &str) -> Result<HelloReply> {
        match Order::of(name) {
            Order::Fail(code, text) => Err(failure(code, text)),
            Order::Sleep(time) => {
                tokio::time::sleep(time).await;
                Ok(greet(name))
            }
            Order::Wait => {
                let _waiting = Waiting(self.cancelled.clone());
                future::pending().await
            }
            Order::Cancelled => Ok(reply(self.cancelled.load(Ordering::SeqCst).to_string())),
            Order::Deadline => Ok(reply(match ctx.time_left() {
                Some(left) => left.as_millis().to_string(),
                None => "none".to_owned(),
            })),
            Order::Metadata(key) => {
                let values: Vec<&str> = ctx.metadata().get_all(key).collect();
                Ok(reply(values.join(", ")))
            }
            Order::Size(bytes) => Ok(reply("x".repeat(bytes))),
            Order::Done | Order::Greet => Ok(greet(name)),
        }
    }
}

/// A call that waits for its end, which is counted.
struct Waiting(Arc<AtomicUsize>);

impl Drop for Waiting {
    fn drop(&mut self) {
        self.0.fetch_add(1, Ordering::SeqCst);
    }
}

fn greet(name: &str) -> HelloReply {
    reply(format!("Hello, {name}!"))
}

/// Sends `x-echo` and `x-echo-bin` back in front of the replies, `x-trail` and `x-trail-bin` after them.
fn echo(ctx: &Context) -> Result<()> {
    let sent = ctx.metadata();
    for value in sent.get_all("x-echo") {
        ctx.reply_metadata().append("x-echo", value)?;
    }
    for value in sent.get_all_bin("x-echo-bin") {
        ctx.reply_metadata().append_bin("x-echo-bin", value)?;
    }
    for value in sent.get_all("x-trail") {
        ctx.trailers().append("x-trail", value)?;
    }
    for value in sent.get_all_bin("x-trail-bin") {
        ctx.trailers().append_bin("x-trail-bin", value)?;
    }
    Ok(())
}
