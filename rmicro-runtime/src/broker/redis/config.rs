//! What can be set about [`Redis`](super::Redis), in code or in a URL.
//!
//! Invariant: the password is in no text that this file makes.

use std::fmt;
use std::time::Duration;

use super::url;
use crate::error::{Error, Result};

/// The settings of [`Redis`](super::Redis).
///
/// ```
/// use std::time::Duration;
/// use rmicro_runtime::broker::RedisConfig;
///
/// let config = RedisConfig::from_url("redis://127.0.0.1:6380/2?claim_after=1m")?;
/// assert_eq!((config.database, config.claim_after), (2, Duration::from_secs(60)));
/// # Ok::<(), rmicro_runtime::Error>(())
/// ```
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct RedisConfig {
    /// Where the server is, `HOST:PORT`; `127.0.0.1:6379` by default.
    pub address: String,
    /// The name for the server's access control; its `default` user where there is none.
    pub username: Option<String>,
    /// The password; none by default.
    pub password: Option<String>,
    /// The number of the database, 0 by default.
    pub database: u32,
    /// What stands in front of a topic in the key of its stream, `rmicro:` by default.
    pub prefix: String,
    /// After what time a message comes to another subscription of its queue when its own shows no sign of life, 30 s by default;
    /// at least 100 ms and at most 12 h. A subscription that lives shows it four times within that time.
    pub claim_after: Duration,
    /// How long a message is kept that every queue and subscription is done with, for who starts with the earliest; 1 min by
    /// default.
    pub retain: Duration,
    /// How many messages a topic holds at most, about, delivered or not: what is above is lost, the oldest first, and the log says how
    /// many a queue had not read (from Redis 7 on). They are cut when this broker publishes, as many at a time as the server's
    /// `stream-node-max-entries` says, 100 unless it was told otherwise, so there may be nearly so many more. No limit by default; then
    /// what was not delivered stays, and a queue that nobody empties fills the server.
    pub max_len: Option<u64>,
}

impl RedisConfig {
    /// Reads `redis://[USER[:PASSWORD]@]HOST[:PORT][/DATABASE][?claim_after=30s&retain=1m&max_len=N&prefix=P]`; `redis` alone means
    /// the defaults. USER and PASSWORD are percent-encoded.
    ///
    /// # Errors
    ///
    /// [`InvalidArgument`](crate::Code::InvalidArgument) when it is not such a URL, or has a parameter that is not known; the
    /// message lists those that are, and no message has the password.
    pub fn from_url(text: &str) -> Result<Self> {
        let parts = url::split(text)?;
        let mut config = Self {
            address: parts.address,
            username: parts.username,
            password: parts.password,
            database: parts.database,
            ..Self::default()
        };
        for (name, value) in parts.parameters {
            config.set(&name, &value)?;
        }
        config.checked()
    }

    /// Sets [`address`](Self::address).
    #[must_use]
    pub fn address(mut self, address: impl Into<String>) -> Self {
        self.address = address.into();
        self
    }

    /// Sets [`username`](Self::username) and [`password`](Self::password).
    #[must_use]
    pub fn credentials(mut self, user: impl Into<String>, password: impl Into<String>) -> Self {
        self.username = Some(user.into()).filter(|user| !user.is_empty());
        self.password = Some(password.into());
        self
    }

    /// Sets [`prefix`](Self::prefix).
    #[must_use]
    pub fn prefix(mut self, prefix: impl Into<String>) -> Self {
        self.prefix = prefix.into();
        self
    }

    /// Sets [`claim_after`](Self::claim_after).
    #[must_use]
    pub fn claim_after(mut self, time: Duration) -> Self {
        self.claim_after = time;
        self
    }

    /// Sets [`retain`](Self::retain).
    #[must_use]
    pub fn retain(mut self, time: Duration) -> Self {
        self.retain = time;
        self
    }

    /// Sets [`max_len`](Self::max_len).
    #[must_use]
    pub fn max_len(mut self, messages: u64) -> Self {
        self.max_len = Some(messages);
        self
    }

    /// The settings, if they can be met.
    pub(super) fn checked(self) -> Result<Self> {
        const SHORTEST: Duration = Duration::from_millis(100);
        const LONGEST: Duration = Duration::from_secs(12 * 3600);
        if !(SHORTEST..=LONGEST).contains(&self.claim_after) {
            return Err(wrong("claim_after", "a time from 100ms to 12h"));
        }
        if self.max_len == Some(0) {
            return Err(wrong("max_len", "a number of messages above 0"));
        }
        Ok(self)
    }

    fn set(&mut self, name: &str, value: &str) -> Result<()> {
        let time = || url::duration(value).ok_or_else(|| wrong(name, "a time such as 30s or 5m"));
        match name {
            "claim_after" => self.claim_after = time()?,
            "retain" => self.retain = time()?,
            "max_len" => {
                let number = value.parse();
                let number = number.map_err(|_| wrong(name, "a number of messages above 0"))?;
                self.max_len = Some(number);
            }
            "prefix" => self.prefix = value.to_owned(),
            _ => {
                return Err(Error::invalid_argument(format!(
                    "broker redis does not know the parameter {name:?}; known: claim_after=30s, retain=1m, max_len=N, prefix=P"
                )));
            }
        }
        Ok(())
    }
}

impl Default for RedisConfig {
    fn default() -> Self {
        Self {
            address: "127.0.0.1:6379".to_owned(),
            username: None,
            password: None,
            database: 0,
            prefix: "rmicro:".to_owned(),
            claim_after: Duration::from_secs(30),
            retain: Duration::from_secs(60),
            max_len: None,
        }
    }
}

impl fmt::Debug for RedisConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let hidden = |secret: &Option<String>| secret.as_ref().map(|_| "hidden");
        f.debug_struct("RedisConfig")
            .field("address", &self.address)
            .field("username", &hidden(&self.username))
            .field("password", &hidden(&self.password))
            .field("database", &self.database)
            .field("prefix", &self.prefix)
            .field("claim_after", &self.claim_after)
            .field("retain", &self.retain)
            .field("max_len", &self.max_len)
            .finish()
    }
}

fn wrong(name: &str, expected: &str) -> Error {
    Error::invalid_argument(format!("broker redis: {name} is to be {expected}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(url: &str) -> String {
        RedisConfig::from_url(url).unwrap_err().message().to_owned()
    }

    #[test]
    fn a_url_says_all() {
        let url =
            "redis://ann:p%40ss@[::1]:6380/3?claim_after=1500ms&retain=2h&max_len=9&prefix=x.";
        let config = RedisConfig::from_url(url).unwrap();
        let mut expected = RedisConfig::default()
            .address("[::1]:6380")
            .credentials("ann", "p@ss");
        expected.database = 3;
        let expected = expected
            .prefix("x.")
            .max_len(9)
            .retain(Duration::from_secs(7200));
        assert_eq!(config, expected.claim_after(Duration::from_millis(1500)));
    }

    #[test]
    fn what_a_url_does_not_say_is_as_by_default() {
        for url in [
            "redis",
            "redis://",
            "redis://127.0.0.1",
            "redis://127.0.0.1:6379/",
        ] {
            assert_eq!(
                RedisConfig::from_url(url).unwrap(),
                RedisConfig::default(),
                "{url}"
            );
        }
        let config = RedisConfig::from_url("redis://:secret@cache").unwrap();
        assert_eq!(config.address, "cache:6379");
        assert_eq!(
            (config.username, config.password),
            (None, Some("secret".to_owned()))
        );
    }

    #[test]
    fn what_is_wrong_is_told_without_the_password() {
        for (url, part) in [
            ("redis://a:secret@h:1?claim=3s", "known: claim_after=30s"),
            (
                "redis://a:secret@h:1?claim_after=3",
                "claim_after is to be a time",
            ),
            ("redis://a:secret@h:1?claim_after=13h", "from 100ms to 12h"),
            ("redis://a:secret@h:1?max_len=0", "above 0"),
            ("redis://a:secret@h:1/x", "the database is to be a number"),
            ("redis://a:secret@h:x", "is written redis://"),
            ("redis://a:secret@h:1,b:2", "is written redis://"),
            ("redis://a:secret@h#x", "is written redis://"),
            ("redis://a:secret@:1", "is written redis://"),
            ("redis://a:secret@[::1", "is written redis://"),
            ("redis:a:secret@h", "is written redis://"),
            ("redis://a:secret@h/1/2", "the database is to be a number"),
            ("redis://a:%zz@h:1", "percent-encoded"),
            ("rediss://a:secret@h:1", "is written redis://"),
        ] {
            let said = said(url);
            assert!(said.contains(part), "{url}: {said}");
            assert!(!said.contains("secret"), "{said}");
        }
    }

    #[test]
    fn the_password_is_not_in_debug() {
        let config = RedisConfig::default().credentials("ann", "secret");
        let told = format!("{config:?}");
        assert!(!told.contains("secret") && !told.contains("ann"), "{told}");
    }
}
