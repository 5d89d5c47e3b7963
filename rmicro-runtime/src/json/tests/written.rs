//! What is written, and which messages have no JSON.

use super::v1::{Places, Scalars, WellKnown, places};
use super::{EncodeOptions, read, to_vec, written};
use crate::types::value::Kind;
use crate::types::{Duration, FieldMask, Timestamp, Value};

#[test]
fn every_scalar_has_its_form() {
    let message = Scalars {
        a_double: -1.25,
        a_float: 16_777_216.0,
        an_int32: -1,
        an_int64: i64::MIN,
        a_uint32: u32::MAX,
        a_uint64: u64::MAX,
        a_sint32: i32::MIN,
        a_sint64: -1,
        a_fixed32: 1,
        a_fixed64: 2,
        a_sfixed32: -3,
        a_sfixed64: -4,
        a_bool: true,
        a_string: "\"\u{7f}</".into(),
        some_bytes: vec![0; 2],
    };
    let json = concat!(
        r#"{"aDouble":-1.25,"aFloat":16777216.0,"anInt32":-1,"anInt64":"-9223372036854775808","aUint32":4294967295,"#,
        r#""aUint64":"18446744073709551615","aSint32":-2147483648,"aSint64":"-1","aFixed32":1,"aFixed64":"2","#,
        r#""aSfixed32":-3,"aSfixed64":"-4","aBool":true,"aString":"\"<DEL></","someBytes":"AAA="}"#,
    );
    assert_eq!(written(&message), json.replace("<DEL>", "\u{7f}"));
    assert_eq!(read::<Scalars>(&written(&message)), message);
}

#[test]
fn serdes_traits_are_the_canonical_form() {
    let json = r#"{"repeated":["MOOD_GOOD"],"text":"x"}"#;
    let message: Places = serde_json::from_str(json).unwrap();
    assert_eq!(serde_json::to_string(&message).unwrap(), json);
    let error = serde_json::from_str::<Places>(r#"{"no": 1}"#).unwrap_err();
    assert_eq!(
        error.to_string(),
        "field \"no\": unknown field of json.v1.Places at line 1 column 5"
    );
}

#[test]
fn a_number_that_an_enum_does_not_know_stays_a_number() {
    let message = Places {
        repeated: vec![0, 5, -1],
        ..Places::default()
    };
    assert_eq!(
        written(&message),
        r#"{"repeated":["MOOD_UNSPECIFIED",5,"MOOD_BAD"]}"#
    );
}

/// What is said of a message without JSON.
fn error(message: &WellKnown) -> String {
    let error = to_vec(message, &EncodeOptions::default()).unwrap_err();
    assert_eq!(error.code(), crate::Code::Internal);
    error.message().to_owned()
}

#[test]
fn a_message_without_json_is_an_error_that_names_the_field() {
    let (seconds, nanos) = (253_402_300_800, 0);
    let message = WellKnown {
        at: Some(Timestamp { seconds, nanos }),
        ..WellKnown::default()
    };
    assert!(
        error(&message)
            .starts_with("field \"at\": a Timestamp of 253402300800 s and 0 ns is out of range")
    );
    let (seconds, nanos) = (1, -1);
    let message = WellKnown {
        during: Some(Duration { seconds, nanos }),
        ..WellKnown::default()
    };
    assert!(error(&message).starts_with("field \"during\": a Duration of 1 s and -1 ns"));
    let paths = vec!["fooBar".to_owned()];
    let message = WellKnown {
        fields: Some(FieldMask { paths }),
        ..WellKnown::default()
    };
    assert!(error(&message).starts_with("field \"fields\": the path `fooBar`"));
    let kind = Some(Kind::NumberValue(f64::NAN));
    let message = WellKnown {
        values: vec![Value::default(), Value { kind }],
        ..WellKnown::default()
    };
    assert!(error(&message).starts_with("field \"values[1]\": a Value of NaN has no JSON"));
}

#[test]
fn a_message_deeper_than_the_bound_is_an_error() {
    let mut message = Places::default();
    for _ in 1..crate::json::MAX_DEPTH {
        let choice = Some(places::Choice::Places(Box::new(message)));
        message = Places {
            choice,
            ..Places::default()
        };
    }
    written(&message);
    let choice = Some(places::Choice::Places(Box::new(message)));
    let message = Places {
        choice,
        ..Places::default()
    };
    let error = to_vec(&message, &EncodeOptions::default()).unwrap_err();
    assert!(
        error
            .message()
            .ends_with(": messages and values nest more than 100 deep"),
        "{error}"
    );
}
