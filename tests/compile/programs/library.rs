//! Offers every generated file: four kinds of calls, no package, imports and well-known types.

#![forbid(unsafe_code)]
#![deny(warnings, missing_docs, unreachable_pub, clippy::all)]

/// What the plugin wrote.
pub mod pb;
