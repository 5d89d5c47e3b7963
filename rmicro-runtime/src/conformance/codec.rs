//! What every codec must do: the docs of [`Codec`], sentence by sentence.

use bytes::{Bytes, BytesMut};

use super::named::Named;
use crate::codec::Codec;
use crate::error::Code;

/// Runs every check against `codec`; it panics like a test, and says which check it was.
///
/// ```
/// use rmicro_runtime::codec::Proto;
/// use rmicro_runtime::conformance::codec;
///
/// codec::suite(&Proto);
/// ```
pub fn suite(codec: &dyn Codec) {
    macro_rules! run {
        ($($check:ident,)*) => {$({
            let _named = Named::begin("codec", stringify!($check));
            $check(codec);
        })*};
    }
    run! {
        a_message_comes_back_as_it_was,
        extreme_values_come_back_as_they_were,
        an_empty_message_comes_back_empty,
        a_large_message_comes_back_as_it_was,
        encoding_appends_and_leaves_what_was_there,
        nothing_is_kept_between_messages,
        the_same_message_gives_the_same_bytes,
        garbage_is_an_invalid_argument,
        a_message_that_is_cut_short_never_panics,
        a_codec_has_a_name_that_fits_a_content_type,
    }
}

/// Every kind of field survives the way there and back.
pub fn a_message_comes_back_as_it_was(codec: &dyn Codec) {
    assert_eq!(round_trip(codec, &sample()), sample());
}

/// The limits of numbers, text beyond ASCII and bytes that are no text survive.
pub fn extreme_values_come_back_as_they_were(codec: &dyn Codec) {
    for (count, total, ratio) in [
        (i32::MIN, u64::MAX, f64::MIN_POSITIVE),
        (i32::MAX, 1 << 53, f64::MAX),
        (-1, (1 << 53) + 1, -0.1),
    ] {
        let message = Sample {
            name: "\u{0}\"\\/\u{7f}é漢🦀\n".into(),
            data: Bytes::from_iter(0..=u8::MAX),
            count,
            total,
            ratio,
            ..Sample::default()
        };
        assert_eq!(round_trip(codec, &message), message);
    }
}

/// A message with nothing set is a message, with nothing set inside another too.
pub fn an_empty_message_comes_back_empty(codec: &dyn Codec) {
    assert_eq!(round_trip(codec, &Sample::default()), Sample::default());
    let nested = Sample {
        inner: Some(Inner::default()),
        items: vec![Inner::default(); 2],
        ..Sample::default()
    };
    assert_eq!(round_trip(codec, &nested), nested);
}

/// Size is no matter of the codec: three mebibytes pass.
pub fn a_large_message_comes_back_as_it_was(codec: &dyn Codec) {
    let message = Sample {
        name: "a".repeat(1 << 20),
        data: Bytes::from(vec![0xA5; 2 << 20]),
        ..Sample::default()
    };
    assert!(round_trip(codec, &message) == message);
}

/// What is in the buffer before stays, and the message stands behind it.
pub fn encoding_appends_and_leaves_what_was_there(codec: &dyn Codec) {
    let alone = encode(codec, &sample());
    let mut buffer = BytesMut::from(&b"before"[..]);
    for _ in 0..2 {
        let encoded = codec.encode(&sample(), &mut buffer);
        encoded.expect("a message can be encoded");
    }
    assert_eq!(buffer[..], [b"before", &alone[..], &alone[..]].concat());
}

/// A message leaves no trace in the next, after an error either.
pub fn nothing_is_kept_between_messages(codec: &dyn Codec) {
    let empty = encode(codec, &Sample::default());
    let _ = codec.decode(Bytes::from_static(GARBAGE[0]), &mut Sample::default());
    round_trip(codec, &sample());
    assert_eq!(encode(codec, &Sample::default()), empty);
    assert_eq!(round_trip(codec, &Sample::default()), Sample::default());
}

/// One message has one encoding, so that bytes can be compared and cached.
pub fn the_same_message_gives_the_same_bytes(codec: &dyn Codec) {
    assert_eq!(encode(codec, &sample()), encode(codec, &sample()));
}

/// What is no message in any known format is [`Code::InvalidArgument`], with a text.
pub fn garbage_is_an_invalid_argument(codec: &dyn Codec) {
    for garbage in &GARBAGE {
        let decoded = codec.decode(Bytes::from_static(garbage), &mut Sample::default());
        let error = decoded.expect_err("garbage is no message");
        assert_eq!(error.code(), Code::InvalidArgument, "{error:?}");
        assert!(!error.message().is_empty());
    }
}

/// Half a message may be another message or an error, but an error is [`Code::InvalidArgument`],
/// and there is no panic.
pub fn a_message_that_is_cut_short_never_panics(codec: &dyn Codec) {
    let whole = encode(codec, &sample());
    let mut failed = 0;
    for length in 0..whole.len() {
        if let Err(error) = codec.decode(whole.slice(..length), &mut Sample::default()) {
            assert_eq!(error.code(), Code::InvalidArgument, "{error:?}");
            failed += 1;
        }
    }
    assert!(failed > 0, "no message is too short for the codec");
}

/// The name is one word in lower case, as in `application/grpc+NAME`.
pub fn a_codec_has_a_name_that_fits_a_content_type(codec: &dyn Codec) {
    let name = codec.name();
    let fits = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || "-._".contains(c);
    assert!(!name.is_empty() && name.chars().all(fits), "{name:?}");
}

/// Bytes that are a message in neither a binary nor a text format: keys without values, lengths
/// beyond the end, no UTF-8.
static GARBAGE: [&[u8]; 4] = [
    &[0xFF; 16],
    &[0x0A, 0x7F, b'a'],
    &[0x0A, 0x02, 0xC3, 0x28],
    &[0x07, 0xFE, 0x00],
];

/// A message with a field of each kind, as the generator would write it.
#[derive(Clone, PartialEq, prost::Message)]
struct Sample {
    #[prost(string, tag = "1")]
    name: String,
    #[prost(int32, tag = "2")]
    count: i32,
    #[prost(uint64, tag = "3")]
    total: u64,
    #[prost(double, tag = "4")]
    ratio: f64,
    #[prost(bool, tag = "5")]
    flag: bool,
    #[prost(bytes = "bytes", tag = "6")]
    data: Bytes,
    #[prost(message, optional, tag = "7")]
    inner: Option<Inner>,
    #[prost(message, repeated, tag = "8")]
    items: Vec<Inner>,
    #[prost(btree_map = "string, int64", tag = "9")]
    counts: std::collections::BTreeMap<String, i64>,
    #[prost(sint32, repeated, tag = "10")]
    numbers: Vec<i32>,
    #[prost(string, optional, tag = "11")]
    note: Option<String>,
}

#[derive(Clone, PartialEq, prost::Message)]
struct Inner {
    #[prost(string, tag = "1")]
    name: String,
    #[prost(message, optional, boxed, tag = "2")]
    inner: Option<Box<Inner>>,
}

fn sample() -> Sample {
    let inner = |name: &str| Inner {
        name: name.into(),
        inner: None,
    };
    Sample {
        name: "John".into(),
        count: -7,
        total: 7_000_000_000,
        ratio: 0.5,
        flag: true,
        data: Bytes::from_static(&[0, 1, 0xFF]),
        inner: Some(Inner {
            name: "outer".into(),
            inner: Some(Box::new(inner("inner"))),
        }),
        items: vec![inner("one"), inner("two")],
        counts: [("a".to_owned(), 1), ("b".to_owned(), i64::MIN)].into(),
        numbers: vec![0, -1, i32::MAX],
        note: Some(String::new()),
    }
}

fn encode(codec: &dyn Codec, message: &Sample) -> Bytes {
    let mut buffer = BytesMut::new();
    let encoded = codec.encode(message, &mut buffer);
    encoded.expect("a message can be encoded");
    buffer.freeze()
}

fn round_trip(codec: &dyn Codec, message: &Sample) -> Sample {
    let mut decoded = Sample::default();
    codec
        .decode(encode(codec, message), &mut decoded)
        .expect("what was encoded can be decoded");
    decoded
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::codec::Proto;

    #[test]
    fn proto() {
        suite(&Proto);
    }

    #[test]
    fn the_suite_runs_every_check() {
        let text = include_str!("codec.rs");
        let checks = text.split("\npub fn ").skip(1);
        let names = checks.filter_map(|check| check.split_once("(codec: &dyn"));
        let names: Vec<_> = names
            .map(|(name, _)| name)
            .filter(|name| *name != "suite")
            .collect();
        assert_eq!(names.len(), 10);
        for name in names {
            assert!(text.contains(&format!("        {name},\n")), "{name}");
        }
    }
}
