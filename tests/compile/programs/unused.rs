//! Has the code of several services and uses none of it.

#![forbid(unsafe_code)]
#![deny(warnings, missing_docs, unreachable_pub, clippy::all)]

mod pb;

fn main() {}
