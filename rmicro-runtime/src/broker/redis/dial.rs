//! Making a connection: whom it greets, and whether the server is one that will do.

use std::sync::Arc;

use redis::aio::MultiplexedConnection;
use redis::{AsyncConnectionConfig, ErrorKind, ProtocolVersion, RedisConnectionInfo, RedisError};

use super::failure::{Trouble, stranger};
use super::layout::bytes;
use super::link::{Link, PATIENCE, checked, silent};
use super::wire::Wire;
use crate::error::Error;

/// The first version that has XPENDING with IDLE and XTRIM with MINID.
const OLDEST: (u32, u32) = (6, 2);

/// How many commands of all publishers together may wait for a turn in the connection, and how many of those who publish at the same
/// time may be on their way; whoever comes later waits for room.
pub(super) const COMMANDS: usize = 1024;

impl Link {
    /// Makes a connection, and tries it.
    pub(super) async fn dial(&self) -> Result<Arc<Wire>, Trouble> {
        let limit = self.seam.clock.now().after(PATIENCE);
        let dialed = self.seam.clock.until(limit, self.greet()).await;
        let wire = dialed.unwrap_or_else(|| Err(Trouble::Away(silent(PATIENCE))))?;
        self.health.found();
        Ok(wire)
    }

    async fn greet(&self) -> Result<Arc<Wire>, Trouble> {
        let socket = self.seam.net.connect(self.at()).await;
        let socket = socket.map_err(|error| Trouble::Away(error.to_string()))?;
        // Without limits of its own: waiting commands take longer than any, and the clock is the seam's.
        let patient = AsyncConnectionConfig::new()
            .set_response_timeout(None)
            .set_connection_timeout(None)
            .set_pipeline_buffer_size(COMMANDS);
        let greeted = MultiplexedConnection::new_with_config(&self.who(), socket, patient).await;
        let (connection, driver) = greeted.map_err(|error| self.greeting_failed(&error))?;
        tokio::spawn(driver);
        self.check(connection.clone()).await?;
        Ok(Wire::new(connection, self.seam.clock.now()))
    }

    /// Whether the server is ready, and young enough.
    async fn check(&self, mut connection: MultiplexedConnection) -> Result<(), Trouble> {
        let ready = connection.send_packed_command(&redis::cmd("PING")).await;
        let ready = ready.and_then(checked);
        if let Err(error) = ready
            && !is_forbidden(&error)
        {
            return Err(self.greeting_failed(&error));
        }
        let info = connection
            .send_packed_command(redis::cmd("INFO").arg("server"))
            .await;
        let info = info.ok().and_then(bytes).unwrap_or_default();
        match version(&String::from_utf8_lossy(&info)) {
            Some((told, numbers)) if numbers < OLDEST => {
                Err(Trouble::Refused(Error::unimplemented(format!(
                    "redis at {} is version {told}; broker redis needs {}.{} or later",
                    self.at(),
                    OLDEST.0,
                    OLDEST.1
                ))))
            }
            // Where the server does not say it the first command shows it.
            _ => Ok(()),
        }
    }

    fn greeting_failed(&self, error: &RedisError) -> Trouble {
        if error.kind() == ErrorKind::Parse {
            return Trouble::Refused(stranger(self.at()));
        }
        Trouble::of(error, self.at(), "")
    }

    fn who(&self) -> RedisConnectionInfo {
        let mut who = RedisConnectionInfo::default()
            .set_protocol(ProtocolVersion::RESP2)
            .set_lib_name("rmicro", env!("CARGO_PKG_VERSION"))
            .set_db(self.config.database.into());
        if let Some(user) = &self.config.username {
            who = who.set_username(user);
        }
        if let Some(password) = &self.config.password {
            who = who.set_password(password);
        }
        who
    }
}

fn is_forbidden(error: &RedisError) -> bool {
    error.code() == Some("NOPERM")
}

/// The version in the answer to INFO, as text and as numbers.
fn version(info: &str) -> Option<(&str, (u32, u32))> {
    let mut lines = info.lines();
    let told = lines
        .find_map(|line| line.strip_prefix("redis_version:"))?
        .trim();
    let mut numbers = told.split('.').map(|number| number.parse().ok());
    Some((told, (numbers.next()??, numbers.next()??)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_version_is_found_in_what_the_server_says() {
        let info = "# Server\r\nredis_version:7.0.15\r\nredis_mode:standalone\r\n";
        assert_eq!(version(info), Some(("7.0.15", (7, 0))));
        for none in ["", "redis_version:", "redis_version:7", "redis_version:a.b"] {
            assert_eq!(version(none), None, "{none}");
        }
    }
}
