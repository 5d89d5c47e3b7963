//! Being written.
#[derive(Debug)]
pub struct Memory;
