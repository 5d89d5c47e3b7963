//! Typed events over any broker: publishers, handlers, and what runs the handlers.
//!
//! Invariant: it never learns which broker runs. A delivery ends once, by what its handler gave: a panic, an error and a deadline
//! are failed attempts of one delivery and never the end of a subscription.

mod body;
mod envelope;
mod event;
mod publish;
mod publisher;
mod running;
mod settling;
mod subscriber;
mod worker;

pub use event::Event;
pub use publish::Publish;
pub use publisher::Publisher;
pub use subscriber::Subscriber;

pub(crate) use running::Subscribed;
pub(crate) use subscriber::Subscribers;
