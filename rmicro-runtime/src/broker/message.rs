//! What is published.

use bytes::Bytes;

use super::header::Header;

/// The name in the header under which the [key](Message::key) of a message travels, where a broker has no place of its own for it.
pub const KEY: &str = "Micro-Key";

/// A message: a header and a body; a cheap clone (go-micro `broker/broker.go`, `Message`).
///
/// ```
/// use rmicro_runtime::broker::Message;
///
/// let message = Message::new("paid").header("id", "7").keyed("order-12");
/// assert_eq!(message.key(), Some("order-12"));
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Message {
    /// What travels beside the body.
    pub header: Header,
    /// The body, which no broker looks into.
    pub body: Bytes,
}

impl Message {
    /// A message without header.
    pub fn new(body: impl Into<Bytes>) -> Self {
        Self {
            header: Header::new(),
            body: body.into(),
        }
    }

    /// Sets `name` in the header to `value`.
    #[must_use]
    pub fn header(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.header.insert(name, value);
        self
    }

    /// Says what the message is about: messages with one key are handled in the order in which they were published, where the
    /// broker [can](super::Ordered::Key).
    #[must_use]
    pub fn keyed(self, key: impl Into<String>) -> Self {
        self.header(KEY, key)
    }

    /// What the message is about; `None` where nobody said it.
    pub fn key(&self) -> Option<&str> {
        self.header.get(KEY)
    }
}
