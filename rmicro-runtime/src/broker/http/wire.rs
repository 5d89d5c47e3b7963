//! A message as the body of a request.

use bytes::Bytes;

use crate::broker::Message;
use crate::error::{Error, Result};
use crate::json::Envelope;

/// The name in the header under which the topic travels (go-micro `transport/headers`, `Message`).
pub(super) const TOPIC: &str = "Micro-Topic";

/// `message` on its way to `topic`, which its header names.
pub(super) fn to_json(topic: &str, mut message: Message) -> Result<Bytes> {
    message.header.insert(TOPIC, topic);
    let json = Envelope::write(message.header.iter(), &message.body);
    let json = json.map_err(|error| Error::internal("a message has no JSON").source(error))?;
    Ok(json.into())
}

/// The message in `json`.
pub(super) fn from_json(json: &[u8]) -> serde_json::Result<Message> {
    let envelope = Envelope::read(json)?;
    let mut message = Message::new(envelope.body);
    message.header = envelope.header.into_iter().collect();
    Ok(message)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_topic_is_that_to_which_it_is_published() {
        let message = Message::default().header("micro-topic", "elsewhere");
        let json = to_json("here", message).unwrap();
        assert_eq!(json, r#"{"Header":{"Micro-Topic":"here"},"Body":null}"#);
        let message = from_json(&json).unwrap();
        assert_eq!(message.header.get(TOPIC), Some("here"));
    }
}
