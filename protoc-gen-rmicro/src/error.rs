//! What goes wrong, as one line that says what to change.

use std::fmt;

/// A reason why no code can be generated.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Error(String);

pub(crate) type Result<T, E = Error> = std::result::Result<T, E>;

impl Error {
    /// An error that says `text`, whose line breaks become spaces.
    pub(crate) fn new(text: impl AsRef<str>) -> Self {
        let words: Vec<&str> = text.as_ref().split_whitespace().collect();
        Self(words.join(" "))
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Error {}

impl From<Error> for std::io::Error {
    fn from(error: Error) -> Self {
        Self::other(error.0)
    }
}

/// `Err` with a formatted text.
macro_rules! bail {
    ($($text:tt)*) => {
        return Err($crate::error::Error::new(format!($($text)*)))
    };
}

pub(crate) use bail;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_is_one_line() {
        assert_eq!(Error::new("a\n  b\tc ").to_string(), "a b c");
    }
}
