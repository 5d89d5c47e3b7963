//! Depth and size: what would take a stack or a memory is a bounded error.

use super::v1::{Places, WellKnown};
use super::{DecodeOptions, error, from_slice, read};

/// `depth` times `open`, and the same `close`.
fn nested(depth: usize, open: &str, middle: &str, close: &str) -> String {
    open.repeat(depth) + middle + &close.repeat(depth)
}

#[test]
fn messages_nest_a_hundred_deep_and_no_deeper() {
    read::<Places>(&nested(99, r#"{"places":"#, "{}", "}"));
    read::<Places>(&nested(99, r#"{"byNumber":{"1":"#, "{}", "}}"));
    for depth in [100, 10_000] {
        for (open, close) in [(r#"{"places":"#, "}"), (r#"{"byNumber":{"1":"#, "}}")] {
            let error = error::<Places>(&nested(depth, open, "{}", close));
            assert!(
                error.contains("messages and values nest more than 100 deep"),
                "{error}"
            );
        }
    }
}

#[test]
fn values_nest_a_hundred_deep_and_no_deeper() {
    read::<WellKnown>(&format!("{{\"value\":{}}}", nested(98, "[", "1", "]")));
    for (open, close) in [("[", "]"), (r#"{"a":"#, "}")] {
        for name in ["value", "list", "object"] {
            let json = format!("{{\"{name}\":{}}}", nested(10_000, open, "1", close));
            error::<WellKnown>(&json);
        }
    }
}

#[test]
fn an_any_is_bounded_as_well() {
    let open = r#"{"@type":"a/google.protobuf.Any","value":"#;
    let whole = nested(98, open, "{}", "}");
    read::<WellKnown>(&format!("{{\"any\":{whole}}}"));
    for depth in [99, 150, 10_000] {
        let json = format!("{{\"any\":{}}}", nested(depth, open, "{}", "}"));
        let error = error::<WellKnown>(&json);
        assert!(
            error.contains(" nests more than ") || error.contains(" nest more than "),
            "{error}"
        );
    }
}

#[test]
fn what_is_ignored_takes_no_stack() {
    let json = format!("{{\"no\":{}}}", nested(1_000_000, "[", "", "]"));
    let options = DecodeOptions::default().ignore_unknown(true);
    from_slice::<Places>(json.as_bytes(), &options).unwrap();
}

#[test]
fn a_number_of_a_million_digits_is_a_number_or_an_error() {
    let digits = "9".repeat(1_000_000);
    error::<Places>(&format!("{{\"plain\": {digits}}}"));
    error::<Places>(&format!("{{\"plain\": \"{digits}\"}}"));
    error::<Places>(&format!("{{\"plain\": \"1e{digits}\"}}"));
    read::<Places>(&format!("{{\"plain\": 1.{}}}", "0".repeat(1_000_000)));
}
