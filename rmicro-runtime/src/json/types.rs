//! The types that an `Any` may hold.
//!
//! Invariant: nothing is registered by itself or for the whole process; whoever writes or reads an `Any` says which types.

use std::collections::BTreeMap;

use super::JsonMessage;
use super::any::Entry;

/// Types by their names, for messages that hold an `Any`.
///
/// The well-known types need not be in it.
///
/// ```
/// use std::sync::Arc;
/// use rmicro_runtime::json::{EncodeOptions, TypeRegistry};
/// use rmicro_runtime::types::SourceContext;
///
/// let types = TypeRegistry::new().with::<SourceContext>();
/// let options = EncodeOptions::default().types(Arc::new(types));
/// ```
#[derive(Clone, Debug, Default)]
pub struct TypeRegistry(BTreeMap<&'static str, Entry>);

impl TypeRegistry {
    /// An empty registry.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// The registry with the type `M` in it.
    #[must_use]
    pub fn with<M: JsonMessage>(mut self) -> Self {
        self.add::<M>();
        self
    }

    /// Puts the type `M` in.
    pub fn add<M: JsonMessage>(&mut self) {
        self.0.insert(M::NAME, Entry::of::<M>());
    }

    /// Whether the type with the full name `name` is in it.
    #[must_use]
    pub fn contains(&self, name: &str) -> bool {
        self.0.contains_key(name)
    }

    pub(super) fn get(&self, name: &str) -> Option<Entry> {
        self.0.get(name).copied()
    }
}
