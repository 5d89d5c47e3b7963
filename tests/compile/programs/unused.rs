//! Has the code of several services and uses none of it.

mod pb;

fn main() {}
