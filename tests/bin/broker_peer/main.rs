//! Our publisher and subscriber beside go-micro's, which take the same words: `tests/foreign/brokers/peer`.
//!
//! `broker_peer subscribe BROKER FORM:TOPIC[@QUEUE]…` prints a line of JSON for each message until SIGTERM;
//! `broker_peer publish BROKER NAME FORM:TOPIC=COUNT…` publishes so many messages of each form as NAME.

mod publish;
mod subscribe;

use rmicro_runtime::{Error, Result};

#[tokio::main]
async fn main() -> Result<()> {
    let args: Vec<_> = std::env::args().skip(1).collect();
    let args: Vec<_> = args.iter().map(String::as_str).collect();
    match args[..] {
        ["subscribe", broker, ref wanted @ ..] => subscribe::run(broker, wanted).await,
        ["publish", broker, name, ref wanted @ ..] => publish::run(broker, name, wanted).await,
        _ => Err(Error::invalid_argument(
            "broker_peer subscribe BROKER FORM:TOPIC[@QUEUE]…, or publish BROKER NAME FORM:TOPIC=COUNT…",
        )),
    }
}

/// `text` before and after the first `mark`; all of it and nothing where there is none.
fn cut(text: &str, mark: char) -> (&str, &str) {
    text.split_once(mark).unwrap_or((text, ""))
}
