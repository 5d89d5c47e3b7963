//! Metadata: the headers and trailers of a call, without regard to case.

pub(crate) mod base64;
mod binary;
mod checked;

use bytes::Bytes;
use http::header::HeaderMap;

use self::checked::{binary_name, text_name, text_value};
#[cfg(feature = "grpc")]
pub(crate) use self::checked::{is_reserved, strip_reserved};
use crate::error::Result;

/// Names and values that travel beside the messages of a call.
///
/// Names are lower case, whatever is given; a name may have several values. A name that ends in
/// `-bin` has bytes for values, any other has text. It wraps the header map of the connection, which
/// is moved and never copied.
///
/// ```
/// use rmicro_runtime::Metadata;
///
/// let mut metadata = Metadata::new();
/// metadata.insert("Trace", "1")?;
/// assert_eq!(metadata.get("trace"), Some("1"));
///
/// metadata.insert_bin("token-bin", [0, 255])?;
/// assert_eq!(metadata.get_bin("token-bin").as_deref(), Some(&[0, 255][..]));
/// # Ok::<(), rmicro_runtime::Error>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Metadata(HeaderMap);

impl Metadata {
    /// No metadata.
    pub fn new() -> Self {
        Self::default()
    }

    /// The first value of `name` that is text; `None` when there is none. Bytes are given in base64,
    /// as they travel: [`get_bin`](Self::get_bin) reads them.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.get_all(name).next()
    }

    /// Every value of `name` that is text, in order.
    pub fn get_all<'a>(&'a self, name: &str) -> impl Iterator<Item = &'a str> + use<'a> {
        self.0
            .get_all(name)
            .into_iter()
            .filter_map(|value| value.to_str().ok())
    }

    /// Every name with each of its values that is text.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0
            .iter()
            .filter_map(|(name, value)| Some((name.as_str(), value.to_str().ok()?)))
    }

    /// Whether there is nothing.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The bytes of `name`, the first where it has several; `None` when there are none.
    ///
    /// A value that is no base64 counts as none.
    pub fn get_bin(&self, name: &str) -> Option<Bytes> {
        self.get_all_bin(name).next()
    }

    /// Every value of `name` as bytes, in order; values that a peer joined by commas are parted.
    pub fn get_all_bin<'a>(&'a self, name: &str) -> impl Iterator<Item = Bytes> + use<'a> {
        self.0.get_all(name).into_iter().flat_map(binary::read)
    }

    /// Sets `name` to `value` alone.
    ///
    /// These are [`Code::InvalidArgument`](crate::Code::InvalidArgument): a name of anything but
    /// letters, digits, `-`, `_` and `.`, or that the protocols keep for themselves; a name that ends
    /// in `-bin`, which [`insert_bin`](Self::insert_bin) takes; a value that is no printable ASCII.
    pub fn insert(&mut self, name: &str, value: &str) -> Result<()> {
        let (name, value) = (text_name(name)?, text_value(name, value)?);
        self.0.insert(name, value);
        Ok(())
    }

    /// Adds `value` to the values of `name`; refuses what [`insert`](Self::insert) refuses.
    pub fn append(&mut self, name: &str, value: &str) -> Result<()> {
        let (name, value) = (text_name(name)?, text_value(name, value)?);
        self.0.append(name, value);
        Ok(())
    }

    /// Sets `name` to `bytes` alone; they travel as base64 (gRPC's `PROTOCOL-HTTP2.md`,
    /// "Custom-Metadata").
    ///
    /// A name that does not end in `-bin`, or that [`insert`](Self::insert) refuses for another
    /// reason, is [`Code::InvalidArgument`](crate::Code::InvalidArgument).
    pub fn insert_bin(&mut self, name: &str, bytes: impl AsRef<[u8]>) -> Result<()> {
        let name = binary_name(name)?;
        self.0.insert(name, binary::write(bytes.as_ref()));
        Ok(())
    }

    /// Adds `bytes` to the values of `name`; refuses what [`insert_bin`](Self::insert_bin) refuses.
    pub fn append_bin(&mut self, name: &str, bytes: impl AsRef<[u8]>) -> Result<()> {
        let name = binary_name(name)?;
        self.0.append(name, binary::write(bytes.as_ref()));
        Ok(())
    }

    /// Takes a header map as it is, reserved names included; for transports.
    pub fn from_headers(headers: HeaderMap) -> Self {
        Self(headers)
    }

    /// The header map as it is; for transports.
    pub fn headers(&self) -> &HeaderMap {
        &self.0
    }

    /// The header map to change; for transports, which may set reserved names.
    pub fn headers_mut(&mut self) -> &mut HeaderMap {
        &mut self.0
    }

    /// Gives the header map away; for transports.
    pub fn into_headers(self) -> HeaderMap {
        self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::Code;

    #[test]
    fn names_have_no_case_and_several_values() {
        let mut metadata = Metadata::new();
        metadata.append("Key", "a").unwrap();
        metadata.append("kEY", "b").unwrap();
        assert_eq!(metadata.get_all("KEY").collect::<Vec<_>>(), ["a", "b"]);
    }

    #[test]
    fn bytes_have_names_of_their_own_and_several_values() {
        let mut metadata = Metadata::new();
        metadata.insert_bin("Key-Bin", b"old").unwrap();
        metadata.insert_bin("key-bin", [0, 255]).unwrap();
        metadata.append_bin("key-bin", "").unwrap();
        let values: Vec<_> = metadata.get_all_bin("KEY-BIN").collect();
        assert_eq!(values, [&[0, 255][..], b""]);
        assert_eq!(metadata.headers()["key-bin"], "AP8");
        assert_eq!(metadata.get("key-bin"), Some("AP8"));
    }

    #[test]
    fn bytes_and_text_do_not_mix() {
        let error = Metadata::new().insert("key-bin", "text").unwrap_err();
        assert!(error.message().contains("insert_bin"), "{error}");
        let error = Metadata::new().append_bin("key", b"bytes").unwrap_err();
        assert!(error.message().contains("must end in \"-bin\""), "{error}");
        assert!(Metadata::new().insert_bin("grpc-trace-bin", b"").is_err());
        assert!(Metadata::new().insert_bin("a b-bin", b"").is_err());
    }

    #[test]
    fn what_cannot_travel_is_refused_by_name() {
        for (name, value) in [
            ("a b", "x"),
            ("grpc-timeout", "1S"),
            ("TE", "x"),
            ("timeout", "1"),
            ("x-content-type", "x"),
            ("a!", "x"),
            ("a", "tab\t"),
            ("a", "line\nbreak"),
            ("a", "naïve"),
        ] {
            let error = Metadata::new().insert(name, value).unwrap_err();
            assert_eq!(error.code(), Code::InvalidArgument);
            assert!(error.message().contains(&format!("{name:?}")), "{error}");
        }
    }
}
