//! What every backend of a contract must do: one public suite a contract.
//!
//! Each suite is a function that takes a way to make the backend and fails like a test. A stranger's backend passes the same
//! suite as ours. It needs the feature `conformance`.

pub mod broker;
pub mod codec;
mod named;
pub mod registry;
pub mod selector;
pub mod transport;
