//! The private parser of this module, for [`crate::fuzzing`].

use super::Envelope;

/// Header and body of a message of go-micro's brokers; `None` where `json` is none.
pub fn read_envelope(json: &[u8]) -> Option<(Vec<(String, String)>, Vec<u8>)> {
    let envelope = Envelope::read(json).ok()?;
    Some((envelope.header, envelope.body))
}

/// The same as JSON.
pub fn write_envelope(header: &[(String, String)], body: &[u8]) -> Option<Vec<u8>> {
    let names = header.iter().map(|(name, value)| (&**name, &**value));
    Envelope::write(names, body).ok()
}
