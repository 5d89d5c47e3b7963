//! The durations of flags, for [`crate::fuzzing`].

use std::time::Duration;

/// What `text` says in Go's spelling.
pub fn parse(text: &str) -> Option<Duration> {
    super::duration::parse(text)
}
