//! Messages inside of an `Any`.

use std::sync::Arc;

use super::v1::{Places, Scalars, WellKnown};
use super::{DecodeOptions, EncodeOptions, error, from_slice, read, to_vec, written, written_with};
use crate::json::{JsonMessage, TypeRegistry};
use crate::types::{Any, Duration};

const URL: &str = "type.googleapis.com/";

fn types() -> Arc<TypeRegistry> {
    Arc::new(TypeRegistry::new().with::<Places>().with::<Scalars>())
}

fn any<M: JsonMessage>(message: &M) -> Any {
    Any {
        type_url: format!("{URL}{}", M::NAME),
        value: message.encode_to_vec(),
    }
}

#[test]
fn the_fields_stand_beside_the_type() {
    let inner: Places = read(r#"{"text": "a", "byNumber": {"1": {}}}"#);
    let any = any(&inner);
    let json = r#"{"@type":"type.googleapis.com/json.v1.Places","byNumber":{"1":{}},"text":"a"}"#;
    assert_eq!(
        written_with(&any, &EncodeOptions::default().types(types())),
        json
    );
    let options = DecodeOptions::default().types(types());
    let unordered =
        r#"{"text": "a", "@type": "type.googleapis.com/json.v1.Places", "by_number": {"1": {}}}"#;
    for json in [json, unordered] {
        assert_eq!(from_slice::<Any>(json.as_bytes(), &options).unwrap(), any);
    }
}

#[test]
fn numbers_pass_through_unchanged() {
    let inner: Scalars =
        read(r#"{"anInt64": "9007199254740993", "aFloat": 0.1, "aUint32": 4294967295}"#);
    let options = EncodeOptions::default().types(types());
    let json = r#"{"@type":"type.googleapis.com/json.v1.Scalars","aFloat":0.1,"anInt64":"9007199254740993","aUint32":4294967295}"#;
    assert_eq!(written_with(&any(&inner), &options), json);
    let number = json.replace(r#""9007199254740993""#, "9007199254740993");
    let read = from_slice::<Any>(number.as_bytes(), &DecodeOptions::default().types(types()));
    assert_eq!(read.unwrap(), any(&inner));
}

#[test]
fn what_has_a_form_of_its_own_is_the_value() {
    let (seconds, nanos) = (1, 500_000_000);
    let inner = any(&Duration { seconds, nanos });
    let json = r#"{"@type":"type.googleapis.com/google.protobuf.Duration","value":"1.500s"}"#;
    assert_eq!(written(&inner), json);
    assert_eq!(read::<Any>(json), inner);
    let nested =
        r#"{"@type":"type.googleapis.com/google.protobuf.Any","value":"#.to_owned() + json + "}";
    assert_eq!(read::<Any>(&nested), any(&inner));
    assert_eq!(written(&any(&inner)), nested);
    let value =
        r#"{"@type":"type.googleapis.com/google.protobuf.Value","value":{"a":[1,null,"x"]}}"#;
    assert_eq!(written(&read::<Any>(value)), value);
}

#[test]
fn an_empty_one_is_an_empty_object() {
    assert_eq!(written(&Any::default()), "{}");
    assert_eq!(read::<Any>("{}"), Any::default());
    let empty = r#"{"@type":"type.googleapis.com/google.protobuf.Empty"}"#;
    assert_eq!(written(&read::<Any>(empty)), empty);
    let by_go = r#"{"@type":"type.googleapis.com/google.protobuf.Empty","value":{}}"#;
    assert_eq!(read::<Any>(by_go), read(empty));
}

#[test]
fn a_type_that_nobody_added_is_named() {
    let inner = any(&Scalars::default());
    let said = to_vec(&inner, &EncodeOptions::default()).unwrap_err();
    let wanted = "the Any holds a `json.v1.Scalars`, a type that is not in the TypeRegistry of the options: add it there";
    assert_eq!(said.message(), wanted);
    let json = r#"{"any": {"@type": "type.googleapis.com/json.v1.Scalars"}}"#;
    let said = error::<WellKnown>(json);
    assert!(
        said.starts_with(&format!("field \"any\": {wanted} at line 1")),
        "{said}"
    );
}

#[test]
fn what_is_no_any_is_refused() {
    for (json, said) in [
        ("[]", "an Any is an object with a field @type"),
        (r#"{"a": 1}"#, "an Any is an object with a field @type"),
        (r#"{"@type": 1}"#, "the field @type is a string"),
        (r#"{"@type": ""}"#, "the type of an Any is a URL"),
        (
            r#"{"@type": "google.protobuf.Empty"}"#,
            "the type of an Any is a URL",
        ),
        (
            r#"{"@type": "a/google.protobuf.Empty", "@type": "a/google.protobuf.Empty"}"#,
            "the field @type is there twice",
        ),
        (
            r#"{"@type": "a/google.protobuf.Empty", "x": 1}"#,
            "field \"x\": unknown field of google.protobuf.Empty",
        ),
        (
            r#"{"@type": "a/google.protobuf.Duration"}"#,
            "the field value is missing",
        ),
        (
            r#"{"@type": "a/google.protobuf.Duration", "value": "1s", "x": 1}"#,
            "unknown field `x`",
        ),
        (
            r#"{"@type": "a/google.protobuf.Duration", "value": "1s", "value": "1s"}"#,
            "the field value is there twice",
        ),
        (
            r#"{"@type": "a/google.protobuf.Duration", "value": 1}"#,
            "invalid type: integer `1`, expected a duration",
        ),
    ] {
        let error = error::<Any>(json);
        assert!(error.starts_with(said), "{json}: {error}");
    }
    let broken = Any {
        type_url: "a/google.protobuf.Duration".into(),
        value: vec![0xff],
    };
    to_vec(&broken, &EncodeOptions::default()).unwrap_err();
}
