//! The well-known types both ways.

use std::fmt::Debug;

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::super::*;

fn both_ways<M: Serialize + DeserializeOwned + PartialEq + Debug>(message: M, json: &str) {
    assert_eq!(serde_json::to_string(&message).unwrap(), json);
    let read: M = serde_json::from_str(json).unwrap_or_else(|error| panic!("{json}: {error}"));
    assert_eq!(read, message, "{json}");
}

#[test]
fn a_timestamp_is_a_date() {
    for (seconds, nanos, text) in [
        (0, 0, "1970-01-01T00:00:00Z"),
        (1, 500_000_000, "1970-01-01T00:00:01.500Z"),
        (-1, 1_000, "1969-12-31T23:59:59.000001Z"),
        (951_782_400, 1, "2000-02-29T00:00:00.000000001Z"),
        (-62_135_596_800, 0, "0001-01-01T00:00:00Z"),
        (
            253_402_300_799,
            999_999_999,
            "9999-12-31T23:59:59.999999999Z",
        ),
    ] {
        both_ways(Timestamp { seconds, nanos }, &format!("\"{text}\""));
    }
}
