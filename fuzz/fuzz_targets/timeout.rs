//! A `grpc-timeout` is read back as at least what was written, whatever was read or written.

#![no_main]

use std::time::Duration;

use http::HeaderValue;
use libfuzzer_sys::fuzz_target;
use rmicro_runtime::fuzzing::grpc::{read_nanos, read_timeout, write_timeout};

/// The longest that can be said: 99,999,999 hours.
const LONGEST: Duration = Duration::from_secs(99_999_999 * 3600);

fuzz_target!(|input: (u64, u32, &[u8])| {
    let (seconds, nanos, text) = input;
    survives(Duration::new(seconds, nanos % 1_000_000_000));
    if let Ok(text) = HeaderValue::from_bytes(text) {
        let timeouts = [read_timeout(&text).ok(), read_nanos(&text)];
        timeouts.into_iter().flatten().for_each(survives);
    }
});

fn survives(timeout: Duration) {
    let text = write_timeout(timeout);
    let read = read_timeout(&text).expect("what was written can be read");
    assert!(read >= timeout.min(LONGEST), "{timeout:?} became {text:?}");
    // A unit is left when eight digits are not enough, and the next one is a thousand times as long at most.
    let slack = timeout / 100_000;
    assert!(
        read.saturating_sub(timeout) <= slack,
        "{timeout:?} became {text:?}"
    );
    assert_eq!(read_timeout(&write_timeout(read)).ok(), Some(read));
}
