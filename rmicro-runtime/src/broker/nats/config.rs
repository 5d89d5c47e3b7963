//! Where the servers are, and how much may wait for a slow subscriber.
//!
//! Invariant: what identifies the client at the server is in no error, log line or `Debug`.

use std::fmt;

use crate::broker::address::host_port;
use crate::broker::secrets::without_secrets;
use crate::error::{Error, Result};

/// Where the servers are, and how much may wait for a slow subscriber.
///
/// ```
/// use rmicro_runtime::broker::NatsConfig;
///
/// let config = NatsConfig::from_url("nats://ada:secret@a:4222,b:4222?pending_messages=1000")?;
/// assert_eq!(config.servers, ["a:4222", "b:4222"]);
/// assert!(!format!("{config:?}").contains("secret"));
/// # Ok::<(), rmicro_runtime::Error>(())
/// ```
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct NatsConfig {
    /// Each server as `HOST:PORT`; `127.0.0.1:4222` by default. They are tried in any order, and those that they name, too.
    pub servers: Vec<String>,
    /// Whether the connection has to be encrypted, with certificates that the system trusts; not by default.
    pub tls: bool,
    /// How many messages may wait for one subscription; 524,288 by default.
    pub pending_messages: usize,
    /// How many bytes, as they come from the wire, may wait for one subscription; 64 MiB by default.
    pub pending_bytes: usize,
    pub(super) login: Login,
}

/// Who the client says it is.
#[derive(Clone, PartialEq, Eq)]
pub(super) enum Login {
    None,
    Token(String),
    User(String, String),
}

const KNOWN: &str = "known: tls=true, pending_messages=NUMBER, pending_bytes=NUMBER";

impl NatsConfig {
    /// Reads `nats://HOST:PORT`; the port is 4222 where it is left out, further servers follow after commas, and before any of them
    /// may stand `USER:PASSWORD@` or `TOKEN@`, in which `%` escapes. `tls=true`, `pending_messages` and `pending_bytes` follow after a
    /// `?`. Each server may have its own `nats://`, as go-micro's `--broker_address` takes it.
    pub fn from_url(url: &str) -> Result<Self> {
        let rest = match url.strip_prefix("nats") {
            Some("") => "",
            Some(rest) => rest.strip_prefix("://").ok_or_else(|| not_ours(url))?,
            None => return Err(not_ours(url)),
        };
        let options = rest.rfind('?').filter(|at| !rest[*at..].contains('@'));
        let (servers, options) = match options {
            Some(at) => (&rest[..at], &rest[at + 1..]),
            None => (rest, ""),
        };
        let mut config = Self::default();
        config.read_servers(url, servers)?;
        for option in options.split('&').filter(|one| !one.is_empty()) {
            config.read_option(url, option)?;
        }
        Ok(config)
    }

    /// Sets [`servers`](Self::servers).
    #[must_use]
    pub fn servers<S: Into<String>>(mut self, servers: impl IntoIterator<Item = S>) -> Self {
        self.servers = servers.into_iter().map(Into::into).collect();
        self
    }

    /// Sets [`tls`](Self::tls).
    #[must_use]
    pub fn tls(mut self, tls: bool) -> Self {
        self.tls = tls;
        self
    }

    /// Sets [`pending_messages`](Self::pending_messages), at least 1.
    #[must_use]
    pub fn pending_messages(mut self, messages: usize) -> Self {
        self.pending_messages = messages.max(1);
        self
    }

    /// Sets [`pending_bytes`](Self::pending_bytes); one message may always wait.
    #[must_use]
    pub fn pending_bytes(mut self, bytes: usize) -> Self {
        self.pending_bytes = bytes;
        self
    }

    /// The client says this token.
    #[must_use]
    pub fn token(mut self, token: impl Into<String>) -> Self {
        self.login = Login::Token(token.into());
        self
    }

    /// The client says that it is this user.
    #[must_use]
    pub fn user(mut self, name: impl Into<String>, password: impl Into<String>) -> Self {
        self.login = Login::User(name.into(), password.into());
        self
    }

    /// The servers as logs and errors show them.
    pub(super) fn address(&self) -> String {
        self.servers.join(",")
    }

    fn read_servers(&mut self, url: &str, servers: &str) -> Result<()> {
        let servers = servers.trim_end_matches('/');
        let mut read = Vec::new();
        for server in servers.split(',').filter(|one| !one.is_empty()) {
            let server = server.trim().trim_start_matches("nats://");
            let (login, server) = match server.rsplit_once('@') {
                Some((login, server)) => (Login::read(login), server),
                None => (Some(Login::None), server),
            };
            let login = login.ok_or_else(|| refused(url, "a `%` is followed by two digits"))?;
            if login != Login::None {
                if self.login != Login::None && self.login != login {
                    return Err(refused(url, "all servers take the same user"));
                }
                self.login = login;
            }
            read.push(with_port(server).ok_or_else(|| not_ours(url))?);
        }
        if !read.is_empty() {
            self.servers = read;
        }
        Ok(())
    }

    fn read_option(&mut self, url: &str, option: &str) -> Result<()> {
        let unknown = || refused(url, &format!("{option:?} is not known there; {KNOWN}"));
        let (name, value) = option.split_once('=').ok_or_else(unknown)?;
        let number = || {
            let number = value.parse().ok().filter(|number| *number > 0);
            number.ok_or_else(|| refused(url, &format!("{name} is a number, at least 1")))
        };
        match name {
            "tls" => self.tls = value.parse().map_err(|_| unknown())?,
            "pending_messages" => self.pending_messages = number()?,
            "pending_bytes" => self.pending_bytes = number()?,
            _ => return Err(unknown()),
        }
        Ok(())
    }
}

impl Default for NatsConfig {
    /// The server on this host; the bounds are those of Go's client (nats.go `DefaultSubPendingMsgsLimit`).
    fn default() -> Self {
        Self {
            servers: vec!["127.0.0.1:4222".to_owned()],
            tls: false,
            pending_messages: 512 * 1024,
            pending_bytes: 64 << 20,
            login: Login::None,
        }
    }
}

impl fmt::Debug for NatsConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("NatsConfig")
            .field("servers", &self.servers)
            .field("tls", &self.tls)
            .field("pending_messages", &self.pending_messages)
            .field("pending_bytes", &self.pending_bytes)
            .field("login", &(self.login != Login::None))
            .finish()
    }
}

impl Login {
    fn read(text: &str) -> Option<Self> {
        Some(match text.split_once(':') {
            Some((user, password)) => Self::User(unescaped(user)?, unescaped(password)?),
            None if text.is_empty() => Self::None,
            None => Self::Token(unescaped(text)?),
        })
    }
}

/// `server` with the port that NATS has where it names none; `None` where it is no host and port.
fn with_port(server: &str) -> Option<String> {
    let (host, port) = host_port(server.trim_end_matches('/'), Some(4222))?;
    (!host.is_empty()).then(|| format!("{host}:{port}"))
}

/// `text` with its escapes read (RFC 3986, section 2.1); `None` where one is none.
fn unescaped(text: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        bytes.push(match byte {
            b'%' => {
                let digits = [rest.next()?, rest.next()?];
                u8::from_str_radix(std::str::from_utf8(&digits).ok()?, 16).ok()?
            }
            byte => byte,
        });
    }
    String::from_utf8(bytes).ok()
}

fn not_ours(url: &str) -> Error {
    refused(
        url,
        "it is nats://HOST:PORT, and further servers after commas",
    )
}

fn refused(url: &str, why: &str) -> Error {
    let url = without_secrets(url);
    Error::invalid_argument(format!("broker {url:?} cannot be: {why}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(url: &str) -> NatsConfig {
        NatsConfig::from_url(url).unwrap()
    }

    #[test]
    fn a_scheme_alone_is_the_server_on_this_host() {
        for url in [
            "nats",
            "nats://",
            "nats://127.0.0.1:4222",
            "nats://127.0.0.1/",
        ] {
            assert_eq!(read(url), NatsConfig::default(), "{url}");
        }
    }

    #[test]
    fn a_url_names_servers_and_options() {
        let config = read("nats://a:1,b,[::1]:2?pending_messages=3&pending_bytes=4&tls=true");
        let expected = NatsConfig::default().servers(["a:1", "b:4222", "[::1]:2"]);
        let expected = expected.pending_messages(3).pending_bytes(4).tls(true);
        assert_eq!(config, expected);
        assert_eq!(config.address(), "a:1,b:4222,[::1]:2");
    }

    #[test]
    fn go_micros_addresses_may_have_the_scheme_twice() {
        let config = read("nats://nats://a:1,nats://b:2");
        assert_eq!(config.servers, ["a:1", "b:2"]);
    }

    #[test]
    fn who_the_client_is_stands_before_any_server() {
        let user = NatsConfig::default()
            .servers(["a:1"])
            .user("ada", "s@cr/t?");
        assert_eq!(read("nats://ada:s%40cr%2Ft%3f@a:1"), user);
        assert_eq!(read("nats://ada:s@cr/t?@a:1"), user);
        let token = NatsConfig::default().servers(["a:1", "b:2"]).token("t0k");
        assert_eq!(read("nats://a:1,t0k@b:2"), token);
        assert_eq!(read("nats://t0k@a:1,nats://t0k@b:2"), token);
    }

    #[test]
    fn who_the_client_is_is_never_shown() {
        let config = read("nats://ada:s3cret@a:1");
        assert!(!format!("{config:?} {}", config.address()).contains("s3cret"));
        for url in [
            "nats://ada:s3cret@a:1?what=7",
            "nats://ada:s3cret@a:port",
            "nats://ada:s3cret@",
            "nats://ada:s3cret%@a:1",
            "nats://ada:s3cret@a:1,bob:s3cret@b:2",
            "nats:ada:s3cret@a:1",
            "natsx://ada:s3cret@a:1",
        ] {
            let error = NatsConfig::from_url(url).unwrap_err();
            assert!(!format!("{error:?}").contains("s3cret"), "{error:?}");
        }
    }

    #[test]
    fn what_is_no_such_url_is_told_with_what_it_is() {
        let told = |url: &str| NatsConfig::from_url(url).unwrap_err().message().to_owned();
        assert_eq!(
            told("nats://a:b:c"),
            "broker \"nats://a:b:c\" cannot be: it is nats://HOST:PORT, and further servers after commas"
        );
        assert_eq!(
            told("nats://a?queue=7"),
            "broker \"nats://a?queue=7\" cannot be: \"queue=7\" is not known there; known: tls=true, pending_messages=NUMBER, \
             pending_bytes=NUMBER"
        );
        assert_eq!(
            told("nats://a?pending_bytes=0"),
            "broker \"nats://a?pending_bytes=0\" cannot be: pending_bytes is a number, at least 1"
        );
        for url in [
            "nats:",
            "nats://a:99999",
            "nats:// ",
            "nats://a b",
            "nats://a/b",
            "nats://a:1/b",
            "nats://:1",
            "nats://[::1",
        ] {
            let said = told(url);
            assert!(said.contains("it is nats://HOST:PORT"), "{said}");
        }
        for url in ["nats://a?tls=7", "nats://a?tls", "nats://a?=1"] {
            let said = told(url);
            assert!(said.contains("known: tls=true"), "{said}");
        }
    }
}
