//! Metadata: the headers and trailers of a call, without regard to case.

use http::header::{HeaderMap, HeaderName, HeaderValue};

use crate::error::{Error, Result};

/// Names and values that travel beside the messages of a call.
///
/// Names are lower case, whatever is given; a name may have several values. It wraps the header map of the connection, which is
/// moved and never copied.
///
/// ```
/// use rmicro_runtime::Metadata;
///
/// let mut metadata = Metadata::new();
/// metadata.insert("Trace", "1")?;
/// assert_eq!(metadata.get("trace"), Some("1"));
/// # Ok::<(), rmicro_runtime::Error>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Metadata(HeaderMap);

impl Metadata {
    /// No metadata.
    pub fn new() -> Self {
        Self::default()
    }

    /// The first value of `name` that is text; `None` when there is none.
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

    /// Sets `name` to `value` alone.
    ///
    /// A name that is no header name or that the protocol keeps for itself, and a value that is no visible ASCII, is
    /// [`Code::InvalidArgument`](crate::Code::InvalidArgument).
    pub fn insert(&mut self, name: &str, value: &str) -> Result<()> {
        let (name, value) = checked(name, value)?;
        self.0.insert(name, value);
        Ok(())
    }

    /// Adds `value` to the values of `name`; refuses what [`insert`](Self::insert) refuses.
    pub fn append(&mut self, name: &str, value: &str) -> Result<()> {
        let (name, value) = checked(name, value)?;
        self.0.append(name, value);
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

/// Names that the protocols set themselves (gRPC's `PROTOCOL-HTTP2.md`, RFC 9113 section 8.2.2).
const RESERVED: [&str; 9] = [
    "content-type",
    "te",
    "connection",
    "keep-alive",
    "proxy-connection",
    "transfer-encoding",
    "upgrade",
    "content-length",
    "host",
];

fn checked(name: &str, value: &str) -> Result<(HeaderName, HeaderValue)> {
    let header = HeaderName::from_bytes(name.as_bytes()).map_err(|_| {
        Error::invalid_argument(format!("metadata name {name:?} is no header name"))
    })?;
    if header.as_str().starts_with("grpc-") || RESERVED.contains(&header.as_str()) {
        return Err(Error::invalid_argument(format!(
            "metadata name {name:?} is reserved by the protocol"
        )));
    }
    let value = HeaderValue::from_str(value)
        .ok()
        .filter(|value| value.to_str().is_ok())
        .ok_or_else(|| {
            Error::invalid_argument(format!(
                "the value of metadata {name:?} is not visible ASCII: {value:?}"
            ))
        })?;
    Ok((header, value))
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
    fn what_cannot_travel_is_refused_by_name() {
        for (name, value) in [
            ("a b", "x"),
            ("grpc-timeout", "1S"),
            ("TE", "x"),
            ("a", "line\nbreak"),
            ("a", "naïve"),
        ] {
            let error = Metadata::new().insert(name, value).unwrap_err();
            assert_eq!(error.code(), Code::InvalidArgument);
            assert!(error.message().contains(&format!("{name:?}")), "{error}");
        }
    }
}
