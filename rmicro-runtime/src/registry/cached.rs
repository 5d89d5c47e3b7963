//! Being written.
#[derive(Debug)]
pub struct Cached;
