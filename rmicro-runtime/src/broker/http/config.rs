//! What can be set about [`Http`](super::Http), in code or in a URL.

use std::time::Duration;

use crate::broker::address::host_port;
use crate::broker::secrets::without_secrets;
use crate::error::{Error, Result};

/// Where go-micro listens (`broker/http.go`, `DefaultAddress`).
const ADDRESS: &str = "127.0.0.1:0";

/// The settings of [`Http`](super::Http): go-micro's, where go-micro has them.
///
/// ```
/// use rmicro_runtime::broker::HttpConfig;
///
/// let config = HttpConfig::from_url("http://0.0.0.0:9000")?.max_message_size(1024 * 1024);
/// assert_eq!(config.address.as_deref(), Some("0.0.0.0:9000"));
/// # Ok::<(), rmicro_runtime::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct HttpConfig {
    /// Where to listen for messages, as `host:port` or `:port`; 127.0.0.1 and any port where it is not said, so that publishers on
    /// other machines cannot deliver.
    pub address: Option<String>,
    /// The longest body of a message that is sent or taken, in bytes; 4 MiB.
    pub max_message_size: usize,
    /// The longest head of a request that is taken, in bytes; 16 KiB.
    pub max_header_size: usize,
    /// How many connections of publishers are open at a time; 1,024. When there are so many, the one without a request for longest
    /// is closed for the next, and where all are in use that one waits.
    pub max_connections: usize,
    /// How many bytes of messages may wait for each subscription, behind what is in flight; 16 MiB. A message counts as 1 KiB at
    /// least, and one is always taken. Publishers of what has no room wait.
    pub backlog: usize,
    /// How long a publisher that has connected may take for the head of its first request; 10 s.
    pub handshake_timeout: Duration,
    /// How long a publisher may take to send the body of a request; 10 s.
    pub receive_timeout: Duration,
    /// How long a connection without a request is kept for its publisher; 5 min.
    pub idle_timeout: Duration,
    /// How long connecting to a subscriber may take; 5 s.
    pub dial_timeout: Duration,
    /// How long one delivery may take in all; 10 s. A subscriber that has no room for so long has not got the message.
    pub delivery_timeout: Duration,
    /// How many connections there are to one subscriber at most; 64.
    pub max_connections_out: usize,
    /// How long the registration of a subscription holds when it is not renewed; 60 s.
    pub register_ttl: Duration,
    /// How often it is renewed; 30 s.
    pub register_interval: Duration,
    /// Where to listen, if that is possible, where `address` is not said.
    near: Option<String>,
}

macro_rules! setters {
    ($($name:ident: $type:ty;)*) => {$(
        #[doc = concat!("Sets [`", stringify!($name), "`](Self::", stringify!($name), ").")]
        #[must_use]
        pub fn $name(self, $name: $type) -> Self {
            Self { $name, ..self }
        }
    )*};
}

impl HttpConfig {
    /// Reads `http://HOST:PORT`, which says where to listen; `http://` and `http` mean the defaults.
    ///
    /// # Errors
    ///
    /// [`InvalidArgument`](crate::Code::InvalidArgument) when it is not such a URL.
    pub fn from_url(url: &str) -> Result<Self> {
        let rest = match url.strip_prefix("http") {
            Some("") => "",
            Some(rest) => rest.strip_prefix("://").ok_or_else(|| not_ours(url))?,
            None => return Err(not_ours(url)),
        };
        let address = rest.strip_suffix('/').unwrap_or(rest);
        if address.is_empty() {
            return Ok(Self::default());
        }
        host_port(address, None).ok_or_else(|| not_ours(url))?;
        Ok(Self::default().address(address))
    }

    /// Sets [`address`](Self::address).
    #[must_use]
    pub fn address(mut self, address: impl Into<String>) -> Self {
        self.address = Some(address.into());
        self
    }

    setters! {
        max_message_size: usize;
        max_header_size: usize;
        max_connections: usize;
        max_connections_out: usize;
        backlog: usize;
        handshake_timeout: Duration;
        receive_timeout: Duration;
        idle_timeout: Duration;
        dial_timeout: Duration;
        delivery_timeout: Duration;
        register_ttl: Duration;
        register_interval: Duration;
    }

    /// Listens at the address that `find` gives, if that is possible, where [`address`](Self::address) is not said.
    #[must_use]
    pub(crate) fn near(mut self, find: impl FnOnce() -> Option<String>) -> Self {
        if self.address.is_none() {
            self.near = find();
        }
        self
    }

    /// Where to listen: the first of these that can be listened on.
    pub(super) fn listens(&self) -> impl Iterator<Item = &str> {
        let said = self.address.as_deref();
        let usual = [self.near.as_deref(), Some(ADDRESS)];
        let usual = usual.into_iter().flatten();
        said.into_iter()
            .chain(usual.filter(move |_| said.is_none()))
    }

    /// The longest body of a request: a message in base64, and room for its header and the names around them.
    pub(super) fn max_body(&self) -> usize {
        const REST: usize = 64 * 1024;
        let encoded = self.max_message_size.div_ceil(3).saturating_mul(4);
        encoded.saturating_add(REST)
    }
}

impl Default for HttpConfig {
    fn default() -> Self {
        const SECOND: Duration = Duration::from_secs(1);
        Self {
            address: None,
            max_message_size: 4 << 20,
            max_header_size: 16 << 10,
            max_connections: 1024,
            backlog: 16 << 20,
            handshake_timeout: 10 * SECOND,
            receive_timeout: 10 * SECOND,
            idle_timeout: 300 * SECOND,
            dial_timeout: 5 * SECOND,
            delivery_timeout: 10 * SECOND,
            max_connections_out: 64,
            register_ttl: 60 * SECOND,
            register_interval: 30 * SECOND,
            near: None,
        }
    }
}

fn not_ours(url: &str) -> Error {
    let url = without_secrets(url);
    Error::invalid_argument(format!(
        "broker {url:?} cannot be: it is http or http://HOST:PORT, which is where this process listens, with nothing behind it"
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_url_says_where_to_listen() {
        for (url, address) in [
            ("http", "127.0.0.1:0"),
            ("http://", "127.0.0.1:0"),
            ("http://:0", ":0"),
            ("http://[::1]:80/", "[::1]:80"),
            ("http://example.com:8080", "example.com:8080"),
        ] {
            let config = HttpConfig::from_url(url).unwrap();
            assert_eq!(config.listens().collect::<Vec<_>>(), [address]);
        }
    }

    #[test]
    fn an_address_that_is_said_is_the_only_one() {
        let near = || Some("10.0.0.1:0".to_owned());
        let config = HttpConfig::default().near(near);
        assert_eq!(
            config.listens().collect::<Vec<_>>(),
            ["10.0.0.1:0", "127.0.0.1:0"]
        );
        let config = HttpConfig::default().address("a:1").near(near);
        assert_eq!(config.listens().collect::<Vec<_>>(), ["a:1"]);
    }

    #[test]
    fn what_is_no_such_url_says_how_one_is_written() {
        for url in [
            "https://a:1",
            "http:",
            "http://a",
            "http://a:b",
            "http://a b:1",
            "http://::1:1",
            "http://a:1/x",
            "http://a:1?b=c",
            "http://a/x?unknown=1",
            "http://a:1,b:2",
            "http://ada:s3cret@a:1",
        ] {
            let error = HttpConfig::from_url(url).unwrap_err();
            let said = error.message();
            assert!(said.contains("it is http or http://HOST:PORT"), "{url}");
            assert!(!said.contains("s3cret"), "{said}");
        }
    }
}
