//! What a broker can do, as values that code can ask.

/// What a broker can do; all that it does not name it cannot.
///
/// ```
/// use rmicro_runtime::broker::{Broker, Memory};
///
/// if !Memory::new().capabilities().durable {
///     println!("what is published to nobody is gone");
/// }
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
#[non_exhaustive]
pub struct Capabilities {
    /// Publishing ends when the broker answers for the message, and not when it was merely sent.
    pub confirms: bool,
    /// What was in flight at a subscription that ended comes to another one of its queue.
    pub at_least_once: bool,
    /// [`Delivery::requeue`](super::Delivery::requeue) brings a message back.
    pub requeue: bool,
    /// [`Delivery::attempt`](super::Delivery::attempt) counts; without it every attempt is the first.
    pub redelivery_count: bool,
    /// [`Topic::in_flight`](super::Topic::in_flight) binds the broker; without it that bounds only what waits in this process.
    pub bounded_in_flight: bool,
    /// Messages outlive the broker's own restart, and a queue's outlive its subscribers.
    pub durable: bool,
    /// [`Start::Earliest`](super::Start::Earliest) brings what was published before.
    pub retains: bool,
    /// In which order messages come.
    pub ordered: Ordered,
}

impl Capabilities {
    /// Nothing at all: messages come at most once, in any order.
    ///
    /// ```
    /// use rmicro_runtime::broker::Capabilities;
    ///
    /// const MINE: Capabilities = {
    ///     let mut can = Capabilities::NONE;
    ///     can.confirms = true;
    ///     can
    /// };
    /// ```
    pub const NONE: Self = Self {
        confirms: false,
        at_least_once: false,
        requeue: false,
        redelivery_count: false,
        bounded_in_flight: false,
        durable: false,
        retains: false,
        ordered: Ordered::Never,
    };
}

/// The order in which the messages of one publisher are delivered, as long as none is given back; each word includes those before
/// it.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
#[non_exhaustive]
pub enum Ordered {
    /// No order is promised.
    #[default]
    Never,
    /// A subscription gets the messages that it gets in the order in which they were published.
    Subscription,
    /// Of the messages with one [key](super::Message::key) a subscription or queue has one in flight at a time, so that they are
    /// handled in order by however many subscribers; one that is given back comes before those behind it.
    Key,
}
