//! What is no such message, and what is said of it.

use super::old::Thing;
use super::v1::{Places, Scalars, WellKnown};
use super::{DecodeOptions, error, from_slice};

/// Each is refused with words that name the field.
fn refused(cases: &[(&str, &str)]) {
    for (json, said) in cases {
        let error = error::<Scalars>(json);
        assert!(error.starts_with(said), "{json}: {error}");
    }
}

#[test]
fn integers_out_of_range_or_form() {
    let range = "expected an integer from -2147483648 to 2147483647";
    for value in [
        "2147483648",
        "-2147483649",
        "\"2147483648\"",
        "1e10",
        "0.5",
        "\"0.5\"",
        "\" 1\"",
        "\"1 \"",
        "\"+1\"",
        "\"01\"",
        "\"\"",
        "\"12abc\"",
        "\"0x1\"",
        "\"1e-1\"",
        "true",
        "{}",
        "[1]",
        "1e300",
        "\"1e999999999\"",
        "\"NaN\"",
    ] {
        let error = error::<Scalars>(&format!("{{\"anInt32\": {value}}}"));
        assert!(
            error.starts_with("field \"anInt32\": invalid "),
            "{value}: {error}"
        );
        assert!(error.contains(range), "{value}: {error}");
    }
    for (name, value) in [
        ("anInt64", "9223372036854775808"),
        ("anInt64", "\"9223372036854775808\""),
        ("anInt64", "-9223372036854775809"),
        ("aUint64", "\"18446744073709551616\""),
        ("aUint64", "18446744073709551616"),
        ("aUint64", "-1"),
        ("aUint32", "\"4294967296\""),
        ("aUint32", "-1"),
    ] {
        let error = error::<Scalars>(&format!("{{\"{name}\": {value}}}"));
        assert!(
            error.starts_with(&format!("field \"{name}\": invalid value: ")),
            "{error}"
        );
    }
    for value in ["01", "+1", "-01", "1.", "0x1", "NaN", "1 2", "'1'"] {
        error::<Scalars>(&format!("{{\"anInt32\": {value}}}"));
    }
}

#[test]
fn floats_out_of_range_or_form() {
    for (name, value) in [
        ("aFloat", "3.5e38"),
        ("aFloat", "\"-3.5e38\""),
        ("aDouble", "\"1e999\""),
        ("aDouble", "\"inf\""),
        ("aDouble", "\"nan\""),
        ("aDouble", "\"+1\""),
        ("aDouble", "\"1.\""),
        ("aDouble", "\".5\""),
        ("aDouble", "\"01\""),
        ("aDouble", "\" 1\""),
        ("aDouble", "\"\""),
        ("aDouble", "false"),
    ] {
        let error = error::<Scalars>(&format!("{{\"{name}\": {value}}}"));
        assert!(
            error.starts_with(&format!("field \"{name}\": invalid ")),
            "{error}"
        );
        assert!(
            error.contains("\"NaN\", \"Infinity\" or \"-Infinity\""),
            "{error}"
        );
    }
    let error = error::<Scalars>("{\"aDouble\": 1e999}");
    assert!(
        error.starts_with("field \"aDouble\": number out of range"),
        "{error}"
    );
}

#[test]
fn other_scalars_of_another_kind() {
    refused(&[
        (
            r#"{"aBool": "true"}"#,
            r#"field "aBool": invalid type: string "true", expected true or false"#,
        ),
        (
            r#"{"aBool": 1}"#,
            "field \"aBool\": invalid type: integer `1`, expected true or false",
        ),
        (
            r#"{"aString": 1}"#,
            "field \"aString\": invalid type: integer `1`, expected a string",
        ),
        (
            r#"{"aString": ["a"]}"#,
            "field \"aString\": invalid type: sequence, expected a string",
        ),
        (
            r#"{"someBytes": "$"}"#,
            r#"field "someBytes": invalid value: string "$", expected bytes in base64"#,
        ),
        (
            r#"{"someBytes": [1]}"#,
            "field \"someBytes\": invalid type: sequence, expected bytes in base64",
        ),
    ]);
}

#[test]
fn text_that_is_no_text() {
    refused(&[
        (r#"{"aString": "\ud800"}"#, "field \"aString\": "),
        (r#"{"aString": "\udc00"}"#, "field \"aString\": "),
        (r#"{"aString": "\ud800\ud800"}"#, "field \"aString\": "),
        (
            "{\"aString\": \"\n\"}",
            "field \"aString\": control character",
        ),
    ]);
    let json = b"{\"aString\": \"\xff\"}";
    super::from_slice::<Scalars>(json, &super::DecodeOptions::default()).unwrap_err();
}

#[test]
fn objects_that_are_no_messages() {
    for (json, said) in [
        (
            "[]",
            "invalid type: sequence, expected an object with the fields of json.v1.Places at line 1 column 0",
        ),
        (
            "null",
            "invalid type: null, expected an object with the fields of json.v1.Places",
        ),
        ("", "EOF while parsing a value"),
        ("{", "EOF while parsing an object"),
        ("{} {}", "trailing characters at line 1 column 4"),
        (r#"{"plain": 1,}"#, "trailing comma"),
        (
            r#"{"wrong": 1}"#,
            "field \"wrong\": unknown field of json.v1.Places",
        ),
        (
            r#"{"Plain": 1}"#,
            "field \"Plain\": unknown field of json.v1.Places",
        ),
        (
            r#"{"plain": 1, "plain": 1}"#,
            "field \"plain\": the field is there twice",
        ),
        (
            r#"{"plain": null, "plain": 1}"#,
            "field \"plain\": the field is there twice",
        ),
        (
            r#"{"byName": {}, "by_name": {}}"#,
            "field \"byName\": the field is there twice",
        ),
        (
            r#"{"text": "", "mood": 1}"#,
            "field \"mood\": another field of the same oneof is there, too",
        ),
        (
            r#"{"type": []}"#,
            "field \"type\": invalid type: sequence, expected an object with the fields of json.v1.Places.Inner",
        ),
    ] {
        let error = error::<Places>(json);
        assert!(error.starts_with(said), "{json}: {error}");
    }
}

#[test]
fn lists_maps_and_enums() {
    for (json, said) in [
        (
            r#"{"repeated": 1}"#,
            "field \"repeated\": invalid type: integer `1`, expected an array",
        ),
        (
            r#"{"repeated": [0, null]}"#,
            "field \"repeated[1]\": invalid type: null, expected a name or a number of the enum json.v1.Places.Mood",
        ),
        (
            r#"{"plain": "NO"}"#,
            r#"field "plain": invalid value: string "NO", expected a name or a number of the enum json.v1.Places.Mood"#,
        ),
        (
            r#"{"plain": 2147483648}"#,
            "field \"plain\": invalid value: integer `2147483648`",
        ),
        (
            r#"{"plain": 0.5}"#,
            "field \"plain\": invalid value: floating point `0.5`",
        ),
        (
            r#"{"byName": []}"#,
            "field \"byName\": invalid type: sequence, expected an object whose names are the keys of a map",
        ),
        (
            r#"{"byName": {"a": null}}"#,
            "field \"byName[a]\": invalid type: null",
        ),
        (
            r#"{"byName": {"a": 1, "a": 1}}"#,
            "field \"byName[a]\": the key is there twice",
        ),
        (
            r#"{"byTruth": {"1": ""}}"#,
            r#"field "byTruth": invalid value: string "1", expected "true" or "false" as a key"#,
        ),
        (
            r#"{"byNumber": {"x": {}}}"#,
            r#"field "byNumber": invalid value: string "x", expected an integer of 64 bits as a key"#,
        ),
        (
            r#"{"byNumber": {"1": {}, "1": {}}}"#,
            "field \"byNumber[1]\": the key is there twice",
        ),
        (
            r#"{"byNumber": {"7": {"places": {"repeated": [1, "x"]}}}}"#,
            "field \"byNumber[7].places.repeated[1]\": invalid value: string \"x\"",
        ),
    ] {
        let error = error::<Places>(json);
        assert!(error.starts_with(said), "{json}: {error}");
    }
}

#[test]
fn the_place_in_the_text_is_said() {
    let error = error::<Places>("{\n  \"plain\": true\n}");
    assert!(error.ends_with(" at line 2 column 15"), "{error}");
}

#[test]
fn what_is_required_and_missing() {
    for (json, said) in [
        ("{}", "field \"name\": the field is required"),
        (r#"{"name": ""}"#, "field \"kind\": the field is required"),
        (
            r#"{"name": "", "kind": 1, "piece": [{}]}"#,
            "field \"piece[0].kind\": the field is required",
        ),
        // What is null is not there.
        (
            r#"{"name": null, "kind": 1}"#,
            "field \"name\": the field is required",
        ),
        (
            r#"{"name": "", "kind": null}"#,
            "field \"kind\": the field is required",
        ),
    ] {
        let error = error::<Thing>(json);
        assert!(error.starts_with(said), "{json}: {error}");
    }
    // Nor is the name of an enum value that is passed over.
    let json = br#"{"name": "", "kind": "HUGE"}"#;
    let ignoring = DecodeOptions::default().ignore_unknown(true);
    let error = from_slice::<Thing>(json, &ignoring).unwrap_err();
    let said = "field \"kind\": the field is required";
    assert!(error.message().starts_with(said), "{error}");
}

#[test]
fn well_known_types_of_another_form() {
    for (json, said) in [
        (
            r#"{"at": 1}"#,
            "field \"at\": invalid type: integer `1`, expected a point in time",
        ),
        (
            r#"{"during": "1"}"#,
            "field \"during\": invalid value: string \"1\", expected a duration",
        ),
        (
            r#"{"fields": "a_b"}"#,
            "field \"fields\": invalid value: string \"a_b\", expected the paths",
        ),
        (
            r#"{"object": []}"#,
            "field \"object\": invalid type: sequence, expected an object",
        ),
        (
            r#"{"list": {}}"#,
            "field \"list\": invalid type: map, expected an array",
        ),
        (
            r#"{"wrapped": {}}"#,
            "field \"wrapped\": invalid type: map, expected an integer from",
        ),
        (
            r#"{"value": {"a": {"b": 1, "b": 2}}}"#,
            "field \"value[a][b]\": the key is there twice",
        ),
        (
            r#"{"any": {"value": 1}}"#,
            "field \"any\": an Any is an object with a field @type",
        ),
    ] {
        let error = error::<WellKnown>(json);
        assert!(error.starts_with(said), "{json}: {error}");
    }
}
