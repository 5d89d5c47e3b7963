//! Zeros, names of the proto, and what is unknown and ignored.

use super::v1::{Places, Scalars, WellKnown};
use super::{DecodeOptions, EncodeOptions, from_slice, read, written, written_with};
use crate::json::{decode, encode};

#[test]
fn zeros_are_written_where_a_field_has_no_presence() {
    let options = EncodeOptions::default().zeros(true);
    assert_eq!(
        written_with(&Scalars::default(), &options),
        concat!(
            r#"{"aDouble":0,"aFloat":0,"anInt32":0,"anInt64":"0","aUint32":0,"aUint64":"0","aSint32":0,"aSint64":"0","#,
            r#""aFixed32":0,"aFixed64":"0","aSfixed32":0,"aSfixed64":"0","aBool":false,"aString":"","someBytes":""}"#
        )
    );
    assert_eq!(
        written_with(&Places::default(), &options),
        r#"{"plain":"MOOD_UNSPECIFIED","repeated":[],"byName":{},"byTruth":{},"byNumber":{},"@called":""}"#
    );
}

#[test]
fn fields_may_be_called_as_in_the_proto() {
    let options = EncodeOptions::default().proto_names(true);
    let message: Places = read(r#"{"byNumber": {"1": {"@called": "x"}}}"#);
    assert_eq!(
        written_with(&message, &options),
        r#"{"by_number":{"1":{"renamed":"x"}}}"#
    );
}

#[test]
fn what_is_unknown_may_be_ignored() {
    let options = DecodeOptions::default().ignore_unknown(true);
    for (json, wanted) in [
        (
            r#"{"no": {"deep": [1, {"x": null}]}, "text": "a", "no": 2}"#,
            r#"{"text":"a"}"#,
        ),
        (r#"{"plain": "NO"}"#, "{}"),
        (r#"{"optional": "NO"}"#, "{}"),
        (r#"{"mood": "NO"}"#, "{}"),
        (r#"{"mood": "NO", "text": "a"}"#, r#"{"text":"a"}"#),
        (
            r#"{"repeated": ["NO", 1, "NO"]}"#,
            r#"{"repeated":["MOOD_GOOD"]}"#,
        ),
        (
            r#"{"byName": {"a": "NO", "b": 1}}"#,
            r#"{"byName":{"b":"MOOD_GOOD"}}"#,
        ),
        (r#"{"type": {"no": 1}}"#, r#"{"type":{}}"#),
    ] {
        let message: Places = from_slice(json.as_bytes(), &options).unwrap();
        assert_eq!(written(&message), wanted, "{json}");
    }
    for json in [
        r#"{"plain": true}"#,
        r#"{"no": }"#,
        r#"{"text": 1}"#,
        r#"{"text": "a", "text": "a"}"#,
    ] {
        from_slice::<Places>(json.as_bytes(), &options).unwrap_err();
    }
}

/// Any serializer and deserializer will do that says what is there.
#[test]
fn the_doors_are_those_of_serde() {
    let json = r#"{"anInt64":"1","aDouble":0.5,"someBytes":"AA=="}"#;
    let value: serde_json::Value = serde_json::from_str(json).unwrap();
    let message: Scalars = decode(&DecodeOptions::default(), value.clone()).unwrap();
    let again = encode(
        &message,
        &EncodeOptions::default(),
        serde_json::value::Serializer,
    );
    assert_eq!(again.unwrap(), value);
    let message: WellKnown = decode(
        &DecodeOptions::default(),
        serde_json::json!({"value": {"a": [1, null]}}),
    )
    .unwrap();
    assert_eq!(written(&message), r#"{"value":{"a":[1,null]}}"#);
}
