//! Just enough of the protobuf encoding to leave one field out of a message that is otherwise kept byte for byte.

/// `message` without the fields numbered `number`, or `None` when it is not an encoded message.
pub(crate) fn without_field(message: &[u8], number: u64) -> Option<Vec<u8>> {
    let mut kept = Vec::with_capacity(message.len());
    let mut rest = message;
    while !rest.is_empty() {
        let (key, after_key) = varint(rest)?;
        let after = skip(after_key, key & 7)?;
        if key >> 3 != number {
            kept.extend_from_slice(&rest[..rest.len() - after.len()]);
        }
        rest = after;
    }
    Some(kept)
}

/// What follows a value of `wire_type`; groups do not occur in descriptors.
fn skip(bytes: &[u8], wire_type: u64) -> Option<&[u8]> {
    match wire_type {
        0 => varint(bytes).map(|(_, rest)| rest),
        1 => bytes.get(8..),
        2 => {
            let (length, rest) = varint(bytes)?;
            rest.get(usize::try_from(length).ok()?..)
        }
        5 => bytes.get(4..),
        _ => None,
    }
}

fn varint(bytes: &[u8]) -> Option<(u64, &[u8])> {
    let mut value = 0;
    for (index, byte) in bytes.iter().take(10).enumerate() {
        value |= u64::from(byte & 0x7f) << (7 * index);
        if byte & 0x80 == 0 {
            return Some((value, &bytes[index + 1..]));
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_field_goes_and_the_rest_stays() {
        // 1: "ab", 9: "source", 50: 300 (a custom field), 2: fixed32, 3: fixed64.
        let message = b"\x0a\x02ab\x4a\x06source\x90\x03\xac\x02\x15abcd\x19abcdefgh";
        let kept = without_field(message, 9).unwrap();
        assert_eq!(kept, b"\x0a\x02ab\x90\x03\xac\x02\x15abcd\x19abcdefgh");
        assert_eq!(without_field(b"", 9).unwrap(), b"");
    }

    #[test]
    fn broken_messages_are_refused() {
        for broken in [
            &b"\x0a\x05ab"[..],
            b"\x0b",
            b"\x80",
            b"\x15ab",
            b"\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff",
        ] {
            assert_eq!(without_field(broken, 9), None, "{broken:?}");
        }
    }
}
