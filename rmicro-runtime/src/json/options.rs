//! What may be chosen about JSON.
//!
//! Invariant: the defaults are the canonical mapping, as `serde_json::to_string` and `from_str` use it.

use std::sync::Arc;

use super::TypeRegistry;

/// How messages are written.
///
/// ```
/// use rmicro_runtime::json::{self, EncodeOptions};
/// use rmicro_runtime::types::FieldMask;
///
/// # #[cfg(feature = "json")] {
/// let options = EncodeOptions::default().zeros(true);
/// let mask = FieldMask { paths: vec!["user.display_name".into()] };
/// assert_eq!(json::to_vec(&mask, &options)?, br#""user.displayName""#);
/// # }
/// # Ok::<(), rmicro_runtime::Error>(())
/// ```
#[derive(Clone, Debug, Default)]
#[must_use]
#[non_exhaustive]
pub struct EncodeOptions {
    pub(super) zeros: bool,
    pub(super) proto_names: bool,
    pub(super) types: Option<Arc<TypeRegistry>>,
}

impl EncodeOptions {
    /// Whether to write fields that are zero, empty or false as well, where a message cannot tell that from absent.
    ///
    /// Absent messages, absent `optional` fields and unset oneofs are left out all the same.
    pub fn zeros(mut self, zeros: bool) -> Self {
        self.zeros = zeros;
        self
    }

    /// Whether fields are called as in the `.proto` file, `created_at`, and not `createdAt` or what their `json_name` says.
    pub fn proto_names(mut self, proto_names: bool) -> Self {
        self.proto_names = proto_names;
        self
    }

    /// The types that may be in an `Any`, beside the well-known ones.
    pub fn types(mut self, types: Arc<TypeRegistry>) -> Self {
        self.types = Some(types);
        self
    }

    pub(crate) fn registry(&self) -> Option<&TypeRegistry> {
        self.types.as_deref()
    }
}

/// How messages are read.
///
/// ```
/// use rmicro_runtime::json::{self, DecodeOptions};
/// use rmicro_runtime::types::SourceContext;
///
/// # #[cfg(feature = "json")] {
/// let json = br#"{"fileName": "a.proto", "line": 7}"#;
/// let refused = json::from_slice::<SourceContext>(json, &DecodeOptions::default());
/// assert!(refused.unwrap_err().message().starts_with(r#"field "line": unknown field"#));
///
/// let options = DecodeOptions::default().ignore_unknown(true);
/// assert_eq!(json::from_slice::<SourceContext>(json, &options)?.file_name, "a.proto");
/// # }
/// # Ok::<(), rmicro_runtime::Error>(())
/// ```
#[derive(Clone, Debug, Default)]
#[must_use]
#[non_exhaustive]
pub struct DecodeOptions {
    pub(super) ignore_unknown: bool,
    pub(super) types: Option<Arc<TypeRegistry>>,
}

impl DecodeOptions {
    /// Whether to pass over fields and names of enum values that are not known, instead of refusing the message.
    ///
    /// An unknown name leaves its field as it is; in a list or a map the element is left out.
    pub fn ignore_unknown(mut self, ignore: bool) -> Self {
        self.ignore_unknown = ignore;
        self
    }

    /// The types that may be in an `Any`, beside the well-known ones.
    pub fn types(mut self, types: Arc<TypeRegistry>) -> Self {
        self.types = Some(types);
        self
    }

    pub(crate) fn registry(&self) -> Option<&TypeRegistry> {
        self.types.as_deref()
    }
}
