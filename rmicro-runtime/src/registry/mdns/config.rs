//! What can be set about [`Mdns`](super::Mdns), in code or in a URL.

use std::time::Duration;

use crate::error::{Error, Result};

/// The settings of [`Mdns`](super::Mdns): go-micro's, where go-micro has them.
///
/// ```
/// use std::time::Duration;
/// use rmicro_runtime::registry::MdnsConfig;
///
/// let config = MdnsConfig::default().interface("lo").lookup(Duration::from_millis(50));
/// assert_eq!(config.domain, "micro");
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct MdnsConfig {
    /// The domain under which services are named, `micro` by default; nodes of different domains do
    /// not see each other.
    pub domain: String,
    /// The name of the one interface to use; by default every one that is up and has an IPv4
    /// address, loopback included.
    pub interface: Option<String>,
    /// How long a lookup waits for answers at most, 100 ms by default.
    pub lookup: Duration,
}

impl MdnsConfig {
    /// Reads `mdns://DOMAIN?interface=NAME`; `mdns://` and `mdns` mean the defaults.
    ///
    /// # Errors
    ///
    /// [`InvalidArgument`](crate::Code::InvalidArgument) when it is not such a URL, or has a
    /// parameter that is not known; the message lists those that are.
    pub fn from_url(url: &str) -> Result<Self> {
        let rest = match url.strip_prefix("mdns") {
            Some("") => "",
            Some(rest) => rest.strip_prefix("://").ok_or_else(|| not_ours(url))?,
            None => return Err(not_ours(url)),
        };
        let (domain, parameters) = rest.split_once('?').unwrap_or((rest, ""));
        let domain = domain.trim_matches(['/', '.']);
        if domain.contains(['/', ':', '@']) {
            return Err(not_ours(url));
        }
        let mut config = Self::default();
        if !domain.is_empty() {
            config.domain = domain.to_owned();
        }
        for parameter in parameters.split('&').filter(|one| !one.is_empty()) {
            match parameter.split_once('=') {
                Some(("interface", name)) if !name.is_empty() => {
                    config.interface = Some(name.to_owned());
                }
                _ => return Err(unknown_parameter(url, parameter)),
            }
        }
        Ok(config)
    }

    /// Sets [`domain`](Self::domain).
    #[must_use]
    pub fn domain(mut self, domain: impl Into<String>) -> Self {
        self.domain = domain.into();
        self
    }

    /// Sets [`interface`](Self::interface).
    #[must_use]
    pub fn interface(mut self, name: impl Into<String>) -> Self {
        self.interface = Some(name.into());
        self
    }

    /// Sets [`lookup`](Self::lookup).
    #[must_use]
    pub fn lookup(mut self, window: Duration) -> Self {
        self.lookup = window;
        self
    }
}

impl Default for MdnsConfig {
    fn default() -> Self {
        Self {
            domain: "micro".to_owned(),
            interface: None,
            lookup: Duration::from_millis(100),
        }
    }
}

fn not_ours(url: &str) -> Error {
    Error::invalid_argument(format!(
        "{url:?} is not an mdns registry; it is written mdns://DOMAIN?interface=NAME, both optional"
    ))
}

fn unknown_parameter(url: &str, parameter: &str) -> Error {
    Error::invalid_argument(format!(
        "the mdns registry does not know {parameter:?} in {url:?}; known: interface=NAME"
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn without_a_domain_it_is_the_default() {
        for url in ["mdns", "mdns://", "mdns:///", "mdns://?"] {
            assert_eq!(MdnsConfig::from_url(url).unwrap(), MdnsConfig::default());
        }
    }

    #[test]
    fn a_url_names_domain_and_interface() {
        let config = MdnsConfig::from_url("mdns://test.local?interface=lo").unwrap();
        let expected = MdnsConfig::default().domain("test.local").interface("lo");
        assert_eq!(config, expected);
    }

    #[test]
    fn an_unknown_parameter_is_told_with_the_known_ones() {
        for url in [
            "mdns://micro?iface=lo",
            "mdns://?interface=",
            "mdns://?interface",
        ] {
            let error = MdnsConfig::from_url(url).unwrap_err();
            assert!(error.message().contains("known: interface=NAME"), "{error}");
        }
    }

    #[test]
    fn another_scheme_or_a_port_is_refused() {
        for url in [
            "mdnsx",
            "consul://x",
            "mdns:",
            "mdns://micro:80",
            "mdns://a/b",
        ] {
            assert!(MdnsConfig::from_url(url).is_err(), "{url}");
        }
    }
}
