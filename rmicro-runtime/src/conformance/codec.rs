//! What every codec must do: the docs of [`Codec`], sentence by sentence.

mod sample;

use bytes::{Bytes, BytesMut};

use self::sample::{Inner, Sample, sample};
use super::named::Named;
use crate::codec::Codec;
#[cfg(feature = "json")]
use crate::codec::{JsonType, WithJson};
use crate::error::{Code, Result};

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
        encode_into(codec, &sample(), &mut buffer);
    }
    assert_eq!(buffer[..], [b"before", &alone[..], &alone[..]].concat());
}

/// A message leaves no trace in the next, after an error either.
pub fn nothing_is_kept_between_messages(codec: &dyn Codec) {
    let empty = encode(codec, &Sample::default());
    let _ = decode(codec, Bytes::from_static(GARBAGE[0]));
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
        let decoded = decode(codec, Bytes::from_static(garbage));
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
        if let Err(error) = decode(codec, whole.slice(..length)) {
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

fn encode(codec: &dyn Codec, message: &Sample) -> Bytes {
    let mut buffer = BytesMut::new();
    encode_into(codec, message, &mut buffer);
    buffer.freeze()
}

fn encode_into(codec: &dyn Codec, message: &Sample, buffer: &mut BytesMut) {
    #[cfg_attr(not(feature = "json"), expect(unused_mut))]
    let mut message = message.clone();
    #[cfg(feature = "json")]
    let message = WithJson::new(&mut message, JsonType::of::<Sample>());
    let encoded = codec.encode(&message, buffer);
    encoded.expect("a message can be encoded");
}

fn decode(codec: &dyn Codec, bytes: Bytes) -> Result<Sample> {
    let mut decoded = Sample::default();
    #[cfg(feature = "json")]
    codec.decode(
        bytes,
        &mut WithJson::new(&mut decoded, JsonType::of::<Sample>()),
    )?;
    #[cfg(not(feature = "json"))]
    codec.decode(bytes, &mut decoded)?;
    Ok(decoded)
}

fn round_trip(codec: &dyn Codec, message: &Sample) -> Sample {
    decode(codec, encode(codec, message)).expect("what was encoded can be decoded")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::codec::Proto;

    #[test]
    fn proto() {
        suite(&Proto);
    }

    #[cfg(feature = "json")]
    #[test]
    fn json() {
        use crate::codec::Json;

        suite(&Json::default());
        suite(&Json::default().refuse_unknown());
        let zeros = crate::json::EncodeOptions::default().zeros(true);
        suite(&Json::default().encode_options(zeros.proto_names(true)));
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
