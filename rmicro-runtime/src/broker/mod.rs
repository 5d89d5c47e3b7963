//! How messages reach whoever has subscribed to their topic.
//!
//! Invariant: a message that was confirmed is delivered by the rules of its subscriptions or told as lost by a value: what a
//! backend cannot promise it says in its [`Capabilities`]. Deliberately absent: a global broker; whoever publishes holds one.
//!
//! # The rules
//!
//! - **Who gets a message.** Every subscription of the topic without a [queue](Topic::queue), and of those with one queue exactly
//!   one, in this process or another, spread evenly. A message that nobody has subscribed to is gone, unless the broker
//!   [retains](Capabilities::retains) it; publishing it is no error.
//! - **When it is done.** A [`Delivery`] is in flight until it is [acknowledged](Delivery::ack), [given back](Delivery::requeue) or
//!   [rejected](Delivery::reject); with [`Ack::OnDelivery`] it is done when it is delivered. A subscription has
//!   [so many](Topic::in_flight) in flight at most.
//! - **What is given back comes again**, to any subscription of the queue, with a higher [attempt](Delivery::attempt), where the
//!   broker [can](Capabilities::requeue). So does what was in flight at a subscription that was dropped or whose process died, where
//!   the broker delivers [at least once](Capabilities::at_least_once).
//! - **In which order.** As [`Ordered`] says; what was given back comes later than it would have.
//! - **An outage.** A subscription comes back by itself and the log says so, once when the broker is lost and once when it is back.
//!   Publishing waits for the broker until the caller gives up, or fails and says why.

#[cfg(any(feature = "http", feature = "nats", feature = "redis"))]
mod address;
mod capabilities;
mod delivery;
mod header;
#[cfg(feature = "http")]
mod http;
mod memory;
mod message;
#[cfg(feature = "nats")]
mod nats;
#[cfg(feature = "redis")]
mod redis;
pub(crate) mod secrets;
mod subscription;
mod topic;

use std::fmt;

use async_trait::async_trait;

#[cfg(all(fuzzing, feature = "http"))]
#[doc(hidden)]
pub use self::http::fuzzed;
#[cfg(feature = "http")]
pub use self::http::{Http, HttpConfig};
#[cfg(feature = "redis")]
pub use self::redis::{Redis, RedisConfig};
pub use capabilities::{Capabilities, Ordered};
pub use delivery::{Delivery, Settle, Settled, Verdict};
pub use header::Header;
pub use memory::Memory;
pub use message::{KEY, Message};
#[cfg(feature = "nats")]
pub use nats::{Nats, NatsConfig};
pub use subscription::{Source, Subscription};
pub use topic::{Ack, Start, Topic};

use crate::error::Result;

/// Carries messages from publishers to subscribers.
///
/// Making one reaches nobody: a broker connects, and listens where it has to, when it is first used.
///
/// ```
/// use rmicro_runtime::broker::{Broker, Memory, Message, Topic};
///
/// # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
/// let broker = Memory::new();
/// let mut greetings = broker.subscribe(&Topic::new("greetings").queue("audit")).await?;
/// broker.publish("greetings", Message::new("hello").header("id", "7")).await?;
///
/// let delivery = greetings.next().await?.expect("nobody unsubscribed");
/// assert_eq!(delivery.message().body, "hello");
/// assert_eq!(delivery.message().header.get("id"), Some("7"));
/// delivery.ack().await?;
/// # Ok::<(), rmicro_runtime::Error>(()) }).unwrap();
/// ```
#[async_trait]
pub trait Broker: fmt::Debug + Send + Sync + 'static {
    /// The name in log lines, errors and a node's metadata, for example `memory`.
    fn name(&self) -> &'static str;

    /// What this broker can do; it does not change.
    fn capabilities(&self) -> Capabilities;

    /// Where the broker is, for log lines; `None` where that has no address, or none yet.
    fn address(&self) -> Option<String> {
        None
    }

    /// Why publishing to `topic` has to wait now, for the error of whoever stops waiting: what is away or does not answer, where that
    /// is, and the last reason, in one line and without a password. `None` where nothing is known of it.
    fn outage(&self, topic: &str) -> Option<String> {
        let _ = topic;
        None
    }

    /// Reaches the broker now instead of at the first use, so that an error shows early.
    async fn connect(&self) -> Result<()> {
        Ok(())
    }

    /// Lets go of the connection when what was published has left; subscriptions of this value end, and so do those of its clones,
    /// which share the connection. It may be used again, which connects anew.
    ///
    /// A service does this at its end only to a broker that it has made itself, of a URL: one that was given to it as a value may be
    /// somebody else's, too, and is let go when the last clone is dropped, or by whoever calls this.
    async fn disconnect(&self) -> Result<()> {
        Ok(())
    }

    /// Gives `message` to whoever has subscribed to `topic`.
    ///
    /// It returns when the broker has [confirmed](Capabilities::confirms) it, and waits while the broker is away or has no room; a
    /// broker that does not wait is an error with [`Code::Unavailable`](crate::Code::Unavailable). An empty topic, and one that the
    /// broker cannot take, is [`Code::InvalidArgument`](crate::Code::InvalidArgument). Dropping the future while it waits publishes
    /// the message to all of its subscribers or to none.
    ///
    /// Messages that one task publishes one after the other reach a subscription in that order, where the broker is
    /// [ordered](Capabilities::ordered).
    async fn publish(&self, topic: &str, message: Message) -> Result<()>;

    /// Subscribes; what is published once this has returned is delivered.
    ///
    /// What `topic` asks for and the broker cannot do is [`Code::Unimplemented`](crate::Code::Unimplemented), and says so; an empty
    /// name is [`Code::InvalidArgument`](crate::Code::InvalidArgument). The bounds of `topic` that concern handlers are no business
    /// of a broker.
    async fn subscribe(&self, topic: &Topic) -> Result<Subscription>;
}
