//! The subscriber: it takes events by handlers of a service, and raw messages from the service's broker.

use std::io::Write as _;

use rmicro_runtime::broker::{Delivery, Subscription, Topic};
use rmicro_runtime::{Context, Error, Result, Service};
use rmicro_tests::HelloRequest;
use serde_json::{Value, json};
use tokio::sync::watch;
use tokio::task::JoinSet;

use crate::cut;

/// Prints a line for each message of what is `wanted`, until SIGTERM.
pub(crate) async fn run(broker: &str, wanted: &[&str]) -> Result<()> {
    let (leaving, left) = watch::channel(false);
    let service = Service::builder("audit")
        .broker(broker)
        .address("127.0.0.1:0")
        .after_start(|| async {
            say("subscribed");
            Ok(())
        })
        .before_stop(move || {
            leaving.send_replace(true);
            std::future::ready(Ok(()))
        })
        .build()?;
    let mut raw = JoinSet::new();
    for want in wanted {
        let (form, rest) = cut(want, ':');
        let topic = topic(rest);
        if form == "event" {
            service.subscribe(topic, took)?.json();
        } else {
            let subscription = service.broker().subscribe(&topic).await?;
            raw.spawn(take_raw(topic, subscription, left.clone()));
        }
    }
    service.run().await?;
    while let Some(ended) = raw.join_next().await {
        ended.map_err(|error| Error::internal(error.to_string()))??;
    }
    Ok(())
}

/// The topic of `NAME[@QUEUE]`.
fn topic(text: &str) -> Topic {
    let (name, queue) = cut(text, '@');
    let topic = Topic::new(name);
    if queue.is_empty() {
        topic
    } else {
        topic.queue(queue)
    }
}

/// The handler of events; one whose name begins with `fail` is an error each time.
async fn took(ctx: Context, event: HelloRequest) -> Result<()> {
    let header = object(ctx.metadata().iter());
    let topic = ctx.topic().unwrap_or_default();
    tell(json!({"event": topic, "header": header, "name": event.name}));
    if event.name.starts_with("fail") {
        return Err(Error::internal("as wished"));
    }
    Ok(())
}

/// Tells each message of `subscription` until the service leaves, and then what was delivered before.
async fn take_raw(
    topic: Topic,
    mut subscription: Subscription,
    mut left: watch::Receiver<bool>,
) -> Result<()> {
    loop {
        let next = tokio::select! {
            biased;
            _ = left.wait_for(|left| *left) => break,
            next = subscription.next() => next?,
        };
        let Some(delivery) = next else { return Ok(()) };
        tell_raw(&topic, delivery).await?;
    }
    subscription.unsubscribe().await?;
    while let Some(delivery) = subscription.next().await? {
        tell_raw(&topic, delivery).await?;
    }
    Ok(())
}

/// Tells a raw message, its body in hexadecimal.
async fn tell_raw(topic: &Topic, delivery: Delivery) -> Result<()> {
    let message = delivery.message();
    let body: String = message
        .body
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect();
    let (of, came_by) = (&**topic.name(), &**delivery.topic());
    tell(
        json!({"raw": of, "topic": came_by, "header": object(message.header.iter()), "body": body}),
    );
    delivery.ack().await
}

/// A header as JSON.
fn object<'a>(header: impl Iterator<Item = (&'a str, &'a str)>) -> Value {
    let names = header.map(|(name, value)| (name.to_owned(), Value::from(value)));
    Value::Object(names.collect())
}

/// One line of JSON.
fn tell(what: Value) {
    say(&what.to_string());
}

/// One line, at once; whoever reads it may have gone.
fn say(line: &str) {
    let mut out = std::io::stdout().lock();
    let _ = writeln!(out, "{line}");
    let _ = out.flush();
}
