//! The well-known types both ways, and what is refused.

use std::fmt::Debug;

use super::super::*;
use crate::json::{DecodeOptions, EncodeOptions, JsonMessage, from_slice, to_vec};

fn both_ways<M: JsonMessage + PartialEq + Debug>(message: M, json: &str) {
    let written = to_vec(&message, &EncodeOptions::default()).unwrap();
    assert_eq!(String::from_utf8_lossy(&written), json);
    let read: M = from_slice(json.as_bytes(), &DecodeOptions::default()).unwrap();
    assert_eq!(read, message, "{json}");
}

fn read<M: JsonMessage>(json: &str) -> M {
    from_slice(json.as_bytes(), &DecodeOptions::default()).unwrap()
}

fn refused<M: JsonMessage + Debug>(texts: &[&str]) {
    for text in texts {
        let json = format!("\"{text}\"");
        let read = from_slice::<M>(json.as_bytes(), &DecodeOptions::default());
        assert!(read.is_err(), "{json} is {read:?}");
    }
}

fn has_no_json<M: JsonMessage + Debug>(message: M) {
    let json = to_vec(&message, &EncodeOptions::default());
    assert!(json.is_err(), "{message:?}");
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

#[test]
fn a_timestamp_may_be_of_another_zone_or_precision() {
    for (text, seconds, nanos) in [
        ("1970-01-01T08:00:00+08:00", 0, 0),
        ("1969-12-31T16:00:00.1-08:00", 0, 100_000_000),
        ("1970-01-01T00:00:00.12345Z", 0, 123_450_000),
        ("0001-01-01T01:00:00+01:00", -62_135_596_800, 0),
    ] {
        assert_eq!(
            read::<Timestamp>(&format!("\"{text}\"")),
            Timestamp { seconds, nanos }
        );
    }
}

#[test]
fn what_is_no_timestamp_is_refused() {
    refused::<Timestamp>(&[
        "",
        "1970-01-01",
        "1970-01-01T00:00:00",
        "1970-01-01t00:00:00Z",
        "1970-01-01T00:00:00z",
        "1970-01-01 00:00:00Z",
        "0000-01-01T00:00:00Z",
        "10000-01-01T00:00:00Z",
        "1970-13-01T00:00:00Z",
        "1970-02-29T00:00:00Z",
        "1970-01-01T24:00:00Z",
        "1970-01-01T00:60:00Z",
        "1970-01-01T00:00:60Z",
        "1970-01-01T00:00:00.Z",
        "1970-01-01T00:00:00.1234567890Z",
        "1970-01-01T00:00:00+0800",
        "1970-01-01T00:00:00+24:00",
        "1970-01-01T00:00:00+00:60",
        "0001-01-01T00:00:00+01:00",
        "9999-12-31T23:59:59-00:01",
        "1970-01-01T00:00:00Z ",
        "+970-01-01T00:00:00Z",
        "1970-01-01T00:00:00.1",
        "ä970-01-01T00:00:00Z",
        "1970-01-01T00:00:00.1ä",
        "1970-01-01T00:00:00+ä:00",
    ]);
    for (seconds, nanos) in [
        (0, -1),
        (0, 1_000_000_000),
        (-62_135_596_801, 0),
        (253_402_300_800, 0),
        (i64::MIN, i32::MIN),
    ] {
        has_no_json(Timestamp { seconds, nanos });
    }
}

#[test]
fn a_duration_is_seconds() {
    for (seconds, nanos, text) in [
        (0, 0, "0s"),
        (1, 340_000, "1.000340s"),
        (-1, -340_012, "-1.000340012s"),
        (0, -500_000_000, "-0.500s"),
        (315_576_000_000, 999_999_999, "315576000000.999999999s"),
        (-315_576_000_000, -999_999_999, "-315576000000.999999999s"),
    ] {
        both_ways(Duration { seconds, nanos }, &format!("\"{text}\""));
    }
    assert_eq!(
        read::<Duration>("\"1.5s\""),
        Duration {
            seconds: 1,
            nanos: 500_000_000
        }
    );
}

#[test]
fn what_is_no_duration_is_refused() {
    refused::<Duration>(&[
        "",
        "s",
        "1",
        "1S",
        "1 s",
        " 1s",
        "+1s",
        "1.s",
        ".5s",
        "-s",
        "--1s",
        "1.-5s",
        "1.1234567890s",
        "315576000001s",
        "-315576000001s",
        "99999999999999999999s",
        "1e3s",
        "1m",
    ]);
    for (seconds, nanos) in [
        (1, -1),
        (-1, 1),
        (0, 1_000_000_000),
        (315_576_000_001, 0),
        (i64::MIN, i32::MIN),
    ] {
        has_no_json(Duration { seconds, nanos });
    }
}

#[test]
fn a_field_mask_is_its_paths_in_camel_case() {
    for (paths, text) in [
        (vec![], ""),
        (vec!["a"], "a"),
        (
            vec!["user.display_name", "photo", "a1_b"],
            "user.displayName,photo,a1B",
        ),
    ] {
        let paths = paths.into_iter().map(str::to_owned).collect();
        both_ways(FieldMask { paths }, &format!("\"{text}\""));
    }
    refused::<FieldMask>(&["a_b", "a,", ",", "a b", "a-b", "ä"]);
    for path in ["", "fooBar", "foo__bar", "foo_", "foo_3_bar", "Foo", "a b"] {
        has_no_json(FieldMask {
            paths: vec![path.to_owned()],
        });
    }
}

#[test]
fn a_wrapper_is_what_it_holds() {
    both_ways(BoolValue { value: false }, "false");
    both_ways(Int32Value { value: -1 }, "-1");
    both_ways(UInt32Value { value: 1 }, "1");
    both_ways(Int64Value { value: -1 }, "\"-1\"");
    both_ways(UInt64Value { value: 1 }, "\"1\"");
    both_ways(FloatValue { value: 0.5 }, "0.5");
    both_ways(DoubleValue { value: 0.5 }, "0.5");
    both_ways(StringValue { value: "a".into() }, "\"a\"");
    both_ways(BytesValue { value: vec![1] }, "\"AQ==\"");
}

#[test]
fn a_struct_is_any_object() {
    let json = r#"{"a":null,"b":[1,-0.5,"x",{}],"c":{"d":true},"e":[]}"#;
    let message: Struct = read(json);
    both_ways(message, json);
    both_ways(Struct::default(), "{}");
    both_ways(ListValue::default(), "[]");
    let unset = to_vec(&Value::default(), &EncodeOptions::default()).unwrap();
    assert_eq!(unset, b"null");
    assert_eq!(read::<Value>("null").kind, Some(value::Kind::NullValue(0)));
    assert_eq!(
        read::<Value>("18446744073709551615").kind,
        Some(value::Kind::NumberValue(18_446_744_073_709_551_615.0))
    );
    for number in [f64::NAN, f64::INFINITY] {
        has_no_json(Value {
            kind: Some(value::Kind::NumberValue(number)),
        });
    }
}

#[test]
fn an_empty_message_is_an_empty_object() {
    both_ways(Empty {}, "{}");
    refused::<Empty>(&["", "a"]);
}

#[test]
fn descriptors_are_messages_as_all_others() {
    let json = r#"{"name":"a.proto","messageType":[{"name":"A","field":[{"name":"b","number":1,"label":"LABEL_OPTIONAL"}]}]}"#;
    both_ways(read::<FileDescriptorProto>(json), json);
}
