//! What a program chose for a contract: a URL or a value of its own.

use std::fmt;
use std::sync::Arc;

use crate::broker::Broker;
use crate::broker::secrets::without_secrets;
use crate::registry::Registry;
use crate::selector::Selector;
use crate::transport::Transport;

/// A choice for a contract, made from a URL such as `mdns://micro?interface=lo`, from a scheme
/// alone such as `mdns`, from a value, or from an [`Arc`] of one that is shared.
///
/// ```
/// use std::sync::Arc;
/// use rmicro_runtime::{Chosen, registry};
///
/// let by_url: Chosen<dyn registry::Registry> = "memory".into();
/// let by_value: Chosen<dyn registry::Registry> = registry::Memory::new().into();
/// let shared: Arc<dyn registry::Registry> = Arc::new(registry::Memory::new());
/// let by_arc: Chosen<dyn registry::Registry> = shared.into();
/// ```
pub struct Chosen<T: ?Sized>(pub(super) Choice<T>);

/// The two ways to choose.
pub(super) enum Choice<T: ?Sized> {
    Url(String),
    Value(Arc<T>),
}

impl<T: ?Sized> From<String> for Chosen<T> {
    fn from(url: String) -> Self {
        Self(Choice::Url(url))
    }
}

impl<T: ?Sized> From<&str> for Chosen<T> {
    fn from(url: &str) -> Self {
        url.to_owned().into()
    }
}

macro_rules! values {
    ($($contract:ident)*) => {$(
        impl<V: $contract> From<V> for Chosen<dyn $contract> {
            fn from(value: V) -> Self {
                Self(Choice::Value(Arc::new(value)))
            }
        }

        impl From<Arc<dyn $contract>> for Chosen<dyn $contract> {
            fn from(value: Arc<dyn $contract>) -> Self {
                Self(Choice::Value(value))
            }
        }
    )*};
}

values!(Broker Registry Transport Selector);

impl<T: ?Sized + fmt::Debug> fmt::Debug for Chosen<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Choice::Url(url) => f
                .debug_tuple("Chosen")
                .field(&without_secrets(url))
                .finish(),
            Choice::Value(value) => f.debug_tuple("Chosen").field(value).finish(),
        }
    }
}
