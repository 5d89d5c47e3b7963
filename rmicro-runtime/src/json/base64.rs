//! Base64 as JSON has it (RFC 4648): written in the standard alphabet with padding, read in both, padded or not.
//!
//! Invariant: it is written in pieces to wherever the JSON goes, so no string is made of it.

use std::fmt;

const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/// What no letter stands for.
const NONE: u8 = 0xff;

/// The value of each letter of both alphabets.
const VALUES: [u8; 256] = values();

/// The bytes that are written at once; no piece but the last has padding, as this is divided by three.
const PIECE: usize = 384;

/// Bytes that are shown in base64.
pub(super) struct Base64<'a>(pub(super) &'a [u8]);

impl fmt::Display for Base64<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut text = [0; PIECE / 3 * 4];
        for piece in self.0.chunks(PIECE) {
            let letters = encode(piece, &mut text);
            f.write_str(std::str::from_utf8(letters).map_err(|_| fmt::Error)?)?;
        }
        Ok(())
    }
}

fn encode<'a>(piece: &[u8], text: &'a mut [u8]) -> &'a [u8] {
    let letter = |sextet: u8| ALPHABET[usize::from(sextet & 63)];
    let (groups, rest) = piece.as_chunks::<3>();
    let (places, _) = text.as_chunks_mut::<4>();
    for (&[a, b, c], place) in groups.iter().zip(places.iter_mut()) {
        *place = [
            letter(a >> 2),
            letter(a << 4 | b >> 4),
            letter(b << 2 | c >> 6),
            letter(c),
        ];
    }
    if let Some(place) = places.get_mut(groups.len()) {
        match *rest {
            [a] => *place = [letter(a >> 2), letter(a << 4), b'=', b'='],
            [a, b] => {
                *place = [
                    letter(a >> 2),
                    letter(a << 4 | b >> 4),
                    letter(b << 2),
                    b'=',
                ]
            }
            _ => {}
        }
    }
    &text[..length(piece.len())]
}

/// Appends `bytes` in base64 to `json`.
#[cfg(any(feature = "http", feature = "nats", test))]
pub(super) fn append(json: &mut Vec<u8>, bytes: &[u8]) {
    let start = json.len();
    json.resize(start + length(bytes.len()), 0);
    encode(bytes, &mut json[start..]);
}

/// How many letters so many bytes take.
pub(super) fn length(bytes: usize) -> usize {
    bytes.div_ceil(3) * 4
}

/// Reads `text`; `None` when it is no base64. Bits that are left over in the last letter are not looked at.
pub(super) fn decode(text: &[u8]) -> Option<Vec<u8>> {
    let text = unpadded(text)?;
    let (groups, rest) = text.as_chunks::<4>();
    let mut bytes = vec![0; groups.len() * 3 + rest.len().saturating_sub(1)];
    let (places, last) = bytes.as_chunks_mut::<3>();
    // A letter has at most six bits, and what is none has all eight.
    let mut all = 0;
    for (group, place) in groups.iter().zip(places) {
        let [a, b, c, d] = group.map(value);
        all |= a | b | c | d;
        *place = [a << 2 | b >> 4, b << 4 | c >> 2, c << 6 | d];
    }
    match (rest, last) {
        ([], _) => {}
        (&[a, b], [one]) => {
            let [a, b] = [a, b].map(value);
            all |= a | b;
            *one = a << 2 | b >> 4;
        }
        (&[a, b, c], [one, two]) => {
            let [a, b, c] = [a, b, c].map(value);
            all |= a | b | c;
            (*one, *two) = (a << 2 | b >> 4, b << 4 | c >> 2);
        }
        _ => return None,
    }
    (all != NONE).then_some(bytes)
}

/// `text` without its padding; `None` when that does not fill the last group.
fn unpadded(text: &[u8]) -> Option<&[u8]> {
    let Some(once) = text.strip_suffix(b"=") else {
        return Some(text);
    };
    let bare = once.strip_suffix(b"=").unwrap_or(once);
    text.len().is_multiple_of(4).then_some(bare)
}

fn value(letter: u8) -> u8 {
    VALUES[usize::from(letter)]
}

const fn values() -> [u8; 256] {
    let mut values = [NONE; 256];
    let mut place = 0;
    while place < ALPHABET.len() {
        values[ALPHABET[place] as usize] = place as u8;
        place += 1;
    }
    values[b'-' as usize] = 62;
    values[b'_' as usize] = 63;
    values
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_vectors_of_rfc_4648_hold() {
        for (plain, text) in [
            ("", ""),
            ("f", "Zg=="),
            ("fo", "Zm8="),
            ("foo", "Zm9v"),
            ("foob", "Zm9vYg=="),
            ("fooba", "Zm9vYmE="),
            ("foobar", "Zm9vYmFy"),
        ] {
            assert_eq!(Base64(plain.as_bytes()).to_string(), text);
            let mut json = b"[".to_vec();
            append(&mut json, plain.as_bytes());
            assert_eq!(json, format!("[{text}").as_bytes());
            assert_eq!(decode(text.as_bytes()).unwrap(), plain.as_bytes());
            let bare = text.trim_end_matches('=');
            assert_eq!(decode(bare.as_bytes()).unwrap(), plain.as_bytes());
        }
    }

    #[test]
    fn both_alphabets_are_read() {
        assert_eq!(decode(b"-_8"), Some(vec![0xfb, 0xff]));
        assert_eq!(decode(b"+/8="), Some(vec![0xfb, 0xff]));
        assert_eq!(Base64(&[0xfb, 0xff]).to_string(), "+/8=");
    }

    #[test]
    fn bytes_of_every_length_survive() {
        let bytes: Vec<u8> = (0..=255).cycle().take(4 * PIECE).collect();
        for length in 0..bytes.len() {
            let text = Base64(&bytes[..length]).to_string();
            assert_eq!(decode(text.as_bytes()).unwrap(), &bytes[..length]);
        }
    }

    #[test]
    fn what_is_no_base64_is_none() {
        for text in [
            "Z", "Zg=g", "Zm9v!", "Zm 9", "Zg===", "Zg=", "=", "Zm9vZ", "Zm8=Zm8=", "ÿ",
        ] {
            assert_eq!(decode(text.as_bytes()), None, "{text}");
        }
    }
}
