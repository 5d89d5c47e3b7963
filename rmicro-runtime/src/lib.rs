//! The rmicro runtime: services that find, call and stream to each other.

// Generated code inside this crate names it as users' code does.
extern crate self as rmicro_runtime;

pub mod broker;
pub mod call;
mod client;
pub mod codec;
#[doc(hidden)]
pub mod codegen;
#[cfg(feature = "conformance")]
pub mod conformance;
mod context;
mod error;
mod events;
#[cfg(fuzzing)]
#[doc(hidden)]
pub mod fuzzing;
mod include;
pub mod json;
mod metadata;
pub mod registry;
mod rpc;
pub mod seam;
pub mod selector;
mod server;
mod service;
pub mod standard;
pub mod transport;
pub mod types;

pub use call::ServerCall;
pub use client::{Call, Client, ClientOptions, Stub};
pub use context::{Context, ReplyMetadata, Trailers};
pub use error::{Code, Detail, Error, Result};
pub use events::{Event, Publish, Publisher, Subscriber};
pub use metadata::Metadata;
pub use rpc::{
    Answer, BidiStream, ClientInterceptor, ClientNext, ClientStream, Codecs, Descriptor, File,
    HttpRule, Idempotency, Incoming, IntoMessage, Method, Receiver, Reply, Sender,
    ServerInterceptor, ServerNext,
};
pub use server::{Registration, Server};
pub use service::{Chosen, Running, Service, ServiceBuilder};

#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
