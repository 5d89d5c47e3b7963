//! What a value has to know of the run it is written or read in: options, depth, and where errors leave their trail.

use serde::{de, ser};

use super::trail::Trail;
use super::{DecodeOptions, EncodeOptions};

/// How deep messages and values may nest, the outermost included; as deep as they may in protobuf's own encoding.
pub const MAX_DEPTH: u8 = 100;

/// The state of writing, handed from value to value.
#[derive(Clone, Copy, Debug)]
pub struct Encoding<'a> {
    pub(crate) options: &'a EncodeOptions,
    pub(super) trail: &'a Trail,
    depth: u8,
}

impl<'a> Encoding<'a> {
    pub(super) fn new(options: &'a EncodeOptions, trail: &'a Trail) -> Self {
        Self {
            options,
            trail,
            depth: 0,
        }
    }

    /// The state for what is inside; an error when that is too deep.
    pub(crate) fn deeper<E: ser::Error>(mut self) -> Result<Self, E> {
        self.depth += 1;
        if self.depth > MAX_DEPTH {
            return Err(E::custom(too_deep()));
        }
        Ok(self)
    }
}

/// The state of reading, handed from value to value.
#[derive(Clone, Copy, Debug)]
pub struct Decoding<'a> {
    pub(crate) options: &'a DecodeOptions,
    pub(super) trail: &'a Trail,
    depth: u8,
}

impl<'a> Decoding<'a> {
    pub(super) fn new(options: &'a DecodeOptions, trail: &'a Trail) -> Self {
        Self {
            options,
            trail,
            depth: 0,
        }
    }

    /// The state for what is inside; an error when that is too deep.
    pub(crate) fn deeper<E: de::Error>(mut self) -> Result<Self, E> {
        self.depth += 1;
        if self.depth > MAX_DEPTH {
            return Err(E::custom(too_deep()));
        }
        Ok(self)
    }
}

fn too_deep() -> String {
    format!("messages and values nest more than {MAX_DEPTH} deep")
}
