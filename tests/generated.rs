//! What generated messages hold and write is what their protos say: defaults, presence, packing, groups and names.
//!
//! The code is that of the plugin's reviewed cases.

use prost::Message;
use rmicro_runtime::types;

/// The code of a case.
macro_rules! cases {
    ($($name:ident)*) => {
        $(
            mod $name {
                include!(concat!(
                    "../protoc-gen-rmicro/tests/golden/",
                    stringify!($name),
                    "/expected.rs"
                ));
            }
        )*
    };
}

cases! { collisions defaults edition_2023 edition_2024 groups packed }

#[test]
fn a_default_of_proto2_is_what_the_proto_says() {
    let message = defaults::Defaults::default();
    assert_eq!(message.negative(), i32::MIN);
    assert_eq!(message.large(), u64::MAX);
    assert_eq!(message.infinite(), f32::INFINITY);
    assert_eq!(message.below(), f64::NEG_INFINITY);
    assert!(message.not_a_number().is_nan());
    assert_eq!(message.small(), 1.5e-9);
    assert_eq!(message.whole(), 1e20);
    assert!(message.yes());
    assert_eq!(message.quoted(), "say \"hello\"\n\tand ä, \\ or 'a'");
    assert_eq!(message.raw(), b"\0\x01\x7f\xff\"\\'\n");
    assert_eq!(message.zigzag(), i64::MIN);
    assert_eq!(message.fixed(), u32::MAX);
    assert!(message.zero().is_sign_negative());
    assert_eq!(message.r#type(), "type");
    assert_eq!(message, defaults::Defaults::decode(&b""[..]).unwrap());
}

#[test]
fn a_default_may_name_an_alias_or_an_enum_that_is_called_otherwise() {
    let message = defaults::Defaults::default();
    assert_eq!(message.color(), defaults::Color::Red);
    assert_eq!(message.must(), defaults::Color::Red);
    assert_eq!(message.plain(), defaults::Color::None);
    assert_eq!(message.low(), defaults::Level_::Low);
    // A number that the enum lacks is kept, and read as the default.
    let message = defaults::Defaults {
        color: Some(99),
        ..message
    };
    assert_eq!(message.color(), defaults::Color::Red);
    let again = defaults::Defaults::decode(&*message.encode_to_vec()).unwrap();
    assert_eq!(again.color, Some(99));
}

#[test]
fn presence_is_what_the_features_say() {
    let mut message = edition_2023::Presence::default();
    // Required fields are always there, the others are not.
    assert_eq!(message.encode_to_vec(), b"\x1a\x00\x32\x00");
    assert_eq!(message.with_default(), "here");
    message.explicit = Some(String::new());
    assert_eq!(message.encode_to_vec(), b"\x12\x00\x1a\x00\x32\x00");
    let newer = edition_2024::Newer {
        explicit: Some(String::new()),
        ..Default::default()
    };
    assert_eq!(newer.encode_to_vec(), b"\x0a\x00");
    assert_eq!(newer.with_default(), 42);
    assert_eq!(newer.mood(), edition_2024::Mood::Good);
}

#[test]
fn numbers_are_packed_where_the_proto_says_so() {
    let numbers = vec![1, 2];
    let message = edition_2023::Encoding {
        expanded: numbers.clone(),
        packed: numbers.clone(),
        ..Default::default()
    };
    assert_eq!(message.encode_to_vec(), b"\x08\x01\x08\x02\x12\x02\x01\x02");
    let message = packed::Packed {
        plain: numbers.clone(),
        expanded: numbers.clone(),
        moods: vec![0, 0],
        flags: vec![true],
        ..Default::default()
    };
    let wanted = b"\x0a\x02\x01\x02\x10\x01\x10\x02\x22\x02\x00\x00\x2a\x01\x01";
    assert_eq!(message.encode_to_vec(), wanted);
    let message = packed::Expanded {
        plain: numbers.clone(),
        packed: numbers,
        ..Default::default()
    };
    assert_eq!(message.encode_to_vec(), b"\x08\x01\x08\x02\x12\x02\x01\x02");
}

#[test]
fn a_group_is_between_its_tags() {
    let message = groups::Groups {
        single: Some(groups::groups::Single { a: Some(7) }),
        must: groups::groups::Must { b: String::new() },
        ..Default::default()
    };
    assert_eq!(message.encode_to_vec(), b"\x0b\x08\x07\x0c\x13\x0a\x00\x14");
    let part = edition_2023::encoding::Part::default();
    let message = edition_2023::Encoding {
        group: Some(Box::new(part.clone())),
        groups: vec![part.clone()],
        choice: Some(edition_2023::encoding::Choice::Right(part)),
        ..Default::default()
    };
    assert_eq!(message.encode_to_vec(), b"\x23\x24\x2b\x2c\x3a\x00");
}

#[test]
fn groups_inside_of_themselves_come_back() {
    let right = groups::Right {
        left: Some(Box::default()),
        ..Default::default()
    };
    let mut message = groups::Left {
        right: Some(Box::new(right)),
        ..Default::default()
    };
    assert_eq!(message.encode_to_vec(), b"\x0b\x0b\x0c\x0c");
    // A map's values are messages of a length, whatever the file asks for.
    message.lefts.insert("a".to_owned(), message.clone());
    let bytes = message.encode_to_vec();
    assert_eq!(bytes[4..], *b"\x12\x09\x0a\x01a\x12\x04\x0b\x0b\x0c\x0c");
    assert_eq!(groups::Left::decode(&*bytes).unwrap(), message);
}

#[test]
fn what_is_called_otherwise_in_rust_is_itself_on_the_wire() {
    use collisions::{HttpRequest_, Level, http_request_};
    assert_eq!(Level::XY_.as_str_name(), "xY");
    assert_eq!(Level::from_str_name("xY"), Some(Level::XY_));
    let message = HttpRequest_ {
        part: Some(http_request_::Part {
            camel_case: String::new(),
            camel_case_: "a".to_owned(),
        }),
        kind: Some(http_request_::KindOneOf_::AB_("b".to_owned())),
        ..Default::default()
    };
    assert_eq!(message.encode_to_vec(), b"\x0a\x03\x12\x01a\x22\x01b");
}

#[test]
fn the_descriptor_is_that_of_the_file_and_not_of_what_prost_build_saw() {
    let file = types::FileDescriptorProto::decode(edition_2023::INPUT_PROTO.bytes()).unwrap();
    assert_eq!(file.syntax(), "editions");
    assert_eq!(file.edition(), types::Edition::Edition2023);
    let features = file.options.and_then(|options| options.features).unwrap();
    assert_eq!(
        features.field_presence(),
        types::feature_set::FieldPresence::Implicit
    );
    let explicit = &file.message_type[0].field[1];
    assert!(!explicit.proto3_optional());
    let file = types::FileDescriptorProto::decode(collisions::INPUT_PROTO.bytes()).unwrap();
    assert_eq!(file.message_type[1].name(), "HttpRequest");
}
