//! Every spelling that is read, by kind.

use super::old::{Thing, thing};
use super::v1::places::{Choice, Mood, Single};
use super::v1::{Places, Scalars, WellKnown};
use super::{read, written};

/// `{json: what it is in canonical form}` in the fields of a message of scalars.
fn canonical(cases: &[(&str, &str)]) {
    for (json, wanted) in cases {
        assert_eq!(written(&read::<Scalars>(json)), *wanted, "{json}");
    }
}

#[test]
fn integers_are_numbers_or_strings() {
    canonical(&[
        (r#"{"anInt32": 7}"#, r#"{"anInt32":7}"#),
        (r#"{"anInt32": -2147483648}"#, r#"{"anInt32":-2147483648}"#),
        (r#"{"anInt32": "2147483647"}"#, r#"{"anInt32":2147483647}"#),
        (r#"{"anInt32": 1e5}"#, r#"{"anInt32":100000}"#),
        (r#"{"anInt32": "1e5"}"#, r#"{"anInt32":100000}"#),
        (r#"{"anInt32": 100000.000}"#, r#"{"anInt32":100000}"#),
        (r#"{"anInt32": "-1.0"}"#, r#"{"anInt32":-1}"#),
        (r#"{"anInt32": -0}"#, "{}"),
        (r#"{"aUint32": 4294967295.0}"#, r#"{"aUint32":4294967295}"#),
        (
            r#"{"aFixed32": "4294967295"}"#,
            r#"{"aFixed32":4294967295}"#,
        ),
        (
            r#"{"aSint32": -1, "aSfixed32": -2}"#,
            r#"{"aSint32":-1,"aSfixed32":-2}"#,
        ),
        (
            r#"{"anInt64": 9223372036854775807}"#,
            r#"{"anInt64":"9223372036854775807"}"#,
        ),
        (
            r#"{"anInt64": "-9223372036854775808"}"#,
            r#"{"anInt64":"-9223372036854775808"}"#,
        ),
        (
            r#"{"aSint64": 1e3, "aSfixed64": "2"}"#,
            r#"{"aSint64":"1000","aSfixed64":"2"}"#,
        ),
        (
            r#"{"aUint64": 18446744073709551615}"#,
            r#"{"aUint64":"18446744073709551615"}"#,
        ),
        (
            r#"{"aFixed64": "18446744073709551615.0"}"#,
            r#"{"aFixed64":"18446744073709551615"}"#,
        ),
    ]);
}

#[test]
fn floats_are_numbers_or_strings() {
    canonical(&[
        (r#"{"aDouble": 1.5}"#, r#"{"aDouble":1.5}"#),
        (r#"{"aDouble": "1.5e0"}"#, r#"{"aDouble":1.5}"#),
        (r#"{"aDouble": 3}"#, r#"{"aDouble":3}"#),
        (r#"{"aDouble": -0.0}"#, r#"{"aDouble":-0.0}"#),
        (r#"{"aDouble": 0}"#, "{}"),
        (
            r#"{"aDouble": 1.7976931348623157e308}"#,
            r#"{"aDouble":1.7976931348623157e+308}"#,
        ),
        (r#"{"aDouble": 5e-324}"#, r#"{"aDouble":5e-324}"#),
        (r#"{"aDouble": 1e16}"#, r#"{"aDouble":1e+16}"#),
        (
            r#"{"aDouble": 0.30000000000000004}"#,
            r#"{"aDouble":0.30000000000000004}"#,
        ),
        (
            r#"{"aDouble": "NaN", "aFloat": "NaN"}"#,
            r#"{"aDouble":"NaN","aFloat":"NaN"}"#,
        ),
        (r#"{"aDouble": "Infinity"}"#, r#"{"aDouble":"Infinity"}"#),
        (r#"{"aFloat": "-Infinity"}"#, r#"{"aFloat":"-Infinity"}"#),
        (r#"{"aFloat": 0.1}"#, r#"{"aFloat":0.1}"#),
        (
            r#"{"aFloat": "3.4028235e38"}"#,
            r#"{"aFloat":3.4028235e+38}"#,
        ),
        (r#"{"aFloat": 1e-50}"#, "{}"),
    ]);
}

#[test]
fn booleans_text_and_bytes() {
    canonical(&[
        (r#"{"aBool": true}"#, r#"{"aBool":true}"#),
        (r#"{"aBool": false, "aString": "", "someBytes": ""}"#, "{}"),
        (
            r#"{"aString": "\u00e4\ud83d\ude00\n\u0001"}"#,
            r#"{"aString":"ä😀\n\u0001"}"#,
        ),
        (r#"{"someBytes": "+/8="}"#, r#"{"someBytes":"+/8="}"#),
        (r#"{"someBytes": "-_8"}"#, r#"{"someBytes":"+/8="}"#),
        (r#"{"some_bytes": "AQI="}"#, r#"{"someBytes":"AQI="}"#),
    ]);
}

#[test]
fn null_is_absence_wherever_it_is_no_value() {
    let scalars = [
        "aDouble",
        "aFloat",
        "anInt32",
        "anInt64",
        "aUint32",
        "aUint64",
        "aSint32",
        "aSint64",
        "aFixed32",
        "aFixed64",
        "aSfixed32",
        "aSfixed64",
        "aBool",
        "aString",
        "someBytes",
    ];
    for name in scalars {
        assert_eq!(
            read::<Scalars>(&format!("{{\"{name}\": null}}")),
            Scalars::default()
        );
    }
    for name in [
        "plain", "optional", "repeated", "byName", "byNumber", "text", "mood", "places", "type",
        "@called",
    ] {
        assert_eq!(
            read::<Places>(&format!("{{\"{name}\": null}}")),
            Places::default()
        );
    }
    let absent = [
        "any", "at", "during", "fields", "object", "list", "null", "wrapped", "values",
    ];
    for name in absent {
        assert_eq!(
            read::<WellKnown>(&format!("{{\"{name}\": null}}")),
            WellKnown::default()
        );
    }
}

#[test]
fn null_is_a_value_of_value_and_of_null_value() {
    let message: WellKnown = read(r#"{"value": null, "values": [null, 1]}"#);
    assert_eq!(written(&message), r#"{"value":null,"values":[null,1]}"#);
    let message: Places = read(r#"{"nothing": null}"#);
    assert_eq!(message.choice, Some(Choice::Nothing(0)));
    assert_eq!(written(&message), r#"{"nothing":null}"#);
    let same = read::<Places>(r#"{"nothing": "NULL_VALUE"}"#);
    assert_eq!(message, same);
}

#[test]
fn an_enum_is_a_name_or_a_number() {
    for (json, wanted) in [
        (r#"{"plain": "MOOD_GOOD"}"#, r#"{"plain":"MOOD_GOOD"}"#),
        (r#"{"plain": "MOOD_FINE"}"#, r#"{"plain":"MOOD_GOOD"}"#),
        (r#"{"plain": -1}"#, r#"{"plain":"MOOD_BAD"}"#),
        (r#"{"plain": 1.0}"#, r#"{"plain":"MOOD_GOOD"}"#),
        (r#"{"plain": 77}"#, r#"{"plain":77}"#),
        (r#"{"plain": 0}"#, "{}"),
        (r#"{"optional": 0}"#, r#"{"optional":"MOOD_UNSPECIFIED"}"#),
        (
            r#"{"repeated": ["MOOD_BAD", 1, 0]}"#,
            r#"{"repeated":["MOOD_BAD","MOOD_GOOD","MOOD_UNSPECIFIED"]}"#,
        ),
        (
            r#"{"byName": {"b": 1, "a": "MOOD_BAD"}}"#,
            r#"{"byName":{"a":"MOOD_BAD","b":"MOOD_GOOD"}}"#,
        ),
        (r#"{"mood": 0}"#, r#"{"mood":"MOOD_UNSPECIFIED"}"#),
    ] {
        assert_eq!(written(&read::<Places>(json)), wanted, "{json}");
    }
}

#[test]
fn keys_are_strings_whatever_they_stand_for() {
    let message: Places = read(
        r#"{"byTruth": {"true": "AQ==", "false": ""}, "byNumber": {"-2": {}, "10": {"plain": 1}}}"#,
    );
    assert_eq!(message.by_truth[&true], [1]);
    assert_eq!(
        written(&message),
        r#"{"byTruth":{"false":"","true":"AQ=="},"byNumber":{"-2":{},"10":{"plain":"MOOD_GOOD"}}}"#
    );
}

#[test]
fn a_oneof_has_one_field_beside_which_others_may_be_null() {
    for (json, choice) in [
        (r#"{"text": ""}"#, Choice::Text(String::new())),
        (r#"{"text": "a", "mood": null}"#, Choice::Text("a".into())),
        (r#"{"mood": null, "text": "a"}"#, Choice::Text("a".into())),
        (r#"{"places": {}}"#, Choice::Places(Box::default())),
        (r#"{"mood": "MOOD_BAD"}"#, Choice::Mood(Mood::Bad.into())),
    ] {
        assert_eq!(read::<Places>(json).choice, Some(choice), "{json}");
    }
    let message: Places = read(r#"{"only": {}, "text": "b"}"#);
    assert!(matches!(message.single, Some(Single::Only(_))));
}

#[test]
fn a_field_is_known_by_its_json_name_and_by_its_own() {
    let message: Places = read(r#"{"@called": "a", "by_name": {"x": 1}, "type": {}}"#);
    assert_eq!(message.renamed, "a");
    assert_eq!(
        message,
        read(r#"{"renamed": "a", "byName": {"x": 1}, "type": {}}"#)
    );
    assert_eq!(
        written(&message),
        r#"{"byName":{"x":"MOOD_GOOD"},"@called":"a","type":{}}"#
    );
}

#[test]
fn proto2_has_presence_groups_and_what_is_required() {
    let json = r#"{"name":"","count":3,"numbers":["1","2"],"part":{"data":"AA=="},"piece":[{"kind":"SMALL"}],"whole":{},"kind":"LARGE"}"#;
    let message: Thing = read(json);
    assert_eq!(message.count, Some(3));
    assert_eq!(message.choice, Some(thing::Choice::Whole(thing::Whole {})));
    assert_eq!(written(&message), json);
}
