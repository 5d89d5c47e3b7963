//! The broker of a fleet that this build does not have.
//!
//! A fleet shares its environment, and many of its services use no broker; so one that is unknown here fails who uses it, and
//! nobody else. It is not replaced by another: who publishes elsewhere than its fleet is lost.

use async_trait::async_trait;

use crate::broker::{Broker, Capabilities, Message, Subscription, Topic};
use crate::error::{Error, Result};

/// Refuses everything and says why.
#[derive(Debug)]
pub(super) struct Absent {
    pub(super) why: String,
}

impl Absent {
    fn error<T>(&self) -> Result<T> {
        Err(Error::failed_precondition(self.why.clone()))
    }
}

#[async_trait]
impl Broker for Absent {
    fn name(&self) -> &'static str {
        "absent"
    }

    fn capabilities(&self) -> Capabilities {
        Capabilities::NONE
    }

    async fn connect(&self) -> Result<()> {
        self.error()
    }

    async fn publish(&self, _topic: &str, _message: Message) -> Result<()> {
        self.error()
    }

    async fn subscribe(&self, _topic: &Topic) -> Result<Subscription> {
        self.error()
    }
}
