//! Checks the defaults of proto2, which descriptors have as texts.

use prost_types::field_descriptor_proto::Type;

/// Whether `text` is how protoc writes a default of the type `kind`.
pub(super) fn is_value(kind: Type, text: &str) -> bool {
    match kind {
        Type::Double | Type::Float => is_float(text),
        Type::Int64 | Type::Sint64 | Type::Sfixed64 => is_integer::<i64>(text),
        Type::Uint64 | Type::Fixed64 => is_integer::<u64>(text),
        Type::Int32 | Type::Sint32 | Type::Sfixed32 => is_integer::<i32>(text),
        Type::Uint32 | Type::Fixed32 => is_integer::<u32>(text),
        Type::Bool => matches!(text, "true" | "false"),
        Type::String => true,
        Type::Bytes => is_escaped(text.as_bytes()),
        Type::Message | Type::Group | Type::Enum => false,
    }
}

fn is_integer<N: std::str::FromStr>(text: &str) -> bool {
    !text.starts_with('+') && text.parse::<N>().is_ok()
}

fn is_float(text: &str) -> bool {
    let is_number = |text: &str| {
        let mut bytes = text.bytes();
        bytes.all(|byte| byte.is_ascii_digit() || b"-+.e".contains(&byte))
    };
    matches!(text, "inf" | "-inf" | "nan")
        || (!text.starts_with('+') && is_number(text) && text.parse::<f64>().is_ok())
}

/// Whether `text` is bytes with the escapes of C, as prost-build reads them.
fn is_escaped(mut text: &[u8]) -> bool {
    while let Some((byte, rest)) = text.split_first() {
        text = match byte {
            b'\\' => match after_escape(rest) {
                Some(rest) => rest,
                None => return false,
            },
            _ => rest,
        };
    }
    true
}

/// What follows the escape that `text` begins with, without its backslash.
fn after_escape(text: &[u8]) -> Option<&[u8]> {
    let (first, rest) = text.split_first()?;
    match first {
        b'0'..=b'7' => {
            let is_octal = |byte: &&u8| matches!(byte, b'0'..=b'7');
            let digits = text.iter().take(3).take_while(is_octal).count();
            // Three digits from 400 on are more than a byte.
            (digits < 3 || *first < b'4').then(|| &text[digits..])
        }
        b'x' | b'X' => match rest {
            [high, low, rest @ ..] if high.is_ascii_hexdigit() && low.is_ascii_hexdigit() => {
                Some(rest)
            }
            _ => None,
        },
        byte => b"abfnrtv\\?'\"".contains(byte).then_some(rest),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_default_is_what_its_type_can_be() {
        for (kind, good, bad) in [
            (Type::Int32, "-2147483648", "2147483648"),
            (Type::Uint64, "18446744073709551615", "-1"),
            (Type::Sint64, "-0", "+1"),
            (Type::Fixed32, "0", ""),
            (Type::Float, "-1.5e-05", "infinity"),
            (Type::Double, "1e+300", "+1"),
            (Type::Double, "-inf", "1_0"),
            (Type::Bool, "false", "0"),
            (Type::Bytes, "\\000\\377\\n\\\"é", "\\"),
            (Type::Bytes, "\\x0f\\\\", "\\xf"),
            (Type::Bytes, "", "\\xfé"),
            (Type::Bytes, "\\?\\'\\v", "\\777"),
            (Type::Bytes, "\\0\\128", "\\400"),
            (Type::Bytes, "a b", "\\z"),
        ] {
            assert!(is_value(kind, good), "{kind:?} {good}");
            assert!(!is_value(kind, bad), "{kind:?} {bad}");
        }
        assert!(is_value(Type::String, "\\"), "a string is as it is");
        assert!(!is_value(Type::Message, ""), "a message has no default");
    }
}
