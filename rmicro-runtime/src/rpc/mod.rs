//! What generated code declares, and the streams that handlers and callers hold.
//!
//! Invariant: nothing here knows a transport or a registry; `client` and `server` both stand on it and never on each other.

mod called;
mod codecs;
mod coding;
mod descriptor;
mod incoming;
mod interceptor;
mod method;
mod receiver;
mod reply;
mod sender;
mod streams;

pub(crate) use called::{Called, Caller, Whereabouts};
pub use codecs::Codecs;
pub(crate) use coding::{Coding, Codings};
pub use descriptor::{Descriptor, File};
pub use incoming::Incoming;
pub(crate) use interceptor::Exchange;
pub use interceptor::{Answer, ClientInterceptor, ClientNext, ServerInterceptor, ServerNext};
pub use method::{HttpRule, Idempotency, Method};
pub use receiver::Receiver;
pub(crate) use receiver::decode_only;
pub use reply::Reply;
pub use sender::{IntoMessage, Sender};
pub use streams::{BidiStream, ClientStream};
