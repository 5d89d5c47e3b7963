//! The publisher: the same messages as in `tests/foreign/brokers/peer/publish.go`.

use std::time::Duration;

use rmicro_runtime::broker::Message;
use rmicro_runtime::{Code, Error, Result, Service};
use rmicro_tests::HelloRequest;

use crate::cut;

/// What is waited after each message, unless `PACE` in the environment says other milliseconds.
const PACE: Duration = Duration::from_millis(5);

/// Publishes what is `wanted` as `me`, each form numbered from 0, says which numbers were not confirmed, and leaves at once: what
/// was confirmed is nobody's worry.
pub(crate) async fn run(broker: &str, me: &str, wanted: &[&str]) -> Result<()> {
    let service = Service::builder("shop").broker(broker).build()?;
    let pace = std::env::var("PACE")
        .ok()
        .and_then(|pace| pace.parse().ok());
    let pace = pace.map_or(PACE, Duration::from_millis);
    for want in wanted {
        let (form, rest) = cut(want, ':');
        let (topic, count) = cut(rest, '=');
        let count: u32 = count
            .parse()
            .map_err(|error| Error::invalid_argument(format!("{want}: {error}")))?;
        for n in 0..count {
            let published = one(&service, topic, form, &format!("{me} {form} {n}")).await;
            match published {
                Err(error) if error.code() == Code::Unavailable => {
                    println!("unconfirmed {form} {n}: {error:?}");
                }
                ended => ended?,
            }
            tokio::time::sleep(pace).await;
        }
    }
    println!("published");
    service.broker().disconnect().await
}

/// Publishes one message; `form` is raw or the content type of an event.
async fn one(service: &Service, topic: &str, form: &str, id: &str) -> Result<()> {
    if let Some(body) = raw(form, id) {
        let mut message = Message::new(body);
        if form != "raw-bare" {
            message = message.header("id", id).header("Zoë", "<&>\u{2028}\"");
        }
        return service.broker().publish(topic, message).await;
    }
    let event = HelloRequest { name: name(id) };
    let publish = service
        .publish(topic, &event)
        .metadata("x-request-id", id)
        .metadata("tenant", "Zoe & Sons");
    match form {
        "application/protobuf" => publish.await,
        "application/json" => publish.json().await,
        _ => Err(Error::invalid_argument(format!(
            "an event is published in no form {form:?}"
        ))),
    }
}

/// The body of a raw message.
fn raw(form: &str, id: &str) -> Option<Vec<u8>> {
    match form {
        "raw-text" | "raw-bare" => Some(format!("约翰 {id}").into_bytes()),
        "raw-bytes" => Some((0..=255).chain(id.bytes()).collect()),
        "raw-hollow" => Some(Vec::new()),
        "raw-event" => {
            let name = name(id);
            Some(
                [0x0a, name.len() as u8]
                    .into_iter()
                    .chain(name.bytes())
                    .collect(),
            )
        }
        _ => None,
    }
}

/// What an event says; it is no more than 127 bytes long.
fn name(id: &str) -> String {
    format!("{id} 约翰 Zoë <&>\u{2028}\"\\")
}
