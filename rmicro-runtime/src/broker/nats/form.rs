//! A message as it is on the wire: go-micro's JSON, which [`Envelope`] reads and writes.

use bytes::Bytes;

use crate::broker::Message;
use crate::error::{Error, Result};
use crate::json::Envelope;

/// Writes `message`.
pub(super) fn encode(message: &Message) -> Result<Bytes> {
    let json = Envelope::write(message.header.iter(), &message.body);
    let json = json.map_err(|error| Error::internal("the message is no JSON").source(error))?;
    Ok(json.into())
}

/// Reads what [`encode`] or a go-micro node wrote; an error says what is wrong with it.
pub(super) fn decode(payload: &[u8]) -> Result<Message> {
    let envelope = Envelope::read(payload)
        .map_err(|error| Error::invalid_argument("it is no go-micro message").source(error))?;
    let mut message = Message::new(envelope.body);
    message.header = envelope.header.into_iter().collect();
    Ok(message)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What go-micro's NATS broker puts on the wire, from `json.Marshal(broker.Message{…})`.
    const GOLDEN: &str = r#"{"Header":{"Content-Type":"application/json","Micro-Topic":"topic1","id":"7"},"Body":"eyJuYW1lIjoiSm9obiJ9"}"#;

    #[test]
    fn it_is_written_as_go_writes_it() {
        let message = Message::new(r#"{"name":"John"}"#)
            .header("id", "7")
            .header("Micro-Topic", "topic1")
            .header("Content-Type", "application/json");
        assert_eq!(encode(&message).unwrap(), GOLDEN);
        assert_eq!(decode(GOLDEN.as_bytes()).unwrap(), message);
    }

    #[test]
    fn any_text_and_any_bytes_come_back() {
        let bytes: Vec<u8> = (0..=255).collect();
        let message = Message::new(bytes)
            .header("\"quoted\" <&>\u{2028}\n", "naïve ∞ \\ \0")
            .header("", "");
        assert_eq!(decode(&encode(&message).unwrap()).unwrap(), message);
        let nothing = Message::default();
        assert_eq!(decode(&encode(&nothing).unwrap()).unwrap(), nothing);
    }

    #[test]
    fn what_is_no_message_is_told() {
        for text in ["", "hello", "7", r#"{"Header":7}"#, r#"{"Body":"~"}"#] {
            let error = decode(text.as_bytes()).unwrap_err();
            assert_eq!(error.message(), "it is no go-micro message", "{text}");
        }
    }
}
