//! What goes wrong with kept JSON, before it is the error of the serializer or deserializer outside.

use std::fmt::{self, Display};

use serde::{de, ser};

/// A text that says what is wrong.
#[derive(Debug)]
pub(in crate::json) struct Failure(String);

impl Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Failure {}

impl ser::Error for Failure {
    fn custom<T: Display>(text: T) -> Self {
        Self(text.to_string())
    }
}

impl de::Error for Failure {
    fn custom<T: Display>(text: T) -> Self {
        Self(text.to_string())
    }
}
